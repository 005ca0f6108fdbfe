// SPDX-License-Identifier: BSD-3-Clause
// An array multiplied by a power of two and by a number, as the derivative of a square is: by their product, a number, at
// once. The same bits, as doubling is exact; only what would overflow when doubled first does so no longer.
#pragma once

#include <xautodiff/graph/rewrite.hpp>

#include <bit>
#include <cstdint>

namespace xautodiff::graph
{
    namespace detail
    {
        constexpr bool is_power_of_two(double x)
        {
            constexpr std::uint64_t fraction = (std::uint64_t(1) << 52) - 1;
            return x >= 1 && x <= 0x1p52 && (std::bit_cast<std::uint64_t>(x) & fraction) == 0;
        }

        class powers_of_two
        {
        public:
            constexpr powers_of_two(const builder& g, const std::vector<symbol>& outputs)
                : m_readers(std::size_t(g.size()), 0),
                  m_number(std::size_t(g.size()), -1),
                  m_is_number(std::size_t(g.size()), false)
            {
                // Mostly there are none, and compilers have no more to do.
                bool any_power = false;
                for (int i = 0; !any_power && i < g.size(); ++i)
                {
                    any_power = power_in(g, i) != -1;
                }
                if (!any_power)
                {
                    return;
                }
                for (const symbol& o : outputs)
                {
                    ++m_readers[std::size_t(o.index)];
                }
                for (int i = g.size() - 1; i >= 0; --i)
                {
                    for (int k = 0; m_readers[std::size_t(i)] != 0 && k < g[i].arity(); ++k)
                    {
                        ++m_readers[std::size_t(g[i].operand[std::size_t(k)])];
                    }
                }
                for (int i = 0; i < g.size(); ++i)
                {
                    const auto is_operand_one = [&](int k)
                    { return bool(m_is_number[std::size_t(g[i].operand[std::size_t(k)])]); };
                    m_is_number[std::size_t(i)] =
                        g[i].shape.is_scalar()
                        || (g[i].op != nullptr && is<op::broadcast_like>(g[i].op) && is_operand_one(0))
                        || (is_product(g, i) && is_operand_one(0) && is_operand_one(1));
                    for (int k = 0; is_product(g, i) && k < 2; ++k)
                    {
                        const int number = g[i].operand[std::size_t(k)], array = g[i].operand[std::size_t(1 - k)];
                        if (m_is_number[std::size_t(number)] && m_readers[std::size_t(array)] == 1
                            && power_in(g, array) != -1)
                        {
                            m_number[std::size_t(i)] = k;
                        }
                    }
                }
            }

            constexpr bool applies(int i) const { return m_number[std::size_t(i)] != -1; }

            constexpr symbol product(const rewriting& r, int i) const
            {
                const int k = m_number[std::size_t(i)], array = r.before[i].operand[std::size_t(1 - k)];
                const std::size_t power = std::size_t(power_in(r.before, array));
                const symbol number = r.at(r.before[array].operand[power]) * r.at(r.before[i].operand[std::size_t(k)]);
                return number * r.at(r.before[array].operand[1 - power]);
            }

        private:
            std::vector<int> m_readers;  ///< how many steps and outputs read each step
            std::vector<int> m_number;  ///< which operand of a product is the number that takes the power; -1 elsewhere
            flags m_is_number;          ///< all elements are one number: what is done to it is done once

            static constexpr bool is_product(const builder& g, int i)
            {
                return g[i].op != nullptr && is<op::multiply>(g[i].op);
            }

            /// Which operand of an array's product is a power of two; -1 where none is.
            static constexpr int power_in(const builder& g, int i)
            {
                for (int k = 0; is_product(g, i) && !g[i].shape.is_scalar() && k < 2; ++k)
                {
                    const step& s = g[g[i].operand[std::size_t(k)]];
                    if (s.kind == step_kind::literal && is_power_of_two(s.value))
                    {
                        return k;
                    }
                }
                return -1;
            }
        };
    }

    constexpr void take_out_powers_of_two(builder& g, std::vector<symbol>& outputs)
    {
        const detail::powers_of_two powers(g, outputs);
        rewrite(
            g, outputs, [&](const builder&, int i) { return powers.applies(i); },
            [&](const rewriting& r, int i) { return powers.product(r, i); });
    }
}
