// SPDX-License-Identifier: BSD-3-Clause
// What a region's loops have in common: the room they need while they run, and the ends of rows, where elements do not fill a
// register or were put off.
#pragma once

#include <xautodiff/array/pairwise_sum.hpp>
#include <xautodiff/evaluate/region_loop.hpp>

namespace xautodiff::evaluate
{
    /// Room for what one region needs while it runs.
    template <class T>
    struct region_scratch
    {
        array::widest_t<T>* totals;
        array::pairwise_sum<array::widest_t<T>>* sums;
        const T** from;
        T** to;
        T** place;
        array::index* at;
        array::index* step;
        array::index* mask;
        array::index* sum_mask;
        array::index* delay;
        array::widest_t<T>* held;
        T* buffer;
    };

    template <class T>
    class region_ends
    {
    public:
        region_ends(const region_loop<T>& loop, region_function<T> f, const region_scratch<T>& scratch)
            : r(loop), m_run(f), m(scratch)
        {
        }

    protected:
        using index = array::index;
        using V = array::widest_t<T>;

        static constexpr index lanes = block_sizes<T>::lanes;
        static constexpr bool has_lanes = lanes > 1;
        static constexpr index block = block_sizes<T>::buffered;

        const region_loop<T>& r;
        region_function<T> m_run;
        region_scratch<T> m;

        index step_of(std::size_t k) const { return r.step_of(k); }
        index row_step_of(std::size_t k) const { return r.stride[k][1]; }

        T* buffer_of(std::size_t k) const { return m.buffer + index(k) * block_sizes<T>::buffer; }
        T* result_buffer(std::size_t o) const { return buffer_of(r.streams + o); }
        /// Whether the inner loop adds to a result's elements.
        bool accumulates(std::size_t o) const { return r.outputs[o].adds_in_place(); }

        loop_walk<T> walk(index rows, const index* row_step, const index* mask, const index* sum_mask = nullptr) const
        {
            return {rows, row_step, mask, sum_mask, r.is_merged ? m.delay : nullptr, m.held, r.is_grouped};
        }

        /// Copies what does not fill a register into one.
        static void copy_rest(T* to, const T* from, index n)
        {
            if constexpr (has_lanes)
            {
                V::load_first(from, n).store(to);
            }
            else
            {
                std::copy_n(from, n, to);
            }
        }

        /// Lets the inner loop write the n elements of a result at `there`, which do not fill a register, to its buffer; it may
        /// add to them.
        void take_rest(std::size_t o, const T* there, index n) const
        {
            m.to[o] = result_buffer(o) + block;
            if (accumulates(o))
            {
                copy_rest(m.to[o], there, n);
            }
        }

        /// Puts these to where they belong.
        void give_rest(std::size_t o, T* there, index n) const
        {
            if constexpr (has_lanes)
            {
                V::load(m.to[o]).store_first(there, n);
            }
            else
            {
                std::copy_n(m.to[o], n, there);
            }
        }

        /// Of parts that are put together in registers, the elements that are there still, and those that did not fill one,
        /// which begin so far behind where take_rest has let them be written.
        [[gnu::noinline]] void add_ends(index rest_at = 0)
        {
            if constexpr (has_lanes && array::has_delay_lines)
            {
                const index rest = r.axes.row_size() % lanes;
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    if (r.how[o] == delivery::merged)
                    {
                        T* const end = r.out[o] + r.axes.row_size() - rest;
                        for (index i = 0; i < m.delay[o]; ++i)
                        {
                            end[i - m.delay[o]] += array::delay_line<T>::put_off(m.held[o], m.delay[o], i);
                        }
                        put_row(delivery::add, end, result_buffer(o) + block + rest_at, 1, rest);
                    }
                }
            }
        }

        /// Writes a row of a result's buffer to where it belongs, or adds it.
        [[gnu::noinline]] static void put_row(delivery how, T* to, const T* from, index step, index n)
        {
            index i = 0;
            if constexpr (has_lanes)
            {
                for (; step == 1 && how == delivery::add && i + lanes <= n; i += lanes)
                {
                    (V::load(to + i) + V::load(from + i)).store(to + i);
                }
            }
            for (; i < n; ++i)
            {
                to[i * step] = how == delivery::add ? to[i * step] + from[i] : from[i];
            }
        }

        /// Adds what a call of the inner loop over n elements left in the totals; only the first `valid` lanes count.
        [[gnu::noinline]] void add_totals(index n, index valid)
        {
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (r.how[o] != delivery::total)
                {
                    continue;
                }
                if constexpr (has_lanes)
                {
                    m.sums[o].add(valid == lanes ? m.totals[o] : m.totals[o].first(valid));
                }
                else
                {
                    const T* const terms = m.to[o];
                    m.sums[o].add(array::block_sum<T>(n, [terms](index i) { return terms[i]; }));
                }
            }
        }

        /// The same where a register was filled with elements of which only the last n count.
        [[gnu::noinline]] void add_last_totals(index n)
        {
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (r.how[o] == delivery::total)
                {
                    m.sums[o].add(m.totals[o].last(n));
                }
            }
        }

        /// Puts the last n elements of such a register, not all, to where they belong.
        [[gnu::noinline]] static void put_last(T* to, const T* from, index n)
        {
            array::detail::copy_some<lanes / 2>(to, from + lanes - n, n);
        }

        static T sum_of_lanes(const V& v)
        {
            if constexpr (has_lanes)
            {
                return sum(v);
            }
            else
            {
                return v;
            }
        }
    };
}
