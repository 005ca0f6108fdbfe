// SPDX-License-Identifier: BSD-3-Clause
// Takes a region's loop some rows at a time where results are summed over many rows, so that these sums are exact enough.
#pragma once

#include <xautodiff/evaluate/column_sums.hpp>
#include <xautodiff/evaluate/region_runner.hpp>

#include <vector>

namespace xautodiff::evaluate
{
    template <class T>
    class row_chunks
    {
        using index = array::index;

    public:
        /// Looks for the longest axis over which results are summed row by row. False where there is none of many rows.
        [[gnu::cold]] bool plan(const region_loop<T>& loop)
        {
            m_axis = 0;
            for (int d = 1; d < loop.axes.rank; ++d)
            {
                const index rows = loop.axes.extent[std::size_t(d)];
                if (rows > column_sums<T>::rows && (m_axis == 0 || rows > loop.axes.extent[std::size_t(m_axis)])
                    && any_result(loop, [&](std::size_t o) { return is_summed(loop, o, d); }))
                {
                    m_axis = d;
                }
            }
            if (m_axis == 0 || loop.axes.is_empty)
            {
                return false;
            }
            m_sums.assign(loop.results, column_sums<T>());
            std::size_t memory = 0;
            for (std::size_t o = 0; o < loop.results; ++o)
            {
                if (is_summed(loop, o, m_axis))
                {
                    m_sums[o] = column_sums<T>(rows_of(loop, o), loop.axes.extent[std::size_t(m_axis)]);
                    memory += m_sums[o].memory_size();
                }
            }
            m_memory.resize(memory);
            m_in.assign(loop.in, loop.in + loop.streams + loop.numbers);
            m_out.assign(loop.out, loop.out + loop.results);
            m_outer.assign(loop.stride, loop.stride + loop.streams + loop.results);
            for (array::strides& s : m_outer)
            {
                std::copy(s.begin() + m_axis + 1, s.end(), s.begin() + 1);
            }
            m_at.resize(m_outer.size());
            return true;
        }

        void run(const region_loop<T>& loop, region_function<T> f, const region_scratch<T>& scratch)
        {
            const std::size_t z = std::size_t(m_axis);
            std::copy_n(loop.in, m_in.size(), m_in.begin());
            std::copy_n(loop.out, m_out.size(), m_out.begin());
            region_loop<T> part = loop;
            part.in = m_in.data();
            part.out = m_out.data();
            part.axes.rank = m_axis + 1;
            array::loop_axes outer{loop.axes.rank - m_axis, {1}, false};
            std::copy_n(loop.axes.extent.begin() + m_axis + 1, outer.rank - 1, outer.extent.begin() + 1);
            region_runner<T> runner(part, f, scratch);
            runner.start();
            array::for_each_row(outer, {m_outer.data(), m_outer.size()}, m_at.data(),
                                [&]
                                {
                                    start(loop);
                                    const index rows = loop.axes.extent[z];
                                    for (index begin = 0; begin < rows; begin += column_sums<T>::rows)
                                    {
                                        part.axes.extent[z] = std::min(rows - begin, column_sums<T>::rows);
                                        place(loop, begin);
                                        runner.run_rows();
                                        for_each_sum(loop,
                                                     [this](column_sums<T>& s, std::size_t o)
                                                     {
                                                         m_out[o] = s.add_block();
                                                         s.clear();
                                                     });
                                    }
                                    for_each_sum(loop, [&](column_sums<T>& s, std::size_t o)
                                                 { s.finish(loop.out[o] + m_at[loop.streams + o]); });
                                });
            runner.finish();
        }

        /// How many numbers are kept for the next run.
        std::size_t kept_numbers() const { return m_memory.capacity(); }

    private:
        int m_axis = 0;
        std::vector<column_sums<T>> m_sums;  ///< of each result; not all are used
        std::vector<T> m_memory;
        std::vector<const T*> m_in;
        std::vector<T*> m_out;
        std::vector<array::strides> m_outer;  ///< beyond the axis
        std::vector<index> m_at;

        template <class F>
        static bool any_result(const region_loop<T>& loop, F f)
        {
            bool any = false;
            for (std::size_t o = 0; o < loop.results; ++o)
            {
                any = any || f(o);
            }
            return any;
        }

        /// Whether all rows along an axis are added to the same elements.
        static bool is_summed(const region_loop<T>& loop, std::size_t o, int axis)
        {
            const delivery how = loop.how[o];
            return how != delivery::none && how != delivery::total
                   && loop.stride[loop.streams + o][std::size_t(axis)] == 0;
        }

        /// The elements of a result that the axes before the summed one lead to.
        array::array_ref<T> rows_of(const region_loop<T>& loop, std::size_t o) const
        {
            array::array_ref<T> out;
            const array::strides& stride = loop.stride[loop.streams + o];
            for (std::size_t d = std::size_t(m_axis); d-- > 0;)
            {
                out.stride[std::size_t(out.shape.rank)] = stride[d];
                out.shape.push_back(stride[d] == 0 ? 1 : loop.axes.extent[d]);
            }
            return out;
        }

        template <class F>
        void for_each_sum(const region_loop<T>& loop, F f)
        {
            for (std::size_t o = 0; o < loop.results; ++o)
            {
                if (is_summed(loop, o, m_axis))
                {
                    f(m_sums[o], o);
                }
            }
        }

        void start(const region_loop<T>& loop)
        {
            T* memory = m_memory.data();
            for_each_sum(loop,
                         [&](column_sums<T>& s, std::size_t o)
                         {
                             m_out[o] = s.start(memory);
                             s.clear();
                             memory += s.memory_size();
                         });
        }

        /// Where the rows from `begin` on are read and written.
        void place(const region_loop<T>& loop, index begin)
        {
            const std::size_t z = std::size_t(m_axis);
            for (std::size_t s = 0; s < loop.streams; ++s)
            {
                m_in[s] = loop.in[s] + m_at[s] + begin * loop.stride[s][z];
            }
            for (std::size_t o = 0; o < loop.results; ++o)
            {
                if (loop.how[o] != delivery::total && loop.how[o] != delivery::none && !is_summed(loop, o, m_axis))
                {
                    const std::size_t k = loop.streams + o;
                    m_out[o] = loop.out[o] + m_at[k] + begin * loop.stride[k][z];
                }
            }
        }
    };
}
