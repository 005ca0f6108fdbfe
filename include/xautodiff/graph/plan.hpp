// SPDX-License-Identifier: BSD-3-Clause
// What is left of a graph at run time. The graph itself must stay in the compiler: its operations point to their rules, and
// one mention of it in code that runs would have all of those compiled into the program.
#pragma once

#include <xautodiff/graph/schedule.hpp>

namespace xautodiff::graph
{
    /// Which slot the n-th payload leaf of the nested type goes to.
    template <const auto& Graph>
    inline constexpr auto occurrence_slot_of = Graph.occurrence_slot;

    /// Which payload leaf fills each slot.
    template <const auto& Graph>
    inline constexpr auto first_occurrence_of = []
    {
        std::array<int, Graph.slots.size() + 1> out{};
        for (std::size_t i = 0; i < Graph.slots.size(); ++i)
        {
            out[i] = Graph.slots[i].occurrence;
        }
        return out;
    }();

    namespace detail
    {
        template <const operation* Op>
        struct operation_type
        {
            using type = revealed_t<Op->identity>;
        };
        template <>
        struct operation_type<nullptr>
        {
            using type = void;
        };
    }

    /// Step I of a graph for generated code. Not a constexpr copy of the step, which unoptimised code would make at run time.
    template <const auto& Graph, int I>
    struct step_at
    {
        static constexpr step_kind kind = Graph[I].kind;
        static constexpr int arity = Graph[I].arity();
        static constexpr int slot = Graph[I].slot;
        static constexpr double value = Graph[I].value;
        static constexpr array::shape shape = Graph[I].shape;
        static constexpr bool is_mask = Graph[I].is_mask();
        static constexpr bool is_structured = Graph[I].op != nullptr && Graph[I].op->is_structured;
        using operation = typename detail::operation_type<Graph[I].op>::type;

        template <int K>
        static constexpr int operand = Graph[I].operand[std::size_t(K)];
    };

    /// How a sum's result lies to the elements that are summed.
    enum class reduction_kind
    {
        none,
        total,
        to_shape,
        over_axes,
        into_slices
    };

    struct plan_step
    {
        step_kind kind = step_kind::literal;
        int arity = 0;
        int slot = -1;
        std::array<int, max_operands> operand{};
        unsigned shape_only = 0;
        reduction_kind reduces = reduction_kind::none;
        double value = 0;  ///< of a literal
        array::shape (*infer)(const shapes&, const array::parameters*) = nullptr;
        op::row_use (*rows)(const shapes&, const array::parameters*) = nullptr;
    };

    struct plan_slot
    {
        int step = -1;
        int occurrence = -1;
        const array::parameters* fixed = nullptr;
    };

    template <std::size_t Steps, std::size_t Slots, std::size_t Outputs, std::size_t Occurrences, class Schedule>
    struct plan
    {
        std::array<plan_step, Steps + 1> steps{};
        std::array<plan_slot, Slots + 1> slots{};
        std::array<int, Outputs> outputs{};
        std::array<int, Occurrences + 1> occurrence_slot{};
        Schedule schedule{};
        std::size_t wholes = 0;  ///< the number of tasks on whole arrays
        // The largest numbers in one region: of streams and numbers, of results, of streams and results.
        std::size_t most_in = 1, most_out = 1, most_arrays = 1;

        static constexpr std::size_t size = Steps, slot_count = Slots, output_count = Outputs;
    };

    template <const auto& Graph, scheduling How = scheduling::likely>
    inline constexpr auto plan_of = []
    {
        plan<Graph.steps.size(), Graph.slots.size(), Graph.outputs.size(), Graph.occurrence_slot.size(),
             std::remove_cvref_t<decltype(schedule_of<Graph, How>)>>
            p;
        for (std::size_t i = 0; i < Graph.steps.size(); ++i)
        {
            const step& s = Graph.steps[i];
            plan_step& to = p.steps[i];
            to.kind = s.kind;
            to.arity = s.arity();
            to.slot = s.slot;
            to.operand = s.operand;
            to.value = s.value;
            if (s.op != nullptr)
            {
                to.shape_only = s.op->shape_only;
                to.reduces = is<op::sum>(s.op)        ? reduction_kind::total
                             : is<op::sum_to>(s.op)   ? reduction_kind::to_shape
                             : is<op::sum_over>(s.op) ? reduction_kind::over_axes
                             : is<op::unview>(s.op)   ? reduction_kind::into_slices
                                                      : reduction_kind::none;
                to.infer = s.op->infer;
                to.rows = s.op->rows;
            }
            if (s.slot >= 0)
            {
                p.slots[std::size_t(s.slot)] = {int(i), Graph.slots[std::size_t(s.slot)].occurrence,
                                                Graph.slots[std::size_t(s.slot)].fixed};
            }
        }
        std::copy(Graph.outputs.begin(), Graph.outputs.end(), p.outputs.begin());
        std::copy(Graph.occurrence_slot.begin(), Graph.occurrence_slot.end(), p.occurrence_slot.begin());
        p.schedule = schedule_of<Graph, How>;
        for (const task& t : p.schedule.tasks)
        {
            p.wholes += t.kind == task_kind::whole;
        }
        for (const region& r : p.schedule.regions)
        {
            p.most_in = std::max(p.most_in, std::size_t(r.streams + r.numbers));
            p.most_out = std::max(p.most_out, std::size_t(r.outputs));
            p.most_arrays = std::max(p.most_arrays, std::size_t(r.streams + r.outputs));
        }
        return p;
    }();
}
