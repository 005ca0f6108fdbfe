// SPDX-License-Identifier: BSD-3-Clause
// In what order, and in how few loops, a graph is run: `schedule_of<Graph>`, an ordinary constexpr value, like the graph.
#pragma once

#include <xautodiff/graph/scheduler.hpp>

namespace xautodiff::graph
{
    enum class scheduling
    {
        likely,   ///< for the shapes that the types make likely
        careful,  ///< for any shapes
        stepwise  ///< a task for each step: for graphs that are hardly ever run
    };

    namespace detail
    {
        /// One task for each step: slower, and the same small code for every graph.
        template <class Graph>
        constexpr schedule_draft draft_stepwise_schedule(const Graph& g)
        {
            schedule_draft out;
            const flags valued = valued_steps(g);
            for (int i = 0; i < g.size(); ++i)
            {
                if (valued[std::size_t(i)] && g[i].kind == step_kind::operation)
                {
                    out.tasks.push_back({task_kind::whole, i, ~0ull, true});
                }
            }
            return out;
        }

        template <scheduling How, class Graph>
        constexpr schedule_draft draft_for(const Graph& g)
        {
            // Not `?:`, for which g++ 12 frees the vectors twice.
            if constexpr (How == scheduling::stepwise)
            {
                return draft_stepwise_schedule(g);
            }
            else
            {
                return scheduler<Graph>(g, How == scheduling::likely ? expectation::likely : expectation::none).out;
            }
        }
    }

    template <const auto& Graph, scheduling How = scheduling::likely>
    inline constexpr auto schedule_of = []
    {
        constexpr std::array<std::size_t, 8> sizes = []
        {
            const detail::schedule_draft d = detail::draft_for<How>(Graph);
            return std::array{d.tasks.size(),   d.regions.size(), d.members.size(),  d.streams.size(),
                              d.numbers.size(), d.outputs.size(), d.expected.size(), d.assembled.size()};
        }();
        const detail::schedule_draft d = detail::draft_for<How>(Graph);
        schedule<sizes[0], sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], sizes[7]> s;
        std::copy(d.tasks.begin(), d.tasks.end(), s.tasks.begin());
        std::copy(d.regions.begin(), d.regions.end(), s.regions.begin());
        std::copy(d.members.begin(), d.members.end(), s.members.begin());
        std::copy(d.streams.begin(), d.streams.end(), s.streams.begin());
        std::copy(d.numbers.begin(), d.numbers.end(), s.numbers.begin());
        std::copy(d.outputs.begin(), d.outputs.end(), s.outputs.begin());
        std::copy(d.expected.begin(), d.expected.end(), s.expected.begin());
        std::copy(d.assembled.begin(), d.assembled.end(), s.assembled.begin());
        return s;
    }();
}
