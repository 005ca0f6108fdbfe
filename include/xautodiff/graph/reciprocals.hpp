// SPDX-License-Identifier: BSD-3-Clause
// An array divided by a smaller one, as rows by their sums: multiplied by reciprocals, of which there are fewer.
#pragma once

#include <xautodiff/graph/loop_kind.hpp>
#include <xautodiff/graph/rewrite.hpp>

namespace xautodiff::graph
{
    namespace detail
    {
        /// Whether step i divides by an array. Not by a number: x / 10 is to be what everybody expects.
        constexpr bool divides_by_array(const builder& g, int i)
        {
            const step& s = g[i];
            return s.op != nullptr && is<op::divide>(s.op) && g[s.operand[1]].shape.rank > 0;
        }

        /// Which steps divide an array by one that is broadcast.
        constexpr flags divisions_by_smaller(const builder& g)
        {
            flags out(std::size_t(g.size()), false);
            std::vector<loop_kind> kinds;
            for (int i = 0; i < g.size(); ++i)
            {
                if (divides_by_array(g, i))
                {
                    if (kinds.empty())
                    {
                        kinds = own_kinds_of(g);
                    }
                    const auto kind_of = [&](std::size_t k) { return kinds[std::size_t(g[i].operand[k])]; };
                    out[std::size_t(i)] = is_smaller(kind_of(1), kind_of(0));
                }
            }
            return out;
        }
    }

    constexpr void divide_by_reciprocals(builder& g, std::vector<symbol>& outputs)
    {
        const flags divides = detail::divisions_by_smaller(g);
        rewrite(
            g, outputs, [&](const builder&, int i) { return divides[std::size_t(i)]; },
            [](const rewriting& r, int i)
            { return r.at(r.before[i].operand[0]) * (1 / r.at(r.before[i].operand[1])); });
    }
}
