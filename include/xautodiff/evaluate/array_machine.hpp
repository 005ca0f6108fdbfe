// SPDX-License-Identifier: BSD-3-Clause
// Runs a graph on arrays, task by task, as planned. Compiled once for each number type.
#pragma once

#include <xautodiff/evaluate/machine_plan.hpp>

#include <array>

namespace xautodiff::evaluate
{
    template <class T>
    class array_machine : public machine_plan<T>
    {
        using base = machine_plan<T>;
        using base::m;
        using base::m_moved;
        using base::m_plan;

    public:
        using typename base::output_ref;
        using typename base::result;

        using base::base;

        /// Runs the graph on the leaves that were taken, and writes `results`, one place for each output.
        /// Returns false, having computed nothing, where shapes are other than the schedule expects.
        /// Throws shape_error where shapes do not fit.
        bool run(const result* results)
        {
            // As tasks know them: all from the 64th on are one.
            unsigned long long wanted = 0, bit = 1;
            for (std::size_t o = 0; o < m_plan.output_count; ++o)
            {
                if (results[o].is_wanted())
                {
                    wanted |= bit;
                    m_moved = m_moved || !results[o].lies_at(m.result[o]);
                }
                bit <<= o < 63;
            }
            if (m_moved || !base::is_planned_alike(wanted))
            {
                if (!base::plan(wanted, results))
                {
                    return false;
                }
                run_tasks(turn::with_shapes);
            }
            if (m_plan.assembled_count != 0)
            {
                clear_assembled();
            }
            for (std::size_t k = 0; k < base::m_ready; ++k)
            {
                run_task(m.ready[k]);
            }
            if (base::has_blocks())
            {
                base::begin_blocks();
                do
                {
                    run_tasks(turn::by_rows);
                } while (base::next_block());
                run_tasks(turn::after);
            }
            for (std::size_t o = 0; base::m_has_copies && o < m_plan.output_count; ++o)
            {
                if (base::is_copied(o, results))
                {
                    results[o].store(m.value[base::output_step(o)]);
                }
            }
            return true;
        }

    private:
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

        void run_tasks(turn now)
        {
            base::for_each_task(now, [this](const ready_task<T>& t) { run_task(t); });
        }

        void run_task(const ready_task<T>& t)
        {
            if (t.code->loop != nullptr)
            {
                base::run_loop(t.index, t.code->loop);
            }
            else if (t.code->numbers != nullptr)
            {
                base::run_numbers(t.index, t.code->numbers);
            }
            else if (t.code->whole != nullptr)
            {
                t.code->whole(*t.all);
            }
            else if (t.code->row != nullptr)
            {
                run_each(*t.all, std::size_t(m_plan.steps[t.index].arity), t.code->row);
            }
        }

        /// An elementwise operation of so many operands on whole arrays, row by row.
        static void run_each(const operands<T>& all, std::size_t arity, decltype(task_code<T>::row) run)
        {
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
    };
}
