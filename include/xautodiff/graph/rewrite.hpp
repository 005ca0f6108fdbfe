// SPDX-License-Identifier: BSD-3-Clause
// Writing some steps of a graph anew, after all derivatives have been taken: formulas show what the user wrote.
#pragma once

#include <xautodiff/graph/builder.hpp>

namespace xautodiff::graph
{
    /// What rules of a rewriting see: the graph as it was, and where its steps stand in the new one.
    struct rewriting
    {
        const builder& before;
        builder& now;
        std::vector<int> place{};

        constexpr symbol at(int i) const { return now.at(place[std::size_t(i)]); }
    };

    /// Writes step i as rule(rewriting, i) where applies(graph as it was, i) says so, and all others as they are. Where it never does, mostly,
    /// nothing is written.
    constexpr void rewrite(builder& g, std::vector<symbol>& outputs, auto applies, auto rule)
    {
        bool any = false;
        for (int i = 0; !any && i < g.size(); ++i)
        {
            any = applies(std::as_const(g), i);
        }
        if (!any)
        {
            return;
        }
        const builder before = g;
        g = builder();
        rewriting r{before, g};
        for (int i = 0; i < before.size(); ++i)
        {
            const symbol s =
                applies(before, i) ? rule(r, i) : g.append_copy(before[i], before.slots, r.place, before[i].shape);
            r.place.push_back(s.index);
        }
        for (symbol& o : outputs)
        {
            o = r.at(o.index);
        }
    }
}
