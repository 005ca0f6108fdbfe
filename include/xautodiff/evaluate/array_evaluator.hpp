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

    /// An elementwise operation on rows: see array_machine::row_function.
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

    /// Where shapes are other than the schedule expects, another one takes over.
    template <const auto& Graph, class T, class Product, graph::scheduling How = graph::scheduling::likely>
    class array_evaluator
    {
    public:
        array_evaluator() : m_machine(view, m_memory.all()) {}

        /// Reads arguments and payloads, and writes what `results` points to; a null pointer there leaves that output out.
        /// Returns false, having computed nothing, where leaves of one identity hold different payloads.
        /// Throws shape_error where shapes do not fit.
        template <class Node, class... Argument, class... Result>
        bool run(const Node& node, const std::tuple<const Argument*...>& arguments,
                 const std::tuple<Result*...>& results)
        {
            if (!read_payloads(node))
            {
                return false;
            }
            read_arguments(arguments);
            unsigned long long wanted = 0;
            for_each_result(results,
                            [&](std::size_t o, auto& result)
                            {
                                wanted |= 1ull << (o < 63 ? o : 63);
                                m_machine.check_result(o, result);
                            });
            if (!m_machine.is_planned(wanted))
            {
                if (m_machine.is_planned_alike(wanted))
                {
                    for_each_result(results, [&](std::size_t o, auto& result) { m_machine.move_result(o, result); });
                }
                if (m_machine.is_planned_alike(wanted))
                {
                    set_aliases();
                    m_machine.move_regions();
                }
                else
                {
                    m_machine.infer_shapes();
                    if constexpr (!schedule.expected.empty())
                    {
                        if (!m_machine.is_as_expected())
                        {
                            if (m_careful == nullptr)
                            {
                                m_careful = std::make_unique<careful>();
                            }
                            return m_careful->run(node, arguments, results);
                        }
                    }
                    m_machine.forget_targets();
                    for_each_result(results, [&](std::size_t o, auto& result) { m_machine.prepare_result(o, result); });
                    m_machine.plan_tasks(wanted, [this] { set_aliases(); });
                    m_machine.allocate();
                    set_aliases();
                    m_machine.plan_regions();
                }
                run_tasks(wanted, turn::with_shapes);
            }
            if constexpr (!schedule.assembled.empty())
            {
                m_machine.clear_assembled();
            }
            run_tasks(wanted, turn::first);
            if (m_machine.has_blocks())
            {
                m_machine.begin_blocks();
                do
                {
                    run_tasks(wanted, turn::by_rows);
                } while (m_machine.next_block());
                run_tasks(wanted, turn::after);
            }
            for_each_result(results, [&](std::size_t o, auto& result)
                            { m_machine.finish_result(o, std::size_t(plan.outputs[o]), result); });
            return true;
        }

        /// The shape of the first output, from payloads alone; nothing is computed. Throws shape_error where shapes do not fit.
        template <class Node>
        array::shape shape_of(const Node& node)
        {
            read_payloads(node);
            m_machine.infer_shapes();
            return m_machine.output_shape(0);
        }

        /// The memory that is kept for the next run, as far as it grows with the arrays.
        std::size_t kept_bytes() const
        {
            return m_machine.kept_bytes() + (m_careful == nullptr ? 0 : m_careful->kept_bytes());
        }

    private:
        using careful = array_evaluator<Graph, T, Product, graph::scheduling::careful>;

        static constexpr const auto& plan = graph::plan_of<Graph, How>;
        static constexpr const auto& schedule = graph::plan_of<Graph, How>.schedule;

        /// The largest number of something in one region.
        template <class F>
        static constexpr std::size_t most(F count)
        {
            int most = 1;
            for (const graph::region& r : schedule.regions)
            {
                most = std::max(most, count(r));
            }
            return std::size_t(most);
        }

        /// The number of tasks on whole arrays before the K-th task.
        template <int K>
        static constexpr std::size_t whole_before =
            std::size_t(std::count_if(schedule.tasks.begin(), schedule.tasks.begin() + K,
                                      [](const graph::task& t) { return t.kind == graph::task_kind::whole; }));

        static constexpr plan_view view{
            plan.steps.data(),         plan.slots.data(),
            plan.outputs.data(),       plan.occurrence_slot.data(),
            schedule.tasks.data(),     schedule.regions.data(),
            schedule.outputs.data(),   schedule.streams.data(),
            schedule.numbers.data(),   schedule.expected.data(),
            schedule.assembled.data(), plan.size,
            plan.slot_count,           plan.output_count,
            schedule.tasks.size(),     schedule.regions.size(),
            schedule.outputs.size(),   schedule.expected.size(),
            schedule.assembled.size(), most([](const graph::region& r) { return r.streams + r.outputs; })};

        struct memory
        {
            // One more than there may be, since an array of none has no address.
            static constexpr std::size_t regions = schedule.regions.size() + 1;
            static constexpr std::size_t ins = schedule.streams.size() + schedule.numbers.size();
            static constexpr std::size_t outs = schedule.outputs.size() + 1;
            static constexpr std::size_t most_in = most([](const graph::region& r) { return r.streams + r.numbers; });
            static constexpr std::size_t most_out = most([](const graph::region& r) { return r.outputs; });

            array::array_ref<const T> value[plan.size + 1];
            array::array_ref<T> target[plan.size + 1];
            array::shape shape[plan.size + 1];
            row_role row[plan.size + 1];
            turn turns[schedule.tasks.size() + 1];
            operands<T> whole[whole_before<int(schedule.tasks.size())> + 1];
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
            array::widest_t<T> totals[most_out];
            array::pairwise_sum<array::widest_t<T>> sums[most_out];
            const T* from[most_in];
            T* to[most_out];
            T* place[most_out];
            array::index at[view.most_arrays];
            array::index step[view.most_arrays];
            array::index mask[view.most_arrays];
            array::index sum_mask[most_out];
            array::index delay[most_out];
            array::widest_t<T> held[most_out];

            machine_memory<T> all()
            {
                return {value,
                        target,
                        shape,
                        row,
                        turns,
                        whole,
                        literal,
                        number,
                        parameters,
                        origin,
                        converted,
                        result,
                        loop,
                        in,
                        out,
                        stride,
                        row_step,
                        how,
                        part,
                        is_cleared,
                        {totals, sums, from, to, place, at, step, mask, sum_mask, delay, held, nullptr}};
            }
        };

        memory m_memory;
        array_machine<T> m_machine;
        std::unique_ptr<careful> m_careful;

        template <class Results, class F>
        static void for_each_result(const Results& results, F f)
        {
            [&]<std::size_t... O>(std::index_sequence<O...>) {
                ((std::get<O>(results) != nullptr ? f(O, *std::get<O>(results)) : void()), ...);
            }(std::make_index_sequence<std::tuple_size_v<Results>>{});
        }

        using slot_place = typename array_machine<T>::slot_place;

        static constexpr slot_place place_of(int slot)
        {
            return {std::size_t(slot), std::size_t(plan.slots[std::size_t(slot)].step)};
        }

        /// Fills slots from the payloads of an expression; false where leaves of one identity hold different ones.
        template <class Node>
        bool read_payloads(const Node& node)
        {
            m_machine.begin_payloads();
            const auto take = [this](int occurrence, const auto& leaf) __attribute__((always_inline))
            {
                slot_place at = place_of(plan.occurrence_slot[std::size_t(occurrence)]);
                at.is_first = plan.slots[at.slot].occurrence == occurrence;
                m_machine.take(at, leaf);
            };
            for_each_payload(node, take);
            return m_machine.is_consistent();
        }

        template <class Arguments>
        void read_arguments(const Arguments& arguments)
        {
            unroll<int(Graph.slots.size())>(
                [&](auto slot)
                {
                    constexpr graph::slot s = Graph.slots[std::size_t(slot())];
                    if constexpr (s.kind == expression::leaf_kind::input)
                    {
                        m_machine.set(place_of(slot()), *std::get<std::size_t(s.position)>(arguments));
                    }
                });
        }

        void set_aliases()
        {
            unroll<int(schedule.tasks.size())>(
                [&](auto k)
                {
                    constexpr graph::task t = schedule.tasks[std::size_t(k())];
                    if constexpr (t.kind == graph::task_kind::alias)
                    {
                        using s = graph::step_at<Graph, t.index>;
                        m_machine.set_alias(std::size_t(t.index), &see_as<typename s::operation, T>);
                    }
                });
        }

        void run_tasks(unsigned long long wanted, turn now)
        {
            unroll<int(schedule.tasks.size())>(
                [&](auto k)
                {
                    constexpr graph::task t = schedule.tasks[std::size_t(k())];
                    if ((t.serves & wanted) != 0 && m_machine.is_turn(std::size_t(k()), now))
                    {
                        run_task<k()>();
                    }
                });
        }

        template <int K>
        void run_task()
        {
            constexpr graph::task t = schedule.tasks[std::size_t(K)];
            if constexpr (t.kind == graph::task_kind::whole && !graph::step_at<Graph, t.index>::is_structured)
            {
                using s = graph::step_at<Graph, t.index>;
                m_machine.run_each(whole_before<K>, std::size_t(s::arity),
                                   &run_row<typename s::operation, s::arity, T>);
            }
            else if constexpr (t.kind == graph::task_kind::whole)
            {
                using s = graph::step_at<Graph, t.index>;
                constexpr int last = s::template operand<s::arity - 1>;
                constexpr bool takes_parameters = Graph[last].kind == graph::step_kind::parameter;
                m_machine.run_whole(whole_before<K>,
                                    &run_operation<typename s::operation, s::arity, takes_parameters, T, Product>);
            }
            else if constexpr (t.kind == graph::task_kind::region)
            {
                if constexpr (schedule.regions[std::size_t(t.index)].is_number)
                {
                    m_machine.run_numbers(std::size_t(t.index), &region_kernel<Graph, How, t.index, T, T>::run_numbers);
                }
                else
                {
                    m_machine.run_loop(std::size_t(t.index),
                                       &region_kernel<Graph, How, t.index, T, array::widest_t<T>>::run);
                }
            }
        }
    };
}
