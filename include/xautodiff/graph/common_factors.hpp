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
        /// Numbers that an array is the product of, beside its core.
        struct number_factors
        {
            static constexpr std::size_t most = 4;

            struct factor
            {
                int number = -1;  ///< its step
                int like = -1;    ///< that whose shape it brings along; -1 where it brings none
            };

            std::array<factor, most> factors{};
            std::size_t count = 0;
            bool is_known = true;  ///< otherwise there are too many, or one is there twice

            constexpr const factor* find(int number) const
            {
                const auto end = factors.begin() + count;
                const auto found =
                    std::find_if(factors.begin(), end, [&](const factor& f) { return f.number == number; });
                return found == end ? nullptr : &*found;
            }

            constexpr void add(const factor& f)
            {
                is_known = is_known && count < most && find(f.number) == nullptr;
                count = is_known ? count + 1 : 0;
                is_known ? void(factors[count - 1] = f) : void();
            }

            constexpr void add_all(const number_factors& more)
            {
                is_known = is_known && more.is_known;
                count = is_known ? count : 0;
                for (std::size_t k = 0; k < more.count; ++k)
                {
                    add(more.factors[k]);
                }
            }

            /// Those that the terms of a sum have in common. Of two shapes that one number brings along one is left, so they are
            /// taken for different numbers where that would matter.
            constexpr number_factors common_with(const number_factors& other) const
            {
                number_factors out;
                for (std::size_t k = 0; k < count; ++k)
                {
                    const factor* its = other.find(factors[k].number);
                    if (its != nullptr && (its->like == factors[k].like || its->like == -1 || factors[k].like == -1))
                    {
                        out.add({factors[k].number, std::max(its->like, factors[k].like)});
                    }
                }
                return out;
            }

            constexpr number_factors without(const number_factors& others) const
            {
                number_factors out;
                for (std::size_t k = 0; k < count; ++k)
                {
                    others.find(factors[k].number) == nullptr ? out.add(factors[k]) : void();
                }
                return out;
            }
        };

        class common_factors
        {
        public:
            constexpr common_factors(const builder& g, const std::vector<symbol>& outputs)
            {
                if (g.first_adjoint == -1 || !may_have_any(g))
                {
                    return;
                }
                const std::size_t size = std::size_t(g.size());
                m_readers = readers_of(g, outputs);
                m_is_number = numbers_of(g);
                m_factors.resize(size);
                m_is_sum = m_gives_core = flags(size, false);
                m_power = std::vector<double>(size, 1);
                for (int i = 0; i < g.size(); ++i)
                {
                    if (m_readers[std::size_t(i)] != 0)
                    {
                        find_factors(g, i);
                    }
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
                if (is<op::negate>(s.op))
                {
                    power = m_power[std::size_t(x)];
                    return -r.at(x);
                }
                if (is<op::divide>(s.op))
                {
                    power = m_power[std::size_t(x)];
                    return r.at(x) / r.at(y);
                }
                if (is<op::multiply>(s.op))
                {
                    power = m_power[std::size_t(x)] * m_power[std::size_t(y)];
                    const int k = number_in(r.before, i);
                    if (k == -1)
                    {
                        return r.at(x) * r.at(y);
                    }
                    power *= power_in(r.before, s.operand[std::size_t(k)]);
                    return r.at(s.operand[std::size_t(1 - k)]);
                }
                const number_factors& common = m_factors[std::size_t(i)];
                const term left = term_of(r, x, common), right = term_of(r, y, common);
                power = std::min(left.power, right.power);
                const symbol a = times(r, left.power / power, {}, left.core);
                const symbol b = times(r, right.power / power, {}, right.core);
                const symbol sum = is<op::add>(s.op) ? a + b : a - b;
                return m_gives_core[std::size_t(i)] ? sum : times(r, power, common, sum);
            }

        private:
            std::vector<int> m_readers;
            flags m_is_number;
            std::vector<number_factors> m_factors;
            flags m_is_sum;               ///< whose terms have a factor in common
            flags m_gives_core;           ///< read by such a sum, or by a part of it: the factors are left to that
            std::vector<double> m_power;  ///< of two: by it a core is to be multiplied too

            struct term
            {
                double power;
                symbol core;
            };

            /// As a rule there is nothing to be found, and compilers have no more to do.
            static constexpr bool may_have_any(const builder& g)
            {
                int sums = 0, products = 0;
                for (int i = g.first_adjoint; i < g.size(); ++i)
                {
                    sums += is_sum(g, i) && !g[i].shape.is_scalar() ? 1 : 0;
                    products += is_product(g, i) && !g[i].shape.is_scalar() ? 1 : 0;
                }
                return sums > 0 && products > 1;
            }

            static constexpr bool is_sum(const builder& g, int i)
            {
                return g[i].op != nullptr && (is<op::add>(g[i].op) || is<op::subtract>(g[i].op));
            }

            /// Which operand of an array's product is a number; -1 where none is.
            constexpr int number_in(const builder& g, int i) const
            {
                for (int k = 0; is_product(g, i) && !m_is_number[std::size_t(i)] && k < 2; ++k)
                {
                    if (m_is_number[std::size_t(g[i].operand[std::size_t(k)])])
                    {
                        return k;
                    }
                }
                return -1;
            }

            /// The powers of two among the factors of a number.
            static constexpr double power_in(const builder& g, int i)
            {
                if (is_product(g, i))
                {
                    return power_in(g, g[i].operand[0]) * power_in(g, g[i].operand[1]);
                }
                const bool is_spread = g[i].op != nullptr && is<op::broadcast_like>(g[i].op);
                return is_spread                                                        ? power_in(g, g[i].operand[0])
                       : g[i].kind == step_kind::literal && is_power_of_two(g[i].value) ? g[i].value
                                                                                        : 1;
            }

            /// Whether the factors of operand k are factors of the result.
            static constexpr bool passes_on(const builder& g, int i, int k)
            {
                const operation* op = g[i].op;
                return (is_sum(g, i) && i >= g.first_adjoint) || is_product(g, i) || is<op::negate>(op)
                       || (is<op::divide>(op) && k == 0);
            }

            /// Whether a step can leave its factors to the one that reads it.
            constexpr bool has_core(const builder& g, int i) const
            {
                const std::size_t at = std::size_t(i);
                return g[i].op != nullptr && !m_is_number[at] && m_readers[at] == 1 && m_factors[at].is_known
                       && passes_on(g, i, 0);
            }

            constexpr void find_factors(const builder& g, int i)
            {
                const step& s = g[i];
                number_factors& out = m_factors[std::size_t(i)];
                const auto factors_of = [&](int k)
                {
                    const std::size_t x = std::size_t(s.operand[std::size_t(k)]);
                    return m_is_number[x] || m_readers[x] == 1 ? m_factors[x] : number_factors();
                };
                if (m_is_number[std::size_t(i)])
                {
                    find_factors_of_number(g, i);
                }
                else if (s.op != nullptr && passes_on(g, i, 0))
                {
                    out = factors_of(0);
                    if (is_sum(g, i))
                    {
                        out = out.common_with(factors_of(1));
                        m_is_sum[std::size_t(i)] = out.count != 0;
                    }
                    else if (is_product(g, i))
                    {
                        out.add_all(factors_of(1));
                    }
                }
            }

            constexpr void find_factors_of_number(const builder& g, int i)
            {
                const step& s = g[i];
                number_factors& out = m_factors[std::size_t(i)];
                if (is_product(g, i))
                {
                    out = m_factors[std::size_t(s.operand[0])];
                    out.add_all(m_factors[std::size_t(s.operand[1])]);
                }
                else if (s.op != nullptr && is<op::broadcast_like>(s.op))
                {
                    // Which of them brings the shape does not matter.
                    out = m_factors[std::size_t(s.operand[0])];
                    out.is_known = out.is_known && out.count != 0 && out.factors[0].like == -1;
                    out.count = out.is_known ? out.count : 0;
                    out.factors[0].like = s.operand[1];
                }
                else if (power_in(g, i) == 1)
                {
                    out.add({i, -1});
                }
            }

            /// number * (power * product of factors), the number being made first.
            static constexpr symbol times(const rewriting& r, double power, const number_factors& factors, symbol core)
            {
                symbol number = r.now.literal(power);
                for (std::size_t k = 0; k < factors.count; ++k)
                {
                    number = number * r.at(factors.factors[k].number);
                }
                for (std::size_t k = 0; k < factors.count; ++k)
                {
                    number =
                        factors.factors[k].like == -1 ? number : r.now.broadcast(number, r.at(factors.factors[k].like));
                }
                return number * core;
            }

            /// Operand x of a sum without the factors that its terms have in common, and without a power of two.
            constexpr term term_of(const rewriting& r, int x, const number_factors& common) const
            {
                term out{1, r.at(x)};
                if (m_gives_core[std::size_t(x)])
                {
                    out = {m_power[std::size_t(x)], times(r, 1, m_factors[std::size_t(x)].without(common), out.core)};
                }
                const step s = r.now[out.core.index];
                for (int k = 0; is_product(r.now, out.core.index) && k < 2; ++k)
                {
                    const step& number = r.now[s.operand[std::size_t(k)]];
                    if (number.kind == step_kind::literal && is_power_of_two(number.value))
                    {
                        return {out.power * number.value, r.now.at(s.operand[std::size_t(1 - k)])};
                    }
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
