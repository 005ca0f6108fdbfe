// SPDX-License-Identifier: BSD-3-Clause
// What rewritings ask of the steps of a graph: how many read each, and which are one number for all elements of an array.
#pragma once

#include <xautodiff/graph/builder.hpp>

#include <bit>
#include <cstdint>

namespace xautodiff::graph::detail
{
    constexpr bool is_product(const builder& g, int i) { return g[i].op != nullptr && is<op::multiply>(g[i].op); }

    /// How many steps and outputs read each step, of those that the outputs need.
    constexpr std::vector<int> readers_of(const builder& g, const std::vector<symbol>& outputs)
    {
        std::vector<int> out(std::size_t(g.size()), 0);
        for (const symbol& o : outputs)
        {
            ++out[std::size_t(o.index)];
        }
        for (int i = g.size() - 1; i >= 0; --i)
        {
            for (int k = 0; out[std::size_t(i)] != 0 && k < g[i].arity(); ++k)
            {
                ++out[std::size_t(g[i].operand[std::size_t(k)])];
            }
        }
        return out;
    }

    /// Which steps are one number, or that number for each element: what is done to it is done once.
    constexpr flags numbers_of(const builder& g)
    {
        flags out(std::size_t(g.size()), false);
        for (int i = 0; i < g.size(); ++i)
        {
            const auto is_operand_one = [&](int k) { return bool(out[std::size_t(g[i].operand[std::size_t(k)])]); };
            out[std::size_t(i)] = g[i].shape.is_scalar()
                                  || (g[i].op != nullptr && is<op::broadcast_like>(g[i].op) && is_operand_one(0))
                                  || (is_product(g, i) && is_operand_one(0) && is_operand_one(1));
        }
        return out;
    }

    constexpr bool is_power_of_two(double x)
    {
        constexpr std::uint64_t fraction = (std::uint64_t(1) << 52) - 1;
        return x >= 1 && x <= 0x1p52 && (std::bit_cast<std::uint64_t>(x) & fraction) == 0;
    }

    /// Whether a step is such a literal.
    constexpr bool is_power_of_two(const builder& g, int i)
    {
        return g[i].kind == step_kind::literal && is_power_of_two(g[i].value);
    }

    /// Which operand of a product is one; -1 where none is, or i is no product.
    constexpr int power_in(const builder& g, int i)
    {
        for (int k = 0; is_product(g, i) && k < 2; ++k)
        {
            if (is_power_of_two(g, g[i].operand[std::size_t(k)]))
            {
                return k;
            }
        }
        return -1;
    }
}
