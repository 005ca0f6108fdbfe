// SPDX-License-Identifier: BSD-3-Clause
// An array divided by a smaller one, as rows by their sums: multiplied by reciprocals, of which there are fewer.
#pragma once

#include <xautodiff/graph/loop_kind.hpp>
#include <xautodiff/graph/rewrite.hpp>

namespace xautodiff::graph
{
    /// Whether step i divides an array by one that is broadcast. Not by a number: x / 10 is to be what everybody expects.
    constexpr bool divides_by_smaller(const builder& g, const std::vector<loop_kind>& kinds, int i)
    {
        const step& s = g[i];
        return s.op != nullptr && is<op::divide>(s.op) && g[s.operand[1]].shape.rank > 0
               && is_smaller(kinds[std::size_t(s.operand[1])], kinds[std::size_t(s.operand[0])]);
    }

    constexpr void divide_by_reciprocals(builder& g, std::vector<symbol>& outputs)
    {
        const std::vector<loop_kind> kinds = loop_kinds_of(g);
        flags divides(std::size_t(g.size()), false);
        for (int i = 0; i < g.size(); ++i)
        {
            divides[std::size_t(i)] = divides_by_smaller(g, kinds, i);
        }
        rewrite(
            g, outputs, [&](int i) { return divides[std::size_t(i)]; },
            [](const rewriting& r, int i)
            { return r.at(r.before[i].operand[0]) * (1 / r.at(r.before[i].operand[1])); });
    }
}
