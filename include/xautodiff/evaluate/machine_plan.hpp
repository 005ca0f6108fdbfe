// SPDX-License-Identifier: BSD-3-Clause
// What is decided before a graph is run on arrays: shapes, where each step's value lies and each result is written, and which
// tasks are run. It holds until leaves or results lie otherwise. Compiled once for each number type.
#pragma once

#include <xautodiff/evaluate/result_place.hpp>
#include <xautodiff/evaluate/row_blocks.hpp>

#include <vector>

namespace xautodiff::evaluate
{
    template <class T>
    class machine_plan : public row_blocks<T>
    {
        using base = row_blocks<T>;
        using base::lies_alike;
        using base::m_changed;
        using base::m_count;
        using base::parameters_of;

    public:
        using typename base::input_ref;
        using typename base::output_ref;

        using result = result_place<T>;

        [[gnu::cold]] machine_plan(const plan_view& p, const task_code<T>* code, const machine_memory<T>& memory)
            : base(p, memory), m_code(code)
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
        machine_plan(const machine_plan&) = delete;
        machine_plan& operator=(const machine_plan&) = delete;

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

        const array::shape& output_shape(std::size_t output) const { return m.shape[output_step(output)]; }

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

    protected:
        using base::m;
        using base::m_moved;
        using base::m_plan;
        using base::m_wanted;

        std::size_t m_ready = 0;    ///< how many tasks are run first
        bool m_has_copies = false;  ///< some results are not written where they lie

        std::size_t output_step(std::size_t output) const { return std::size_t(m_plan.outputs[output]); }

        /// Whether it would hold with other pointers: leaves lie elsewhere, but in the same way. Blocks are planned anew, also
        /// after a run that an exception ended within one.
        bool is_planned_alike(unsigned long long wanted) const
        {
            return !m_changed && wanted == m_wanted && m_count == 0 && !(m_moved && base::has_blocks());
        }

        /// Follows what moved, or plans anew. Returns false where shapes are not as expected.
        [[gnu::noinline]] bool plan(unsigned long long wanted, const result* results)
        {
            if (is_planned_alike(wanted))
            {
                for_each_wanted(results,
                                [this](std::size_t o, const output_ref& elements) { move_target(o, elements); });
            }
            if (is_planned_alike(wanted))
            {
                set_aliases();
                m_moved = false;
                base::move_loops();
                place_operands();
            }
            else
            {
                infer_shapes();
                if (!is_as_expected())
                {
                    return false;
                }
                std::fill_n(m.target, m_plan.step_count, output_ref());
                for_each_wanted(results,
                                [this](std::size_t o, const output_ref& elements) { set_target(o, elements); });
                m_wanted = wanted;
                plan_tasks();
                allocate();
                set_aliases();
                plan_regions();
            }
            m_ready = 0;
            for_each_task(turn::first, [this](const ready_task<T>& t) { m.ready[m_ready++] = t; });
            m_has_copies = false;
            for (std::size_t o = 0; o < m_plan.output_count; ++o)
            {
                m_has_copies = m_has_copies || is_copied(o, results);
            }
            return true;
        }

        /// Whether a result is not written where it lies.
        bool is_copied(std::size_t o, const result* results) const
        {
            return results[o].is_wanted() && m.result[o].data != m.value[output_step(o)].data;
        }

        /// Calls f for the tasks whose turn it is, of those that serve an output that is wanted.
        template <class F>
        void for_each_task(turn now, F f) const
        {
            const operands<T>* all = m.operands;
            for (std::size_t k = 0; k < m_plan.task_count; ++k)
            {
                const graph::task& t = m_plan.tasks[k];
                if ((t.serves & m_wanted) != 0 && m.turn[k] == now)
                {
                    f(ready_task<T>{&m_code[k], std::size_t(t.index), all});
                }
                all += t.kind == graph::task_kind::whole;
            }
        }

    private:
        const task_code<T>* m_code;
        std::vector<T> m_work;

        /// Gives results their shapes, and calls f(output, elements) for those that can be written where they lie.
        template <class F>
        void for_each_wanted(const result* results, F f)
        {
            for (std::size_t o = 0; o < m_plan.output_count; ++o)
            {
                if (results[o].is_wanted())
                {
                    const output_ref elements = results[o].resized(m.shape[output_step(o)]);
                    results[o].has_same_numbers() ? f(o, elements) : void();
                }
            }
        }

        [[gnu::noinline]] void set_aliases()
        {
            for (std::size_t k = 0; k < m_plan.task_count; ++k)
            {
                if (m_code[k].alias != nullptr)
                {
                    const std::size_t step = std::size_t(m_plan.tasks[k].index);
                    const graph::plan_step& s = m_plan.steps[step];
                    m.value[step] =
                        m_code[k].alias(m.value[std::size_t(s.operand[0])], m.shape[step], parameters_of(s));
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

        /// Decides which tasks are run in blocks of rows.
        [[gnu::cold]] void plan_tasks()
        {
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

        void place_operands()
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

        void place(std::size_t step, operands<T>& all) const
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
