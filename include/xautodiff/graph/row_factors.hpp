// SPDX-License-Identifier: BSD-3-Clause
// Sums over rows, as the gradient of what is broadcast over them: factors that all rows have in common are multiplied with
// the sum, once, in place of each of its terms.
#pragma once

#include <xautodiff/graph/loop_kind.hpp>
#include <xautodiff/graph/rewrite.hpp>

namespace xautodiff::graph
{
    namespace detail
    {
        /// A product, parted into what varies from row to row and what does not; either may be none.
        struct parted
        {
            symbol varying, common;
            bool is_wider = false;  ///< what is common may have a larger shape than the sum
        };

        class row_factors
        {
        public:
            constexpr row_factors(const builder& g, const std::vector<symbol>& outputs)
                : m_sums(std::size_t(g.size()), false), m_products(std::size_t(g.size()), false)
            {
                const std::vector<loop_kind> kinds = own_kinds_of(g);
                // What is read by nothing but such sums, and by their products, is not missed.
                flags read_otherwise(std::size_t(g.size()), false), live(std::size_t(g.size()), false);
                for (const symbol& o : outputs)
                {
                    read_otherwise[std::size_t(o.index)] = live[std::size_t(o.index)] = true;
                }
                for (int i = g.size() - 1; i >= 0; --i)
                {
                    const step& s = g[i];
                    const std::size_t at = std::size_t(i);
                    if (s.op == nullptr || !live[at])
                    {
                        continue;
                    }
                    m_sums[at] = is<op::sum_to>(s.op) && is_smaller(kinds[at], kinds[std::size_t(s.operand[0])]);
                    m_products[at] = (is<op::multiply>(s.op) || is<op::negate>(s.op)) && !read_otherwise[at];
                    for (int k = 0; k < s.arity(); ++k)
                    {
                        const std::size_t x = std::size_t(s.operand[std::size_t(k)]);
                        live[x] = true;
                        read_otherwise[x] =
                            read_otherwise[x] || !(m_sums[at] || m_products[at] || s.reads_shape_only(k));
                    }
                }
            }

            constexpr bool is_sum(int i) const { return m_sums[std::size_t(i)]; }

            constexpr symbol sum(const rewriting& r, int i) const
            {
                const std::array<int, max_operands>& of = r.before[i].operand;
                const parted p = part(r, i, of[0]);
                const symbol target = r.at(of[1]);
                if (!p.varying || !p.common)
                {
                    return r.now.sum_to(r.at(of[0]), target);
                }
                if (p.is_wider)
                {
                    // Of the product only the shape is read.
                    return r.now.sum_to(r.now.sum_to(p.varying, p.common * target) * p.common, target);
                }
                return r.now.sum_to(p.varying, target) * p.common;
            }

        private:
            flags m_sums;
            flags m_products;  ///< that nothing but such sums needs

            static constexpr symbol product(symbol a, symbol b)
            {
                if (a && b)
                {
                    return a * b;
                }
                return a ? a : b;
            }

            constexpr parted part(const rewriting& r, int sum, int i) const
            {
                const step& s = r.before[i];
                const int rank = r.before[sum].shape.rank;
                const bool fits = s.shape.is_scalar() || r.before.absorbs(sum, i);
                const bool is_known = s.shape.rank != array::unknown && rank != array::unknown;
                if (fits || (is_known && s.shape.rank <= rank && rank < r.before[r.before[sum].operand[0]].shape.rank))
                {
                    return {{}, r.at(i), !fits};
                }
                if (!m_products[std::size_t(i)])
                {
                    return {r.at(i), {}};
                }
                const parted x = part(r, sum, s.operand[0]);
                if (is<op::negate>(s.op))
                {
                    return {x.varying, x.common ? -x.common : r.now.literal(-1), x.is_wider};
                }
                const parted y = part(r, sum, s.operand[1]);
                return {product(x.varying, y.varying), product(x.common, y.common), x.is_wider || y.is_wider};
            }
        };
    }

    constexpr void take_out_row_factors(builder& g, std::vector<symbol>& outputs)
    {
        const detail::row_factors factors(g, outputs);
        rewrite(
            g, outputs, [&](const builder&, int i) { return factors.is_sum(i); },
            [&](const rewriting& r, int i) { return factors.sum(r, i); });
    }
}
