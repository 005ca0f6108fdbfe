// SPDX-License-Identifier: BSD-3-Clause
// Runs the tasks that go along the rows of one matrix together, a block of rows at a time: what one of them reads or leaves
// is still in the cache for the next, and what only they need has memory for one block. X w and Xᵀ r read X once this way.
#pragma once

#include <xautodiff/evaluate/row_tasks.hpp>

namespace xautodiff::evaluate
{
    template <class T>
    class row_blocks : public row_tasks<T>
    {
        using base = row_tasks<T>;
        using typename base::index;

    public:
        using typename base::output_ref;

        using base::base;

        /// Whether there are tasks to be run in blocks.
        bool has_blocks() const { return m_block != 0; }

        void begin_blocks()
        {
            for (row_sum& s : m_sums)
            {
                m.target[s.step].data = s.sums.start(m_memory.data() + s.memory);
            }
            place_block(0);
        }

        /// Goes on to the next block. False where there is none: then all sums are in their places.
        bool next_block()
        {
            for (row_sum& s : m_sums)
            {
                m.target[s.step].data = s.sums.add_block();
            }
            if (m_begin + m_count < m_rows)
            {
                place_block(m_begin + m_count);
                return true;
            }
            for (row_sum& s : m_sums)
            {
                m.target[s.step] = s.result;
                array::fill(s.result, T(0));
                s.sums.finish(s.result.data);
            }
            m_count = 0;
            return false;
        }

    protected:
        using base::m;
        using base::m_begin;
        using base::m_count;
        using base::m_plan;
        using base::m_rows;
        using base::take_rows;

        [[gnu::cold]] void forget_blocks()
        {
            m_block = m_count = 0;
            base::take_whole();
        }

        /// Decides whether to run tasks in blocks, which ones, and of how many rows.
        [[gnu::cold]] void choose_blocks(index rows)
        {
            m_rows = rows;
            const index row_bytes = base::find_row_tasks();
            constexpr index lanes = array::lane_count<T>;
            const index most = row_bytes == 0 ? rows : std::max(block_bytes / row_bytes / lanes, index(1)) * lanes;
            if (2 * most > rows)
            {
                return forget_blocks();
            }
            // Blocks of about the same size.
            const index blocks = (rows + most - 1) / most;
            m_block = ((rows + blocks - 1) / blocks + lanes - 1) / lanes * lanes;
        }

        /// How many elements of a stored step are kept at a time.
        std::size_t memory_size(std::size_t step) const
        {
            const index size = m.shape[step].size();
            return std::size_t(m.row[step].has_block ? size / m_rows * m_block : size);
        }

        /// The last part of planning, when everything has its memory.
        [[gnu::cold]] void plan_blocks()
        {
            m_sums.clear();
            std::size_t memory = 0;
            const index blocks = (m_rows + m_block - 1) / m_block;
            for (std::size_t k = 0; k < m_plan.task_count; ++k)
            {
                if (m.turn[k] == turn::by_rows)
                {
                    base::for_each_row_sum(
                        m_plan.tasks[k],
                        [&](std::size_t step)
                        {
                            const output_ref& result = m.target[step];
                            if (result.data != nullptr)
                            {
                                m_sums.push_back(
                                    {step, result, column_sums<T>(result, blocks * column_sums<T>::rows), memory});
                                memory += m_sums.back().sums.memory_size();
                            }
                        });
                }
            }
            m_memory.resize(memory);
            m_planned = 0;
            base::make_buffer();
        }

        std::size_t kept_numbers() const { return base::kept_numbers() + m_memory.capacity(); }

    private:
        /// What a block reads and writes stays in the second cache.
        static constexpr index block_bytes = 1 << 18;

        struct row_sum
        {
            std::size_t step;
            output_ref result;
            column_sums<T> sums;
            std::size_t memory;
        };

        index m_block = 0;    ///< how many rows a block has; the last one may have fewer
        index m_planned = 0;  ///< how many rows the loops are planned for
        std::vector<row_sum> m_sums;
        std::vector<T> m_memory;

        [[gnu::noinline]] void place_block(index begin)
        {
            m_begin = begin;
            m_count = std::min(m_block, m_rows - begin);
            operands<T>* all = m.operands;
            for (std::size_t k = 0; k < m_plan.task_count; ++k)
            {
                const graph::task& t = m_plan.tasks[k];
                const bool by_rows = m.turn[k] == turn::by_rows;
                if (by_rows && t.kind == graph::task_kind::region)
                {
                    place_loop(std::size_t(t.index));
                }
                else if (by_rows && t.kind == graph::task_kind::whole)
                {
                    place_rows(std::size_t(t.index), *all);
                }
                all += t.kind == graph::task_kind::whole;
            }
            m_planned = m_count;
        }

        /// Lets an operation on whole arrays run on the block's rows of what it goes along.
        void place_rows(std::size_t step, operands<T>& all) const
        {
            const graph::plan_step& s = m_plan.steps[step];
            const op::row_use use = m.row[step].use;
            all.out.data = m.target[step].data;
            if (!use.adds_up)
            {
                take_rows(step, all.out);
            }
            for (int i = 0; i < s.arity; ++i)
            {
                if ((use.taken >> unsigned(i) & 1u) != 0)
                {
                    const std::size_t x = std::size_t(s.operand[std::size_t(i)]);
                    all.x[std::size_t(i)].data = m.value[x].data;
                    take_rows(x, all.x[std::size_t(i)]);
                }
            }
        }

        /// Lets a region's loop run over the block's rows.
        void place_loop(std::size_t k)
        {
            region_loop<T>& loop = m.loops[k];
            const graph::region& r = m_plan.regions[k];
            if (m_planned == m_count)
            {
                base::move_loop(k);
            }
            else
            {
                const array::shape& whole = *base::next_shape(k, nullptr);
                array::shape part = whole;
                part[0] = m_count;
                base::plan_loop(k, whole, part);
            }
            for (std::size_t s = 0; s < loop.streams; ++s)
            {
                const bool moves = !m.row[std::size_t(m_plan.streams[std::size_t(r.first_stream) + s])].has_block;
                loop.in[s] += moves ? m_begin * loop.row_step[s] : 0;
            }
            for (std::size_t o = 0; o < loop.results; ++o)
            {
                const bool moves = !m.row[std::size_t(loop.outputs[o].step)].has_block;
                loop.out[o] += moves ? m_begin * loop.row_step[loop.streams + o] : 0;
            }
        }
    };
}
