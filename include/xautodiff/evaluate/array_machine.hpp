// SPDX-License-Identifier: BSD-3-Clause
// Running a graph on arrays, as far as it does not depend on which graph: shapes, memory, results, operations on whole
// arrays. Compiled once for each number type.
#pragma once

#include <xautodiff/evaluate/row_blocks.hpp>

#include <array>
#include <vector>

namespace xautodiff::evaluate
{
    template <class T>
    class array_machine : public row_blocks<T>
    {
        using base = row_blocks<T>;
        using base::lies_alike;
        using base::m;
        using base::m_changed;
        using base::m_count;
        using base::m_moved;
        using base::m_plan;
        using base::m_wanted;
        using base::parameters_of;

    public:
        using typename base::input_ref;
        using typename base::output_ref;

        using whole_kernel = void (*)(const operands<T>&);
        /// n elements of a result and of operands, at the distances `step`: the result's first.
        using row_function = void (*)(array::index n, T* out, const T* const* x, const array::index* step);
        using alias_function = input_ref (*)(const input_ref&, const array::shape&, const array::parameters*);

        [[gnu::cold]] array_machine(const plan_view& p, const machine_memory<T>& memory) : base(p, memory)
        {
            for (std::size_t i = 0; i < p.step_count; ++i)
            {
                m.literal[i] = T(p.steps[i].value);
                m.value[i] = input_ref(&m.literal[i], {});
            }
            for (std::size_t s = 0; s < p.slot_count; ++s)
            {
                if (p.slots[s].fixed != nullptr)
                {
                    m.parameters[s] = *p.slots[s].fixed;
                }
            }
        }

        // Slots point into the machine's own numbers.
        array_machine(const array_machine&) = delete;
        array_machine& operator=(const array_machine&) = delete;

        /// Whether what was planned still holds: leaves and results lie where they lay, and the same results are wanted.
        bool is_planned(unsigned long long wanted) const { return !m_moved && is_planned_alike(wanted); }

        /// Whether it would with other pointers: leaves lie elsewhere, but in the same way. Blocks are planned anew, also after
        /// a run that an exception ended within one.
        bool is_planned_alike(unsigned long long wanted) const
        {
            return !m_changed && wanted == m_wanted && m_count == 0 && !(m_moved && base::has_blocks());
        }

        /// Whether a result still lies where it was planned. One that is converted may be a new one, without its shape.
        template <class C>
        void check_result(std::size_t output, const C& result)
        {
            if constexpr (std::same_as<typename array::traits<C>::value_type, T>)
            {
                m_moved = m_moved || !array::lies_at(result, m.result[output]);
            }
            else
            {
                m_moved = true;
            }
        }

        /// Puts a result that lies elsewhere into the place of the one that was planned, where it lies in the same way.
        template <class C>
        void move_result(std::size_t output, C& result)
        {
            using traits = array::traits<C>;
            traits::resize(result, m.shape[output_step(output)]);
            if constexpr (std::same_as<typename traits::value_type, T>)
            {
                move_target(output, traits::ref(result));
            }
        }

        /// The last part of following what moved: where each region reads and writes, in the same way as before.
        void move_regions()
        {
            m_moved = false;
            base::move_loops();
            place_operands();
        }

        /// All shapes from those of the leaves. Throws shape_error where they do not fit.
        [[gnu::cold]] void infer_shapes()
        {
            for (std::size_t i = 0; i < m_plan.step_count; ++i)
            {
                const graph::plan_step& s = m_plan.steps[i];
                if (s.kind == graph::step_kind::slot)
                {
                    m.shape[i] = m.value[i].shape;
                }
                else if (s.kind == graph::step_kind::operation)
                {
                    graph::shapes x;
                    for (int k = 0; k < s.arity; ++k)
                    {
                        x[std::size_t(k)] = m.shape[std::size_t(s.operand[std::size_t(k)])];
                    }
                    m.shape[i] = s.infer(x, parameters_of(s));
                }
            }
        }

        /// Whether sums to a shape, where the schedule takes them for nothing, have nothing to sum.
        bool is_as_expected() const
        {
            for (std::size_t k = 0; k < m_plan.expected_count; ++k)
            {
                const int i = m_plan.expected[k];
                const std::size_t x = std::size_t(m_plan.steps[std::size_t(i)].operand[0]);
                if (!(m.shape[x] == m.shape[std::size_t(i)]))
                {
                    return false;
                }
            }
            return true;
        }

        const array::shape& output_shape(std::size_t output) const { return m.shape[output_step(output)]; }

        void forget_targets() { std::fill_n(m.target, m_plan.step_count, output_ref()); }

        /// Gives a result its shape; its own memory takes the value where the types agree and no other result has it yet.
        template <class C>
        void prepare_result(std::size_t output, C& result)
        {
            using traits = array::traits<C>;
            traits::resize(result, m.shape[output_step(output)]);
            if constexpr (std::same_as<typename traits::value_type, T>)
            {
                set_target(output, traits::ref(result));
            }
        }

        template <class C>
        void finish_result(std::size_t output, std::size_t step, C& result)
        {
            if constexpr (std::same_as<typename array::traits<C>::value_type, T>)
            {
                if (m.result[output].data == m.value[step].data)
                {
                    return;
                }
            }
            array::copy(array::traits<C>::ref(result), m.value[step]);
        }

        /// Decides which tasks are run in blocks of rows. `set_aliases` is to call set_alias for all that are aliases.
        template <class F>
        void plan_tasks(unsigned long long wanted, F set_aliases)
        {
            m_wanted = wanted;
            base::forget_blocks();
            if (const array::index rows = base::rows_of_largest(); rows > 1)
            {
                base::for_each_stored(
                    [&](std::size_t step, unsigned long long)
                    {
                        const output_ref& target = m.target[step];
                        m.value[step] = target.data == nullptr ? input_ref(&m.literal[step], m.shape[step]) : target;
                    });
                set_aliases();
                base::choose_blocks(rows);
            }
        }

        /// Gives memory to every stored step that wanted outputs need and that has none yet.
        [[gnu::cold]] void allocate()
        {
            std::size_t total = 0;
            base::for_each_stored([&](std::size_t step, unsigned long long serves)
                                  { total += needs_memory(step, serves) ? base::memory_size(step) : 0; });
            if (m_work.size() < total)
            {
                m_work.resize(total);
            }
            T* next = m_work.data();
            base::for_each_stored(
                [&](std::size_t step, unsigned long long serves)
                {
                    if (needs_memory(step, serves))
                    {
                        m.target[step] = output_ref(next, m.shape[step]);
                        next += base::memory_size(step);
                    }
                    m.value[step] = m.target[step];
                });
        }

        [[gnu::cold]] void set_alias(std::size_t step, alias_function alias)
        {
            const graph::plan_step& s = m_plan.steps[step];
            m.value[step] = alias(m.value[std::size_t(s.operand[0])], m.shape[step], parameters_of(s));
        }

        /// The last part of planning: where each region reads and writes.
        [[gnu::cold]] void plan_regions()
        {
            base::plan_loops();
            place_operands();
            if (base::has_blocks())
            {
                base::plan_blocks();
            }
            m_changed = false;
            m_moved = false;
        }

        /// Whether it is a task's turn, if it serves an output that is wanted.
        bool is_turn(std::size_t task, turn now) const { return m.turn[task] == now; }

        /// What parts are added to starts from zero.
        void clear_assembled()
        {
            for (std::size_t k = 0; k < m_plan.assembled_count; ++k)
            {
                const output_ref& sum = m.target[std::size_t(m_plan.assembled[k])];
                if (sum.data != nullptr && !m.is_cleared[k])
                {
                    array::fill(sum, T(0));
                }
            }
        }

        /// The n-th task on whole arrays.
        void run_whole(std::size_t n, whole_kernel run) const { run(m.operands[n]); }

        /// The same for an elementwise operation of so many operands, row by row.
        void run_each(std::size_t n, std::size_t arity, row_function run) const
        {
            const operands<T>& all = m.operands[n];
            const std::size_t arrays = arity + 1;
            std::array<array::strides, graph::max_operands + 1> stride{all.out.stride};
            for (std::size_t k = 0; k < arity; ++k)
            {
                stride[k + 1] = array::broadcast_to(all.x[k], all.out.shape).stride;
            }
            const array::loop_axes axes = array::order_axes(all.out.shape, {stride.data(), arrays});
            std::array<array::index, graph::max_operands + 1> at, distance{};
            for (std::size_t k = 0; k < arrays; ++k)
            {
                distance[k] = axes.rank == 0 ? 0 : stride[k][0];
            }
            array::for_each_row(axes, {stride.data(), arrays}, at.data(),
                                [&]
                                {
                                    const T* x[graph::max_operands];
                                    for (std::size_t k = 0; k < arity; ++k)
                                    {
                                        x[k] = all.x[k].data + at[k + 1];
                                    }
                                    run(axes.row_size(), all.out.data + at[0], x, distance.data());
                                });
        }

        /// The memory that is kept for the next run, as far as it grows with the arrays.
        std::size_t kept_bytes() const
        {
            std::size_t numbers = m_work.capacity() + base::kept_numbers();
            for (std::size_t s = 0; s < m_plan.slot_count; ++s)
            {
                numbers += m.converted[s].capacity();
            }
            return numbers * sizeof(T);
        }

    private:
        std::vector<T> m_work;

        std::size_t output_step(std::size_t output) const { return std::size_t(m_plan.outputs[output]); }

        [[gnu::noinline]] void move_target(std::size_t output, const output_ref& elements)
        {
            const std::size_t step = output_step(output);
            input_ref& before = m.result[output];
            m_changed = m_changed || !lies_alike(before, elements);
            if (m.target[step].data == before.data)
            {
                m.target[step].data = elements.data;
                m.value[step].data = elements.data;
            }
            before.data = elements.data;
        }

        [[gnu::noinline]] void set_target(std::size_t output, const output_ref& elements)
        {
            const std::size_t step = output_step(output);
            m.result[output] = elements;
            if (m.target[step].data == nullptr)
            {
                m.target[step] = elements;
            }
        }

        bool needs_memory(std::size_t step, unsigned long long serves) const
        {
            return (serves & m_wanted) != 0 && m.target[step].data == nullptr;
        }

        [[gnu::cold]] void place_operands()
        {
            operands<T>* all = m.operands;
            for (std::size_t k = 0; k < m_plan.task_count; ++k)
            {
                if (m_plan.tasks[k].kind == graph::task_kind::whole)
                {
                    place(std::size_t(m_plan.tasks[k].index), *all++);
                }
            }
        }

        [[gnu::cold]] void place(std::size_t step, operands<T>& all) const
        {
            const graph::plan_step& s = m_plan.steps[step];
            all.out = m.target[step];
            all.parameters = parameters_of(s);
            for (int i = 0; i < s.arity; ++i)
            {
                const std::size_t x = std::size_t(s.operand[std::size_t(i)]);
                all.x[std::size_t(i)] =
                    (s.shape_only >> unsigned(i) & 1u) != 0 ? input_ref(nullptr, m.shape[x]) : m.value[x];
            }
        }
    };
}
