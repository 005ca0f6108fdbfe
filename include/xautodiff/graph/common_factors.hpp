// SPDX-License-Identifier: BSD-3-Clause
// Sums of adjoints whose terms are multiplied by the same number, as by 1/n on each way that a mean's gradient takes: the sum
// is multiplied by it, once. s*a*x + s*b becomes s*(a*x + b). What a user has written as a sum stays as it is.
#pragma once

#include <xautodiff/graph/numbers.hpp>
#include <xautodiff/graph/rewrite.hpp>

#include <algorithm>

namespace xautodiff::graph
{
    namespace detail
    {
        class common_factors
        {
        public:
            constexpr common_factors(const builder& g, const std::vector<symbol>& outputs)
            {
                // As a rule no number is there twice, and compilers have no more to do.
                if (g.first_adjoint == -1 || !find_candidates(g))
                {
                    return;
                }
                const std::size_t size = std::size_t(g.size());
                m_readers = readers_of(g, outputs);
                m_factors.resize(size);
                m_is_sum = m_gives_core = flags(size, false);
                m_power = std::vector<double>(size, 1);
                for (int i = 0; i < g.size(); ++i)
                {
                    m_factors[std::size_t(i)] = m_readers[std::size_t(i)] != 0 ? factors_of(g, i) : factors();
                    m_is_sum[std::size_t(i)] = is_sum(g, i) && m_factors[std::size_t(i)].numbers != 0;
                }
                for (int i = g.size() - 1; i >= 0; --i)
                {
                    for (int k = 0; applies(i) && k < g[i].arity(); ++k)
                    {
                        const int x = g[i].operand[std::size_t(k)];
                        m_gives_core[std::size_t(x)] = passes_on(g, i, k) && has_core(g, x);
                    }
                }
            }

            /// Whether a step is written anew: such a sum, or a part of one.
            constexpr bool applies(int i) const
            {
                return !m_is_sum.empty() && (m_is_sum[std::size_t(i)] || m_gives_core[std::size_t(i)]);
            }

            /// Step i, without its factors where only its core is asked for.
            constexpr symbol rewritten(const rewriting& r, int i)
            {
                const step& s = r.before[i];
                const int x = s.operand[0], y = s.operand[1];
                double& power = m_power[std::size_t(i)];
                power = m_power[std::size_t(x)];
                if (is<op::negate>(s.op))
                {
                    return -r.at(x);
                }
                if (is<op::divide>(s.op))
                {
                    return r.at(x) / r.at(y);
                }
                if (is<op::multiply>(s.op))
                {
                    power *= m_power[std::size_t(y)];
                    const int k = number_in(r.before, i);
                    if (k == -1)
                    {
                        return r.at(x) * r.at(y);
                    }
                    power *= parts_of(r.before, s.operand[std::size_t(k)]).power;
                    return r.at(s.operand[std::size_t(1 - k)]);
                }
                const factors& common = m_factors[std::size_t(i)];
                const term left = term_of(r, x, common), right = term_of(r, y, common);
                const double shared = std::min(left.power, right.power);
                const symbol a = times(r, left.power / shared, {}, left.core);
                const symbol b = times(r, right.power / shared, {}, right.core);
                const symbol sum = is<op::add>(s.op) ? a + b : a - b;
                // One that others read too is whole.
                power = m_gives_core[std::size_t(i)] ? shared : 1;
                return m_gives_core[std::size_t(i)] ? sum : times(r, shared, common, sum);
            }

        private:
            /// What an array is the product of, beside its core.
            struct factors
            {
                unsigned numbers = 0;  ///< which candidates, as bits
                int like = -1;         ///< a step whose shape they bring along; -1 where they bring none
                bool is_known = true;  ///< otherwise a number is there twice, or there are two such shapes
            };

            /// A number: base times a power of two, spread to the shape of `like` where that is not -1.
            struct number_parts
            {
                int base;  ///< -1: nothing but the power
                double power = 1;
                int like = -1;
            };

            struct term
            {
                double power;
                symbol core;
            };

            static constexpr std::size_t most = 16;
            std::vector<int> m_candidates;  ///< numbers by which adjoints are multiplied more than once
            std::vector<int> m_readers;
            flags m_is_number;
            std::vector<factors> m_factors;
            flags m_is_sum;               ///< whose terms have a factor in common
            flags m_gives_core;           ///< read by such a sum, or by a part of it: the factors are left to that
            std::vector<double> m_power;  ///< of two: by it a core is to be multiplied too

            static constexpr bool is_sum(const builder& g, int i)
            {
                return i >= g.first_adjoint && g[i].op != nullptr
                       && (is<op::add>(g[i].op) || is<op::subtract>(g[i].op));
            }

            static constexpr number_parts parts_of(const builder& g, int number)
            {
                number_parts p{number};
                for (;;)
                {
                    const step& s = g[p.base];
                    const int power = power_in(g, p.base);
                    if (power != -1)
                    {
                        p.power *= g[s.operand[std::size_t(power)]].value;
                        p.base = s.operand[std::size_t(1 - power)];
                    }
                    else if (s.op != nullptr && is<op::broadcast_like>(s.op))
                    {
                        p.like = p.like == -1 ? s.operand[1] : p.like;
                        p.base = s.operand[0];
                    }
                    else
                    {
                        break;
                    }
                }
                if (is_power_of_two(g, p.base))
                {
                    return p.like == -1 ? number_parts{-1, p.power * g[p.base].value} : number_parts{number};
                }
                return p;
            }

            constexpr bool find_candidates(const builder& g)
            {
                bool any_sum = false;
                for (int i = g.first_adjoint; i < g.size(); ++i)
                {
                    any_sum = any_sum || (is_sum(g, i) && !g[i].shape.is_scalar());
                }
                if (!any_sum)
                {
                    return false;
                }
                m_is_number = numbers_of(g);
                std::vector<int> seen;
                for (int i = g.first_adjoint; i < g.size(); ++i)
                {
                    for (int k = 0; is_product(g, i) && !m_is_number[std::size_t(i)] && k < 2; ++k)
                    {
                        const int x = g[i].operand[std::size_t(k)];
                        const int base = m_is_number[std::size_t(x)] ? parts_of(g, x).base : -1;
                        if (base == -1 || bit_of(base) != 0)
                        {
                            continue;
                        }
                        const bool is_second = std::find(seen.begin(), seen.end(), base) != seen.end();
                        is_second&& m_candidates.size() < most ? m_candidates.push_back(base) : seen.push_back(base);
                    }
                }
                return !m_candidates.empty();
            }

            constexpr unsigned bit_of(int number) const
            {
                const auto found = std::find(m_candidates.begin(), m_candidates.end(), number);
                return found == m_candidates.end() ? 0 : 1u << unsigned(found - m_candidates.begin());
            }

            /// Which operand of an array's product is a candidate, or a power of two; -1 where none is.
            constexpr int number_in(const builder& g, int i) const
            {
                for (int k = 0; is_product(g, i) && !m_is_number[std::size_t(i)] && k < 2; ++k)
                {
                    const int x = g[i].operand[std::size_t(k)];
                    if (m_is_number[std::size_t(x)])
                    {
                        const int base = parts_of(g, x).base;
                        return base == -1 || bit_of(base) != 0 ? k : -1;
                    }
                }
                return -1;
            }

            /// Whether the factors of operand k are factors of the result.
            static constexpr bool passes_on(const builder& g, int i, int k)
            {
                const operation* op = g[i].op;
                return op != nullptr
                       && (is_sum(g, i) || is_product(g, i) || is<op::negate>(op) || (is<op::divide>(op) && k == 0));
            }

            /// Whether a step can leave its factors to the one that reads it.
            constexpr bool has_core(const builder& g, int i) const
            {
                const std::size_t at = std::size_t(i);
                return !m_is_number[at] && m_readers[at] == 1 && m_factors[at].is_known && passes_on(g, i, 0);
            }

            static constexpr factors all_of(const factors& a, const factors& b)
            {
                const bool is_known = a.is_known && b.is_known && (a.numbers & b.numbers) == 0
                                      && (a.like == -1 || b.like == -1 || a.like == b.like);
                return is_known ? factors{a.numbers | b.numbers, std::max(a.like, b.like)} : factors{0, -1, false};
            }

            /// The shape that a term's common factors bring along. What else it is multiplied by keeps it to itself.
            static constexpr int shape_left(const factors& f, unsigned common)
            {
                return (f.numbers & ~common) != 0 ? -1 : f.like;
            }

            constexpr factors factors_of(const builder& g, int i) const
            {
                const auto given_by = [&](int k)
                {
                    const int x = g[i].operand[std::size_t(k)];
                    return has_core(g, x) ? m_factors[std::size_t(x)] : factors();
                };
                if (m_is_number[std::size_t(i)] || !passes_on(g, i, 0))
                {
                    return {};
                }
                if (is_sum(g, i))
                {
                    const factors a = given_by(0), b = given_by(1);
                    const unsigned common = a.numbers & b.numbers;
                    const int left = shape_left(a, common), right = shape_left(b, common);
                    const bool is_one = left == -1 || right == -1 || left == right;
                    return is_one ? factors{common, common != 0 ? std::max(left, right) : -1} : factors();
                }
                if (const int k = number_in(g, i); k != -1)
                {
                    const number_parts number = parts_of(g, g[i].operand[std::size_t(k)]);
                    return all_of(given_by(1 - k), {number.base == -1 ? 0 : bit_of(number.base), number.like});
                }
                return is_product(g, i) ? all_of(given_by(0), given_by(1)) : given_by(0);
            }

            /// power * numbers * core, the numbers first.
            constexpr symbol times(const rewriting& r, double power, const factors& f, symbol core) const
            {
                symbol number = r.now.literal(power);
                for (std::size_t k = 0; k < m_candidates.size(); ++k)
                {
                    number = (f.numbers >> k & 1u) != 0 ? number * r.at(m_candidates[k]) : number;
                }
                return (f.like == -1 ? number : r.now.broadcast(number, r.at(f.like))) * core;
            }

            /// Operand x of a sum without the factors that its terms have in common, and without a power of two.
            constexpr term term_of(const rewriting& r, int x, const factors& common) const
            {
                term out{1, r.at(x)};
                if (m_gives_core[std::size_t(x)])
                {
                    const factors& its = m_factors[std::size_t(x)];
                    const unsigned others = its.numbers & ~common.numbers;
                    out = {m_power[std::size_t(x)], times(r, 1, {others, others != 0 ? its.like : -1}, out.core)};
                }
                if (const int k = power_in(r.now, out.core.index); k != -1)
                {
                    const std::array<int, max_operands> of = r.now[out.core.index].operand;
                    out = {out.power * r.now[of[std::size_t(k)]].value, r.now.at(of[std::size_t(1 - k)])};
                }
                return out;
            }
        };
    }

    constexpr void take_out_common_factors(builder& g, std::vector<symbol>& outputs)
    {
        detail::common_factors factors(g, outputs);
        rewrite(
            g, outputs, [&](const builder&, int i) { return factors.applies(i); },
            [&](const rewriting& r, int i) { return factors.rewritten(r, i); });
    }
}
