// SPDX-License-Identifier: BSD-3-Clause
// Runs a graph on arrays whose shapes are known at run time, task by task as its schedule says. An evaluator can be kept:
// where nothing moves, running it again plans nothing and allocates nothing.
#pragma once

#include <xautodiff/evaluate/array_machine.hpp>
#include <xautodiff/evaluate/whole.hpp>

#include <memory>
#include <tuple>

namespace xautodiff::evaluate
{
    /// An operation on whole arrays: one function for each operation and number type, whatever graphs it stands in.
    /// Parameters, if it takes any, are its last operand.
    template <class Op, int Arity, bool TakesParameters, class T, class Product>
    void run_operation(const operands<T>& all)
    {
        [&]<std::size_t... I>(std::index_sequence<I...>)
        {
            if constexpr (TakesParameters)
            {
                run_whole<Op, Product>(all.out, all.x[I]..., *all.parameters);
            }
            else
            {
                run_whole<Op, Product>(all.out, all.x[I]...);
            }
        }(std::make_index_sequence<std::size_t(Arity - int(TakesParameters))>{});
    }

    /// An elementwise operation on rows: see task_code.
    template <class Op, int Arity, class T>
    void run_row(array::index n, T* out, const T* const* x, const array::index* step)
    {
        [&]<std::size_t... I>(std::index_sequence<I...>)
        {
            for (array::index i = 0; i < n; ++i)
            {
                out[i * step[0]] = T(Op::value(x[I][i * step[I + 1]]...));
            }
        }(std::make_index_sequence<std::size_t(Arity)>{});
    }

    template <class Op, class T>
    array::array_ref<const T> see_as(const array::array_ref<const T>& x, const array::shape& result,
                                     const array::parameters* parameters)
    {
        return Op::alias(x, result, *parameters);
    }

    /// An evaluator of any graph. Not a pointer to its type, of which the standard library would compile a dozen classes.
    using owned_evaluator = std::unique_ptr<void, void (*)(void*)>;

    template <class Evaluator>
    owned_evaluator owned(Evaluator* e)
    {
        return owned_evaluator(e, [](void* p) { delete static_cast<Evaluator*>(p); });
    }

    /// Where shapes are other than the schedule expects, another one takes over.
    template <const auto& Graph, class T, class Product, graph::scheduling How = graph::scheduling::likely>
    class array_evaluator
    {
    public:
        array_evaluator() : m_machine(view, code.data(), m_memory.all()) {}

        /// Reads arguments and payloads, and writes what `results` points to; a null pointer there leaves that output out.
        /// Returns false, having computed nothing, where leaves of one identity hold different payloads.
        /// Throws shape_error where shapes do not fit.
        template <class Node, class... Argument, class... Result>
        bool run(const Node& node, const std::tuple<const Argument*...>& arguments,
                 const std::tuple<Result*...>& results)
        {
            return run(node, arguments,
                       [&]<std::size_t... O>(std::index_sequence<O...>) {
                           return std::array<place, sizeof...(O)>{place(std::get<O>(results))...};
                       }(std::index_sequence_for<Result...>{})
                           .data());
        }

        /// The same with a place for each output.
        template <class Node, class Arguments>
        bool run(const Node& node, const Arguments& arguments, const result_place<T>* results)
        {
            if (!m_machine.take_payloads(node))
            {
                return false;
            }
            take_arguments(arguments);
            const bool is_done = m_machine.run(results);
            if constexpr (!schedule.expected.empty())
            {
                if (!is_done)
                {
                    if (m_careful == nullptr)
                    {
                        m_careful = owned(new careful);
                    }
                    return static_cast<careful*>(m_careful.get())->run(node, arguments, results);
                }
            }
            return true;
        }

        /// The shape of the first output, from payloads alone; nothing is computed. Throws shape_error where shapes do not fit.
        template <class Node>
        array::shape shape_of(const Node& node)
        {
            m_machine.take_payloads(node);
            m_machine.infer_shapes();
            return m_machine.output_shape(0);
        }

        /// The memory that is kept for the next run, as far as it grows with the arrays.
        std::size_t kept_bytes() const
        {
            std::size_t bytes = m_machine.kept_bytes();
            if constexpr (!schedule.expected.empty())
            {
                bytes += m_careful == nullptr ? 0 : static_cast<const careful*>(m_careful.get())->kept_bytes();
            }
            return bytes;
        }

    private:
        using careful = array_evaluator<Graph, T, Product, graph::scheduling::careful>;
        using place = result_place<T>;

        static constexpr const auto& plan = graph::plan_of<Graph, How>;
        static constexpr const auto& schedule = graph::plan_of<Graph, How>.schedule;

        template <int K>
        static constexpr task_code<T> code_of_task()
        {
            constexpr graph::task t = schedule.tasks[std::size_t(K)];
            task_code<T> out;
            if constexpr (t.kind == graph::task_kind::region)
            {
                if constexpr (schedule.regions[std::size_t(t.index)].is_number)
                {
                    out.numbers = &region_kernel<Graph, How, t.index, T, T>::run_numbers;
                }
                else
                {
                    out.loop = &region_kernel<Graph, How, t.index, T, array::widest_t<T>>::run;
                }
            }
            else
            {
                using s = graph::step_at<Graph, t.index>;
                using Op = typename s::operation;
                if constexpr (t.kind == graph::task_kind::alias)
                {
                    out.alias = &see_as<Op, T>;
                }
                else if constexpr (s::is_structured)
                {
                    constexpr int last = s::template operand<s::arity - 1>;
                    constexpr bool takes_parameters = Graph[last].kind == graph::step_kind::parameter;
                    out.whole = &run_operation<Op, s::arity, takes_parameters, T, Product>;
                }
                else
                {
                    out.row = &run_row<Op, s::arity, T>;
                }
            }
            return out;
        }

        static constexpr auto code = []<std::size_t... K>(std::index_sequence<K...>) {
            return std::array<task_code<T>, sizeof...(K) + 1>{code_of_task<int(K)>()...};
        }(std::make_index_sequence<schedule.tasks.size()>{});

        static constexpr plan_view view{
            plan.steps.data(),       plan.slots.data(),        plan.outputs.data(),       plan.occurrence_slot.data(),
            schedule.tasks.data(),   schedule.regions.data(),  schedule.outputs.data(),   schedule.streams.data(),
            schedule.numbers.data(), schedule.expected.data(), schedule.assembled.data(), plan.size,
            plan.slot_count,         plan.output_count,        schedule.tasks.size(),     schedule.regions.size(),
            schedule.outputs.size(), schedule.expected.size(), schedule.assembled.size(), plan.most_arrays};

        struct memory
        {
            // One more than there may be, since an array of none has no address.
            static constexpr std::size_t regions = schedule.regions.size() + 1;
            static constexpr std::size_t ins = schedule.streams.size() + schedule.numbers.size();
            static constexpr std::size_t outs = schedule.outputs.size() + 1;

            array::array_ref<const T> value[plan.size + 1];
            array::array_ref<T> target[plan.size + 1];
            array::shape shape[plan.size + 1];
            row_role row[plan.size + 1];
            turn turns[schedule.tasks.size() + 1];
            operands<T> whole[plan.wholes + 1];
            ready_task<T> ready[schedule.tasks.size() + 1];
            T literal[plan.size + 1];
            T number[plan.slot_count + 1];
            array::parameters parameters[plan.slot_count + 1];
            const void* origin[plan.slot_count + 1];
            std::vector<T> converted[plan.slot_count + 1];
            array::array_ref<const T> result[plan.output_count + 1];
            region_loop<T> loop[regions];
            const T* in[ins];
            T* out[outs];
            array::strides stride[ins + outs];
            array::index row_step[ins + outs];
            delivery how[outs];
            part_place part[outs];
            bool is_cleared[schedule.assembled.size() + 1];
            array::widest_t<T> totals[plan.most_out];
            array::pairwise_sum<array::widest_t<T>> sums[plan.most_out];
            const T* from[plan.most_in];
            T* to[plan.most_out];
            T* place[plan.most_out];
            array::index at[plan.most_arrays];
            array::index step[plan.most_arrays];
            array::index mask[plan.most_arrays];
            array::index sum_mask[plan.most_out];
            array::index delay[plan.most_out];
            array::widest_t<T> held[plan.most_out];

            machine_memory<T> all()
            {
                return {value,      target,
                        shape,      row,
                        turns,      whole,
                        ready,      literal,
                        number,     parameters,
                        origin,     converted,
                        result,     loop,
                        in,         out,
                        stride,     row_step,
                        how,        part,
                        is_cleared, {totals, sums, from, to, place, at, step, mask, sum_mask, delay, held, nullptr}};
            }
        };

        memory m_memory;
        array_machine<T> m_machine;
        owned_evaluator m_careful{nullptr, nullptr};  ///< once it was needed

        template <class Arguments>
        void take_arguments([[maybe_unused]] const Arguments& arguments)
        {
            unroll<int(Graph.slots.size())>(
                [&](auto slot)
                {
                    constexpr graph::slot s = Graph.slots[std::size_t(slot())];
                    if constexpr (s.kind == expression::leaf_kind::input)
                    {
                        m_machine.set({std::size_t(slot()), std::size_t(plan.slots[std::size_t(slot())].step)},
                                      *std::get<std::size_t(s.position)>(arguments));
                    }
                });
        }
    };
}
