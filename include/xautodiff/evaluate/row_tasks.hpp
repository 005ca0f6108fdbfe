// SPDX-License-Identifier: BSD-3-Clause
// Which tasks go along the rows of one matrix, so that they can be run together, a block of rows at a time. That depends on
// shapes, and is decided when they are known. Rows are what the first axis counts.
//
// A value is there as a whole before the blocks are run, or row by row while they are, or only after them: sums over rows,
// and what needs those.
#pragma once

#include <xautodiff/evaluate/array_loops.hpp>

namespace xautodiff::evaluate
{
    template <class T>
    class row_tasks : public array_loops<T>
    {
        using base = array_loops<T>;

    public:
        using typename base::input_ref;

        using base::base;

    protected:
        using index = array::index;
        using base::m;
        using base::m_plan;
        using base::m_wanted;
        using base::next_shape;
        using base::parameters_of;

        /// Smaller arrays stay in the nearest cache by themselves.
        static constexpr index least_bytes = 1 << 16;

        index m_rows = 0;

        /// Calls f(step, serves) for every step that a task writes.
        template <class F>
        void for_each_stored(F f) const
        {
            for (std::size_t i = 0; i < m_plan.task_count; ++i)
            {
                if (m_plan.tasks[i].kind == graph::task_kind::whole)
                {
                    f(std::size_t(m_plan.tasks[i].index), m_plan.tasks[i].serves);
                }
            }
            for (std::size_t i = 0; i < m_plan.result_count; ++i)
            {
                f(std::size_t(m_plan.results[i].home), m_plan.results[i].serves);
            }
        }

        /// How many rows the largest array has, if it is a matrix that is worth it; otherwise 0.
        [[gnu::cold]] index rows_of_largest() const
        {
            index largest = least_bytes / index(sizeof(T)) - 1, rows = 0;
            const auto consider = [&](std::size_t step)
            {
                const array::shape& s = m.shape[step];
                if (s.rank > 1 && s.size() > largest)
                {
                    largest = s.size();
                    rows = s[0];
                }
            };
            for (std::size_t s = 0; s < m_plan.slot_count; ++s)
            {
                consider(std::size_t(m_plan.slots[s].step));
            }
            for_each_stored([&](std::size_t step, unsigned long long serves)
                            { (serves & m_wanted) != 0 ? consider(step) : void(); });
            return rows;
        }

        /// All tasks one after the other, each on whole arrays.
        [[gnu::cold]] void take_whole()
        {
            for (std::size_t k = 0; k < m_plan.task_count; ++k)
            {
                m.turn[k] = m_plan.tasks[k].reads_values ? turn::first : turn::with_shapes;
            }
            std::fill_n(m.row, m_plan.step_count, row_role());
        }

        /// Finds the tasks that go along m_rows rows, after take_whole(). All values have their layout, but not yet memory.
        /// Returns how many bytes these tasks read and write for each row; 0 where nothing large is touched by two of them.
        [[gnu::cold]] index find_row_tasks()
        {
            for (std::size_t k = 0; k < m_plan.task_count; ++k)
            {
                const graph::task& t = m_plan.tasks[k];
                if ((t.serves & m_wanted) != 0 && m.turn[k] != turn::with_shapes)
                {
                    m.turn[k] = t.kind == graph::task_kind::region  ? turn_of_region(t)
                                : t.kind == graph::task_kind::whole ? turn_of_whole(t)
                                                                    : turn_of_alias(std::size_t(t.index));
                }
            }
            m_touched.assign(m_plan.step_count, 0);
            for (std::size_t k = 0; k < m_plan.task_count; ++k)
            {
                if ((m_plan.tasks[k].serves & m_wanted) != 0)
                {
                    find_touched(m_plan.tasks[k], m.turn[k]);
                }
            }
            for (std::size_t o = 0; o < m_plan.output_count; ++o)
            {
                m.row[root_of(std::size_t(m_plan.outputs[o]))].is_kept = true;
            }
            index bytes = 0;
            bool is_shared = false;
            for (std::size_t i = 0; i < m_plan.step_count; ++i)
            {
                const array::shape& s = m.shape[i];
                if (m_touched[i] != 0)
                {
                    const index own = s.size() * index(sizeof(T));
                    bytes += own / m_rows;
                    is_shared = is_shared || (m_touched[i] > 1 && s.rank > 1 && own >= least_bytes);
                }
            }
            for (std::size_t i = 0; i < m_plan.step_count; ++i)
            {
                m.row[i].has_block = m.row[i].when == there::by_rows && !m.row[root_of(i)].is_kept;
            }
            return is_shared ? bytes : 0;
        }

        /// Calls f for the steps that a task in blocks sums over rows.
        template <class F>
        void for_each_row_sum(const graph::task& t, F f) const
        {
            for_each_result(t, [&](int step) { when(step) == there::after ? f(std::size_t(step)) : void(); });
        }

    private:
        std::vector<int> m_touched;  ///< for each step, how many tasks in blocks read or write its rows

        there when(int step) const { return m.row[std::size_t(step)].when; }
        const array::shape& shape_of(int step) const { return m.shape[std::size_t(step)]; }

        /// Whether a value has a row for each of those that are counted, and can be read row by row.
        bool has_rows(int step) const
        {
            return when(step) != there::after && shape_of(step).rank > 0 && shape_of(step)[0] == m_rows;
        }

        /// Whether a loop over `shape` goes along the value's rows; otherwise it reads all of it in each row.
        bool lies_along(int step, const array::shape& shape) const
        {
            return has_rows(step) && shape_of(step).rank == shape.rank;
        }

        /// The step whose elements this one shows.
        std::size_t root_of(std::size_t step) const
        {
            while (m.row[step].is_alias)
            {
                step = std::size_t(m_plan.steps[step].operand[0]);
            }
            return step;
        }

        /// Calls f(operand, bit) for the operands of a step whose values are read.
        template <class F>
        void for_each_operand(const graph::plan_step& s, F f) const
        {
            for (int i = 0; i < s.arity; ++i)
            {
                const int x = s.operand[std::size_t(i)];
                const unsigned bit = 1u << unsigned(i);
                if ((s.shape_only & bit) == 0 && m_plan.steps[std::size_t(x)].kind != graph::step_kind::parameter)
                {
                    f(x, bit);
                }
            }
        }

        template <class F>
        void for_each_result(const graph::task& t, F f) const
        {
            if (t.kind != graph::task_kind::region)
            {
                return f(t.index);
            }
            const graph::region& r = m_plan.regions[std::size_t(t.index)];
            for (int o = r.first_output; o < r.first_output + r.outputs; ++o)
            {
                f(m_plan.results[o].step);
            }
        }

        /// Calls f for the memory that a task's results are parts of: it is there when the last part is.
        template <class F>
        void for_each_home(const graph::task& t, F f) const
        {
            for (int o = 0; t.kind == graph::task_kind::region && o < m_plan.regions[std::size_t(t.index)].outputs; ++o)
            {
                const graph::region_output& out = m_plan.results[m_plan.regions[std::size_t(t.index)].first_output + o];
                out.home != out.step ? f(out.home) : void();
            }
        }

        /// Notes when a task's results are there, and returns its turn.
        turn settle(const graph::task& t, bool by_rows, bool all_there)
        {
            if (!by_rows)
            {
                const there now = all_there ? there::before : there::after;
                for_each_result(t, [&](int step) { m.row[std::size_t(step)].when = now; });
                for_each_home(t, [&](int step) { m.row[std::size_t(step)].when = std::max(when(step), now); });
            }
            return by_rows ? turn::by_rows : all_there ? turn::first : turn::after;
        }

        /// Seen another way, rows are still rows if the first axis leads to the same elements.
        [[gnu::cold]] turn turn_of_alias(std::size_t step)
        {
            const std::size_t x = std::size_t(m_plan.steps[step].operand[0]);
            const input_ref &to = m.value[step], &from = m.value[x];
            const bool same_rows = to.data == from.data && to.shape.rank > 0 && from.shape.rank > 0
                                   && to.shape[0] == from.shape[0] && to.stride[0] == from.stride[0];
            m.row[step].is_alias = true;
            m.row[step].when = m.row[x].when == there::by_rows && !same_rows ? there::after : m.row[x].when;
            return turn::first;
        }

        [[gnu::cold]] turn turn_of_whole(const graph::task& t)
        {
            const std::size_t step = std::size_t(t.index);
            const graph::plan_step& s = m_plan.steps[step];
            graph::shapes x;
            for (int k = 0; k < s.arity; ++k)
            {
                x[std::size_t(k)] = shape_of(s.operand[std::size_t(k)]);
            }
            const op::row_use use = s.rows == nullptr ? op::row_use() : s.rows(x, parameters_of(s));
            bool fits = use.taken != 0 && (use.adds_up || (m.shape[step].rank > 0 && m.shape[step][0] == m_rows));
            bool is_matrix = false, all_there = true;
            for_each_operand(s,
                             [&](int operand, unsigned bit)
                             {
                                 const bool taken = (use.taken & bit) != 0;
                                 fits = fits && (taken ? has_rows(operand) : when(operand) == there::before);
                                 is_matrix = is_matrix || (taken && goes_along(operand));
                                 all_there = all_there && when(operand) == there::before;
                             });
            const bool by_rows = fits && is_matrix;
            m.row[step].use = use;
            m.row[step].when = use.adds_up ? there::after : there::by_rows;
            return settle(t, by_rows, all_there);
        }

        /// Whether going along a value's rows is a reason to do it in blocks: for a vector alone it is none.
        bool goes_along(int step) const { return shape_of(step).rank > 1 || when(step) == there::by_rows; }

        [[gnu::cold]] turn turn_of_region(const graph::task& t)
        {
            const std::size_t k = std::size_t(t.index);
            const graph::region& r = m_plan.regions[k];
            const array::shape* const shape = r.is_number ? nullptr : next_shape(k, nullptr);
            bool fits = shape != nullptr && shape->rank > 0 && (*shape)[0] == m_rows && next_shape(k, shape) == nullptr;
            bool is_matrix = false, all_there = true;
            for (int i = r.first_stream; i < r.first_stream + r.streams; ++i)
            {
                const int x = m_plan.streams[i];
                const bool along = fits && lies_along(x, *shape);
                fits = fits && (along || when(x) == there::before);
                is_matrix = is_matrix || (along && goes_along(x));
                all_there = all_there && when(x) == there::before;
            }
            for (int i = r.first_number; i < r.first_number + r.numbers; ++i)
            {
                all_there = all_there && when(m_plan.numbers[i]) == there::before;
                fits = fits && when(m_plan.numbers[i]) == there::before;
            }
            for (int o = r.first_output; fits && o < r.first_output + r.outputs; ++o)
            {
                const graph::region_output& out = m_plan.results[o];
                const graph::plan_step& s = m_plan.steps[std::size_t(out.step)];
                fits = out.step == out.from || s.reduces != graph::reduction_kind::into_slices;
                m.row[std::size_t(out.step)].when = keeps_rows(out, *shape) ? there::by_rows : there::after;
            }
            return settle(t, fits && is_matrix, all_there);
        }

        /// Whether a result of a loop over `shape` has its rows.
        [[gnu::cold]] bool keeps_rows(const graph::region_output& out, const array::shape& shape) const
        {
            if (out.step == out.from)
            {
                return true;
            }
            const graph::plan_step& s = m_plan.steps[std::size_t(out.step)];
            if (s.reduces == graph::reduction_kind::over_axes)
            {
                return !array::reduced_axes(shape.rank, *parameters_of(s))[0];
            }
            const array::shape& own = shape_of(out.step);
            return s.reduces == graph::reduction_kind::to_shape && own.rank == shape.rank && own[0] == m_rows;
        }

        /// Counts what a task in blocks touches. What a later task reads has to be kept as a whole.
        [[gnu::cold]] void find_touched(const graph::task& t, turn when_run)
        {
            const auto touch = [&](int step) { ++m_touched[root_of(std::size_t(step))]; };
            const auto keep = [&](int step) { m.row[root_of(std::size_t(step))].is_kept = true; };
            const bool by_rows = when_run == turn::by_rows;
            if (by_rows)
            {
                for_each_result(t, [&](int step) { when(step) == there::by_rows ? touch(step) : void(); });
            }
            if (t.kind == graph::task_kind::region)
            {
                const graph::region& r = m_plan.regions[std::size_t(t.index)];
                const array::shape* const shape = by_rows ? next_shape(std::size_t(t.index), nullptr) : nullptr;
                for (int i = r.first_stream; i < r.first_stream + r.streams; ++i)
                {
                    const int x = m_plan.streams[i];
                    !by_rows ? keep(x) : lies_along(x, *shape) ? touch(x) : void();
                }
            }
            else if (t.kind == graph::task_kind::whole)
            {
                for_each_operand(m_plan.steps[std::size_t(t.index)],
                                 [&](int x, unsigned bit)
                                 {
                                     const bool taken = (m.row[std::size_t(t.index)].use.taken & bit) != 0;
                                     !by_rows ? keep(x) : taken ? touch(x) : void();
                                 });
            }
        }
    };
}
