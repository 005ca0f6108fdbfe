// SPDX-License-Identifier: BSD-3-Clause
// An array divided by a smaller one, as rows by their sums: multiplied by reciprocals, of which there are fewer.
#pragma once

#include <xautodiff/graph/loop_kind.hpp>

namespace xautodiff::graph
{
    /// Whether step i divides an array by one that is broadcast. Not by a number: x / 10 is to be what everybody expects.
    constexpr bool divides_by_smaller(const builder& g, const std::vector<loop_kind>& kinds, int i)
    {
        const step& s = g[i];
        return s.op != nullptr && is<op::divide>(s.op) && g[s.operand[1]].shape.rank > 0
               && is_smaller(kinds[std::size_t(s.operand[1])], kinds[std::size_t(s.operand[0])]);
    }

    /// Writes such divisions anew, after all derivatives have been taken: formulas show what the user wrote.
    constexpr void divide_by_reciprocals(builder& g, std::vector<symbol>& outputs)
    {
        const std::vector<loop_kind> kinds = loop_kinds_of(g);
        bool any = false;
        for (int i = 0; i < g.size(); ++i)
        {
            any = any || divides_by_smaller(g, kinds, i);
        }
        if (!any)
        {
            return;
        }
        const builder before = g;
        g = builder();
        std::vector<int> place;
        for (int i = 0; i < before.size(); ++i)
        {
            const step& s = before[i];
            const auto operand = [&](int k) { return g.at(place[std::size_t(s.operand[std::size_t(k)])]); };
            const symbol now = divides_by_smaller(before, kinds, i) ? operand(0) * (1 / operand(1))
                                                                    : g.append_copy(s, before.slots, place, s.shape);
            place.push_back(now.index);
        }
        for (symbol& o : outputs)
        {
            o = g.at(place[std::size_t(o.index)]);
        }
    }
}
