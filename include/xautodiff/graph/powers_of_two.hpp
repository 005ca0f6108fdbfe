// SPDX-License-Identifier: BSD-3-Clause
// An array multiplied by a power of two and by a number, as the derivative of a square is: by their product, a number, at
// once. The same bits, as doubling is exact; only what would overflow when doubled first does so no longer.
#pragma once

#include <xautodiff/graph/numbers.hpp>
#include <xautodiff/graph/rewrite.hpp>

namespace xautodiff::graph
{
    namespace detail
    {
        class powers_of_two
        {
        public:
            constexpr powers_of_two(const builder& g, const std::vector<symbol>& outputs)
                : m_number(std::size_t(g.size()), -1)
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
                const std::vector<int> readers = readers_of(g, outputs);
                const flags is_number = numbers_of(g);
                for (int i = 0; i < g.size(); ++i)
                {
                    for (int k = 0; is_product(g, i) && k < 2; ++k)
                    {
                        const int number = g[i].operand[std::size_t(k)], array = g[i].operand[std::size_t(1 - k)];
                        if (is_number[std::size_t(number)] && readers[std::size_t(array)] == 1
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
            std::vector<int> m_number;  ///< which operand of a product is the number that takes the power; -1 elsewhere

            /// Of an array's product.
            static constexpr int power_in(const builder& g, int i)
            {
                return g[i].shape.is_scalar() ? -1 : detail::power_in(g, i);
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
