// SPDX-License-Identifier: BSD-3-Clause
// Takes a region's inner loop over arrays of any layout. The loop itself knows only rows of neighbouring elements; what lies
// otherwise, or repeats, or does not fill a register, goes through small buffers. Compiled once for each number type.
#pragma once

#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/pairwise_sum.hpp>
#include <xautodiff/evaluate/region_kernel.hpp>

namespace xautodiff::evaluate
{
    /// A region's arrays and how they lie to the elements of its loop.
    template <class T>
    struct region_arrays
    {
        region_function<T> run;
        const T* const* in;  ///< the streams, then the numbers
        T* const* out;       ///< null: this result is not wanted now
        const graph::region_output* outputs;
        std::size_t streams, numbers, results;
        // Room for one of each stream (and number) and result.
        array::strides* stride;
        array::widest_t<T>* totals;
        array::pairwise_sum<T>* sums;
        const T** from;
        T** to;
        array::index* at;
        T* buffer;  ///< region_runner::buffer_size each
    };

    template <class T>
    class region_runner
    {
        using index = array::index;
        using V = array::widest_t<T>;

        static constexpr index lanes = array::lane_count<T>;
        static constexpr bool has_lanes = lanes > 1;
        /// Elements at a time: what a sum adds up before it goes into pairs.
        static constexpr index block = 512;
        /// The same where nothing is buffered.
        static constexpr index plain_block = has_lanes ? 2048 : block;

    public:
        /// The size of one buffer: a block, and a register more for what is left over.
        static constexpr index buffer_size = block + lanes;

        region_runner(const region_arrays<T>& arrays, const array::shape& shape)
            : r(arrays), axes(array::order_axes(shape, {r.stride, r.streams + r.results}))
        {
        }

        /// Whether everything lies in one row of neighbours, written where it belongs.
        bool is_plain() const
        {
            bool plain = axes.rank <= 1 && !axes.is_empty;
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                plain = plain && step_of(s) == 1;
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                plain = plain && r.out[o] != nullptr && (is_total(o) || (is_direct(o) && !is_summed(o)));
            }
            return plain;
        }

        index row_size() const { return axes.row_size(); }

        /// Whether n elements that are plain need no buffer and no pairs of sums.
        static bool fits_registers(index n) { return has_lanes && n <= plain_block && n % lanes == 0; }

        /// What is_plain, n elements of it.
        static void run_plain(const region_arrays<T>& r, index n)
        {
            if (fits_registers(n))
            {
                r.run(n, r.in, r.out, r.totals);
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    if (r.outputs[o].kind == graph::output_kind::total)
                    {
                        *r.out[o] = sum_of_lanes(r.totals[o], lanes);
                    }
                }
                return;
            }
            region_runner(r, n).run_blocks(n);
        }

        void run()
        {
            start_totals();
            std::copy_n(r.in, r.streams + r.numbers, r.from);
            array::for_each_row(axes, {r.stride, r.streams + r.results}, r.at, [this] { run_row(); });
            finish_totals();
        }

    private:
        region_arrays<T> r;
        array::loop_axes axes;

        /// One row of n neighbours.
        region_runner(const region_arrays<T>& arrays, index n) : r(arrays)
        {
            axes.rank = 1;
            axes.extent[0] = n;
            for (std::size_t k = 0; k < r.streams + r.results; ++k)
            {
                r.stride[k][0] = k >= r.streams && is_total(k - r.streams) ? 0 : 1;
                r.at[k] = 0;
            }
        }

        void run_blocks(index n)
        {
            start_totals();
            std::copy_n(r.in, r.streams + r.numbers, r.from);
            for (index begin = 0; begin < n; begin += plain_block)
            {
                const index size = std::min(n - begin, plain_block), whole = size / lanes * lanes;
                for (std::size_t s = 0; s < r.streams; ++s)
                {
                    r.from[s] = r.in[s] + begin;
                }
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    r.to[o] = is_total(o) ? buffer_of(r.streams + o) : r.out[o] + begin;
                }
                if (whole != 0)
                {
                    r.run(whole, r.from, r.to, r.totals);
                    add_totals(whole, lanes);
                }
                if (whole != size)
                {
                    run_rest(begin, whole, size - whole);
                }
            }
            finish_totals();
        }

        void start_totals()
        {
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (is_total(o))
                {
                    r.sums[o] = array::pairwise_sum<T>();
                }
            }
        }

        void finish_totals()
        {
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (is_total(o) && r.out[o] != nullptr)
                {
                    *r.out[o] = r.sums[o].total();
                }
            }
        }

        index step_of(std::size_t k) const { return axes.rank == 0 ? 1 : r.stride[k][0]; }
        T* buffer_of(std::size_t k) const { return r.buffer + index(k) * buffer_size; }
        graph::output_kind kind(std::size_t o) const { return r.outputs[o].kind; }
        bool is_total(std::size_t o) const { return kind(o) == graph::output_kind::total; }

        /// Whether a result's elements meet again along some axis, so that they are added up.
        bool is_summed(std::size_t o) const
        {
            bool summed = kind(o) == graph::output_kind::accumulate;
            for (int d = 0; d < axes.rank; ++d)
            {
                summed = summed || r.stride[r.streams + o][std::size_t(d)] == 0;
            }
            return summed;
        }

        /// Whether the inner loop writes a result where it belongs.
        bool is_direct(std::size_t o) const
        {
            return r.out[o] != nullptr && !is_total(o) && step_of(r.streams + o) == 1
                   && (kind(o) == graph::output_kind::accumulate || !is_summed(o));
        }

        static index rounded_up(index n) { return (n + lanes - 1) / lanes * lanes; }

        void run_row()
        {
            const index n = axes.row_size();
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                if (step_of(s) == 0)
                {
                    std::fill_n(buffer_of(s), rounded_up(std::min(n, block)), r.in[s][r.at[s]]);
                }
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (is_row_sum(o))
                {
                    r.sums[o] = array::pairwise_sum<T>();
                }
            }
            for (index begin = 0; begin < n; begin += block)
            {
                run_block(begin, std::min(n - begin, block));
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (is_row_sum(o))
                {
                    r.out[o][r.at[r.streams + o]] += r.sums[o].total();
                }
            }
        }

        /// Whether all of a row is added to one element.
        bool is_row_sum(std::size_t o) const
        {
            return r.out[o] != nullptr && !is_total(o) && axes.rank > 0 && step_of(r.streams + o) == 0;
        }

        void run_block(index begin, index n)
        {
            const index whole = n / lanes * lanes;
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                const index step = step_of(s);
                const T* first = r.in[s] + r.at[s] + begin * step;
                if (step != 0 && step != 1)
                {
                    gather(buffer_of(s), first, step, n);
                }
                r.from[s] = step == 1 ? first : buffer_of(s);
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                const bool direct = is_direct(o);
                r.to[o] = direct ? r.out[o] + r.at[r.streams + o] + begin : buffer_of(r.streams + o);
                if (!direct && kind(o) == graph::output_kind::accumulate)
                {
                    std::fill_n(r.to[o], rounded_up(n), T(0));
                }
            }
            if (whole != 0)
            {
                r.run(whole, r.from, r.to, r.totals);
                add_totals(whole, lanes);
            }
            if (whole != n)
            {
                run_rest(begin, whole, n - whole);
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (r.out[o] != nullptr && !is_direct(o) && !is_total(o))
                {
                    deliver(o, begin, n);
                }
            }
        }

        /// What does not fill a register: computed on a whole one, of which only `n` lanes count.
        void run_rest(index begin, index done, index n)
        {
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                if (step_of(s) == 1)
                {
                    T* const copy = buffer_of(s) + block;
                    gather(copy, r.from[s] + done, 1, n);
                    r.from[s] = copy;
                }
                else
                {
                    r.from[s] += done;
                }
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (is_direct(o))
                {
                    T* const copy = buffer_of(r.streams + o) + block;
                    std::fill_n(copy, lanes, T(0));
                    r.to[o] = copy;
                }
                else
                {
                    r.to[o] += done;
                }
            }
            r.run(lanes, r.from, r.to, r.totals);
            add_totals(lanes, n);
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (is_direct(o))
                {
                    T* const first = r.out[o] + r.at[r.streams + o] + begin + done;
                    for (index i = 0; i < n; ++i)
                    {
                        first[i] = kind(o) == graph::output_kind::accumulate ? first[i] + r.to[o][i] : r.to[o][i];
                    }
                }
            }
        }

        /// From a buffer to where the elements belong.
        void deliver(std::size_t o, index begin, index n)
        {
            const index step = step_of(r.streams + o);
            const T* const from = buffer_of(r.streams + o);
            if (is_row_sum(o))
            {
                r.sums[o].add(array::block_sum<T>(n, [from](index i) { return from[i]; }));
                return;
            }
            T* const to = r.out[o] + r.at[r.streams + o] + begin * step;
            const bool summed = is_summed(o);
            for (index i = 0; i < n; ++i)
            {
                to[i * step] = summed ? to[i * step] + from[i] : from[i];
            }
        }

        /// Adds what a call of the inner loop over n elements left in the totals; only the first `valid` lanes count.
        void add_totals(index n, index valid)
        {
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (is_total(o))
                {
                    if constexpr (has_lanes)
                    {
                        r.sums[o].add(sum_of_lanes(r.totals[o], valid));
                    }
                    else
                    {
                        const T* const terms = r.to[o];
                        r.sums[o].add(array::block_sum<T>(n, [terms](index i) { return terms[i]; }));
                    }
                }
            }
        }

        static T sum_of_lanes(const V& total, index valid)
        {
            T sum[std::size_t(lanes)];
            for (index i = 0; i < lanes; ++i)
            {
                sum[i] = i < valid ? lane(total, i) : T(0);
            }
            for (index half = lanes / 2; half > 0; half /= 2)
            {
                for (index i = 0; i < half; ++i)
                {
                    sum[i] += sum[i + half];
                }
            }
            return sum[0];
        }

        static T lane(const V& v, index i)
        {
            if constexpr (has_lanes)
            {
                return v[int(i)];
            }
            else
            {
                return v;
            }
        }

        /// n elements one beside the next, and the last one again until a register is full.
        static void gather(T* to, const T* from, index step, index n)
        {
            for (index i = 0; i < n; ++i)
            {
                to[i] = from[i * step];
            }
            std::fill(to + n, to + rounded_up(n), to[n - 1]);
        }
    };
}
