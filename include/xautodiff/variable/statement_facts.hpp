// SPDX-License-Identifier: BSD-3-Clause
// What backward needs to know of a statement, read off its graph of adjoints while compiling.
#pragma once

#include <xautodiff/graph/plan.hpp>
#include <xautodiff/variable/sweep.hpp>

#include <array>
#include <bit>
#include <vector>

namespace xautodiff::variable
{
    /// The value of an expression of numbers and its derivatives with respect to all Variables, in the order of their
    /// slots. Where nothing flows, -0.0 says so.
    template <class Node>
    struct value_and_partials_of
    {
        static constexpr graph::draft build(bool merge)
        {
            graph::lowering l(graph::payload_count<Node>, merge);
            std::vector<graph::symbol> out{l.lower<Node>()};
            std::vector<int> sources;
            for (std::size_t i = 0; i < l.steps.steps.size(); ++i)
            {
                const int slot = l.steps.steps[i].slot;
                if (slot >= 0 && l.steps.slots[std::size_t(slot)].kind == expression::leaf_kind::variable)
                {
                    sources.push_back(int(i));
                }
            }
            for (const graph::symbol& s : graph::reverse(l.steps, out[0], l.steps.literal(1), sources))
            {
                out.push_back(s ? s : l.steps.literal(-0.0));
            }
            return graph::without_dead_steps(l, out);
        }
    };

    /// Whether arrays of one shape are run in one loop, which reads each element before it writes to that place.
    template <const auto& Graph>
    inline constexpr bool is_one_loop = []
    {
        constexpr const auto& schedule = graph::schedule_of<Graph>;
        bool is_simple = true;
        int loops = 0;
        for (const graph::task& t : schedule.tasks)
        {
            is_simple = is_simple && t.kind == graph::task_kind::region;
            loops += is_simple && !schedule.regions[std::size_t(t.index)].is_number;
        }
        for (const graph::region_output& o : schedule.outputs)
        {
            is_simple = is_simple && o.kind == graph::output_kind::store;
        }
        return is_simple && loops <= 1;
    }();

    /// Whether an output of a graph is no more than an argument of the call.
    template <const auto& Graph, std::size_t Output>
    inline constexpr bool is_argument = []
    {
        const graph::step& s = Graph[Graph.outputs[Output]];
        return s.slot >= 0 && Graph.slots[std::size_t(s.slot)].kind == expression::leaf_kind::input;
    }();

    /// Adjoints are a graph's outputs from number First on.
    template <const auto& Graph, std::size_t First>
    struct statement_facts
    {
        static constexpr std::size_t adjoints = Graph.outputs.size() - First;

        /// The slots that hold Variables, in the order of the adjoints; and the adjoint of each slot.
        static constexpr auto slots = []
        {
            std::array<int, adjoints + 1> out{};
            std::size_t n = 0;
            for (int i = 0; i < Graph.size(); ++i)
            {
                if (Graph[i].slot >= 0
                    && Graph.slots[std::size_t(Graph[i].slot)].kind == expression::leaf_kind::variable)
                {
                    out[n++] = Graph[i].slot;
                }
            }
            return out;
        }();

        static constexpr auto adjoint_of_slot = []
        {
            std::array<int, Graph.slots.size() + 1> out{};
            out.fill(-1);
            for (std::size_t i = 0; i < adjoints; ++i)
            {
                out[std::size_t(slots[i])] = int(i);
            }
            return out;
        }();

        /// Of each slot the adjoints whose computation reads its value. The seed and parameters excepted: they do not
        /// change.
        static constexpr auto readers = []
        {
            std::array<std::uint64_t, Graph.slots.size() + 1> out{};
            std::vector<std::uint64_t> read_for(std::size_t(Graph.size()), 0);
            for (std::size_t o = 0; o < adjoints; ++o)
            {
                read_for[std::size_t(Graph.outputs[First + o])] |= adjoint_bit(unsigned(o));
            }
            for (int i = Graph.size() - 1; i >= 0; --i)
            {
                for (int k = 0; k < Graph[i].arity(); ++k)
                {
                    const std::size_t operand = std::size_t(Graph[i].operand[std::size_t(k)]);
                    read_for[operand] |= Graph[i].reads_shape_only(k) ? 0 : read_for[std::size_t(i)];
                }
                if (const int slot = Graph[i].slot; slot >= 0)
                {
                    const expression::leaf_kind kind = Graph.slots[std::size_t(slot)].kind;
                    out[std::size_t(slot)] =
                        kind == expression::leaf_kind::variable || kind == expression::leaf_kind::constant
                            ? read_for[std::size_t(i)]
                            : 0;
                }
            }
            return out;
        }();

        static constexpr std::uint64_t reads = []
        {
            std::uint64_t out = 0;
            for (std::uint64_t r : readers)
            {
                out |= r;
            }
            return out;
        }();

        /// The adjoint of each occurrence of a Variable in the expression.
        template <int Variables>
        static constexpr auto adjoint_of_occurrence = []
        {
            std::array<int, std::size_t(Variables) + 1> out{};
            std::size_t n = 0;
            for (int slot : Graph.occurrence_slot)
            {
                if (slot >= 0 && Graph.slots[std::size_t(slot)].kind == expression::leaf_kind::variable)
                {
                    out[n++] = adjoint_of_slot[std::size_t(slot)];
                }
            }
            return out;
        }();

        static constexpr bool is_zero(std::size_t adjoint)
        {
            const graph::step& s = Graph[Graph.outputs[First + adjoint]];
            return s.kind == graph::step_kind::literal
                   && std::bit_cast<std::uint64_t>(s.value) == std::bit_cast<std::uint64_t>(-0.0);
        }

        /// By occurrence, ...
        template <class Node>
        static constexpr auto uses_by_occurrence = []
        {
            std::array<operand_use, std::size_t(variable_count<Node>) + 1> out{};
            for (std::size_t i = 0; i < std::size_t(variable_count<Node>); ++i)
            {
                const int adjoint = adjoint_of_occurrence<variable_count<Node>>[i];
                out[i] = {std::uint8_t(adjoint), flowing_variables<Node>[i], false,
                          readers[std::size_t(slots[std::size_t(adjoint)])]};
            }
            return out;
        }();

        /// ... or by adjoint.
        template <class Node>
        static constexpr auto uses = []
        {
            std::array<operand_use, adjoints + 1> out{};
            for (std::size_t i = 0; i < std::size_t(variable_count<Node>); ++i)
            {
                const std::size_t adjoint = std::size_t(adjoint_of_occurrence<variable_count<Node>>[i]);
                out[adjoint].flows = out[adjoint].flows || flowing_variables<Node>[i];
            }
            for (std::size_t i = 0; i < adjoints; ++i)
            {
                out[i] = {std::uint8_t(i), out[i].flows, is_zero(i), readers[std::size_t(slots[i])]};
            }
            return out;
        }();
    };
}
