// SPDX-License-Identifier: BSD-3-Clause
// In what order, and in how few loops, a graph is run: `schedule_of<Graph>`, an ordinary constexpr value, like the graph.
#pragma once

#include <xautodiff/graph/kept_vector.hpp>
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

    namespace detail
    {
        /// A draft as a constant, as far as there is room for it.
        struct kept_schedule
        {
            kept_vector<task, 512> tasks;
            kept_vector<region, 32> regions;
            kept_vector<int, 512> members;
            kept_vector<int, 512> streams;
            kept_vector<int, 512> numbers;
            kept_vector<region_output, 128> outputs;
            kept_vector<int, 32> expected;
            kept_vector<int, 16> assembled;

            constexpr explicit kept_schedule(const schedule_draft& d)
                : tasks(d.tasks),
                  regions(d.regions),
                  members(d.members),
                  streams(d.streams),
                  numbers(d.numbers),
                  outputs(d.outputs),
                  expected(d.expected),
                  assembled(d.assembled)
            {
            }

            constexpr bool is_whole() const
            {
                return tasks.is_whole() && regions.is_whole() && members.is_whole() && streams.is_whole()
                       && numbers.is_whole() && outputs.is_whole() && expected.is_whole() && assembled.is_whole();
            }
        };

        template <class Flat, class Draft>
        constexpr Flat flattened_schedule(const Draft& d)
        {
            Flat s;
            std::copy(d.tasks.begin(), d.tasks.end(), s.tasks.begin());
            std::copy(d.regions.begin(), d.regions.end(), s.regions.begin());
            std::copy(d.members.begin(), d.members.end(), s.members.begin());
            std::copy(d.streams.begin(), d.streams.end(), s.streams.begin());
            std::copy(d.numbers.begin(), d.numbers.end(), s.numbers.begin());
            std::copy(d.outputs.begin(), d.outputs.end(), s.outputs.begin());
            std::copy(d.expected.begin(), d.expected.end(), s.expected.begin());
            std::copy(d.assembled.begin(), d.assembled.end(), s.assembled.begin());
            return s;
        }
    }

    template <const auto& Graph, scheduling How = scheduling::likely>
    inline constexpr auto schedule_of = []
    {
        // Not a static constant: see program::graph.
        constexpr detail::kept_schedule kept{detail::draft_for<How>(Graph)};
        using flat = schedule<kept.tasks.size, kept.regions.size, kept.members.size, kept.streams.size,
                              kept.numbers.size, kept.outputs.size, kept.expected.size, kept.assembled.size>;
        if constexpr (kept.is_whole())
        {
            return detail::flattened_schedule<flat>(kept);
        }
        else
        {
            return detail::flattened_schedule<flat>(detail::draft_for<How>(Graph));
        }
    }();
}
