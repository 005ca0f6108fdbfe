// SPDX-License-Identifier: BSD-3-Clause
// Takes a region's inner loop over arrays of any layout. The loop itself knows only rows of neighbouring elements; what lies
// otherwise, or repeats, or does not fill a register, goes through small buffers. Compiled once for each number type.
#pragma once

#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/pairwise_sum.hpp>
#include <xautodiff/evaluate/region_kernel.hpp>

namespace xautodiff::evaluate
{
    /// How a result of the inner loop gets to where it belongs.
    enum class delivery : char
    {
        total,    ///< added up in registers
        direct,   ///< the inner loop writes it
        spread,   ///< from a buffer to elements at some distance
        add,      ///< from a buffer, added to what is there
        row_sum,  ///< each row is added to one element
        none      ///< not wanted now
    };

    /// Memory that results are added to, from zero on. Cleared by the loop itself, a block ahead of the first that adds to it,
    /// since then it is in the cache.
    template <class T>
    struct clearing
    {
        T* data = nullptr;
        array::index size = 0;
        array::index reach = 0;  ///< how far from `data` the last of the results begins
    };

    template <class T>
    class region_runner;

    /// A region's loop, planned: where its arrays are, and how they lie to each other.
    template <class T>
    struct region_loop
    {
        std::size_t streams = 0, numbers = 0, results = 0;
        const graph::region* region = nullptr;
        const graph::region_output* outputs = nullptr;
        const T** in = nullptr;            ///< the streams, then the numbers
        T** out = nullptr;                 ///< null: this result is not wanted now
        array::strides* stride = nullptr;  ///< of the streams, then of the results; rearranged by `plan`
        array::index* row_step = nullptr;  ///< their strides along the first axis, as they were before
        delivery* how = nullptr;           ///< for each result
        clearing<T>* clear = nullptr;      ///< for each result, what it clears for itself and others
        array::loop_axes axes;
        bool is_plain = false;    ///< no buffer is needed but for what does not fill a register
        bool is_small = false;    ///< not even that, and no sums in pairs
        bool is_tiled = false;    ///< rows are so short that some are taken together
        bool is_grouped = false;  ///< all rows are added to the same elements: some are taken together
        bool is_planned = false;  ///< the same every time: all results have one shape
        bool has_sums = false;    ///< some results have to be zero before
        bool clears = false;      ///< some results are zeroed on the way
        bool has_chunks = false;  ///< some results are sums over many rows

        void plan(const array::shape& shape);
    };

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
        T* buffer;
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

    public:
        /// Rows with fewer elements are taken together.
        static constexpr index short_row = 64;
        /// How many rows are taken together that are added to the same elements.
        static constexpr index grouped_rows = 8;
        /// Elements at a time where nothing is buffered.
        static constexpr index plain_block = has_lanes ? 2048 : block;
        /// The size of the buffer for one stream or result: a block, and a register more for what is left over.
        static constexpr index buffer_size = block + lanes;

        region_runner(const region_loop<T>& loop, region_function<T> f, const region_scratch<T>& scratch)
            : r(loop), m_run(f), m(scratch)
        {
        }

        void run()
        {
            if (r.is_small)
            {
                m_run(r.axes.row_size(), r.in, r.out, m.totals, {});
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    if (r.how[o] == delivery::total)
                    {
                        *r.out[o] = sum_of_lanes(m.totals[o]);
                    }
                }
                return;
            }
            start();
            run_rows();
            finish();
        }

        // The same in steps, for a loop that is taken in parts.

        void start()
        {
            start_sums(delivery::total);
            std::copy_n(r.in, r.streams + r.numbers, m.from);
        }

        void run_rows()
        {
            array::loop_axes axes = r.axes;
            // A tile and a group walk the second axis themselves.
            axes.extent[1] = r.is_tiled || r.is_grouped ? 1 : axes.extent[1];
            for (std::size_t k = 0; r.is_grouped && k < r.streams + r.results; ++k)
            {
                m.step[k] = row_step_of(k);
            }
            array::for_each_row(axes, {r.stride, r.streams + r.results}, m.at,
                                [this] { r.is_tiled   ? run_tiles()
                                         : r.is_plain ? run_plain_rows()
                                                      : run_row(); });
        }

        void finish()
        {
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (r.how[o] == delivery::total)
                {
                    *r.out[o] = sum_of_lanes(m.sums[o].total());
                }
            }
        }

        static T sum_of_lanes(const V& v)
        {
            if constexpr (has_lanes)
            {
                T sum[std::size_t(lanes)];
                v.store(sum);
                for (index half = lanes / 2; half > 0; half /= 2)
                {
                    for (index i = 0; i < half; ++i)
                    {
                        sum[i] += sum[i + half];
                    }
                }
                return sum[0];
            }
            else
            {
                return v;
            }
        }

    private:
        const region_loop<T>& r;
        region_function<T> m_run;
        region_scratch<T> m;

        index step_of(std::size_t k) const { return r.axes.rank == 0 ? 1 : r.stride[k][0]; }
        index row_step_of(std::size_t k) const { return r.stride[k][1]; }
        /// Whether a stream's elements are read where they lie.
        bool is_in_place(std::size_t s) const
        {
            return step_of(s) == 1 && (!r.is_tiled || row_step_of(s) == r.axes.row_size());
        }
        T* buffer_of(std::size_t k) const { return m.buffer + index(k) * buffer_size; }
        const index& stream_at(std::size_t s) const { return m.at[s]; }
        const index& result_at(std::size_t o) const { return m.at[r.streams + o]; }
        T* result_buffer(std::size_t o) const { return buffer_of(r.streams + o); }
        bool accumulates(std::size_t o) const { return r.outputs[o].adds_in_place(); }

        /// Whether the inner loop reads the same element for the whole row.
        bool repeats(std::size_t s) const { return step_of(s) == 0 && r.region->may_repeat(int(s)); }

        static index rounded_up(index n) { return (n + lanes - 1) / lanes * lanes; }

        void start_sums(delivery how)
        {
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (r.how[o] == how)
                {
                    m.sums[o].clear();
                }
            }
        }

        void run_plain_rows()
        {
            const index rows = r.is_grouped ? r.axes.extent[1] : 1;
            for (index row = 0; row < rows; row += grouped_rows)
            {
                run_plain_group(row, std::min(rows - row, grouped_rows));
            }
        }

        void run_plain_group(index row, index count)
        {
            const index n = r.axes.row_size();
            for (index begin = 0; begin < n; begin += plain_block)
            {
                const index size = std::min(n - begin, plain_block), whole = size / lanes * lanes;
                if (whole != 0)
                {
                    place_plain(row, begin);
                    run_whole(whole, {count, m.step, nullptr});
                }
                for (index k = 0; whole != size && k < count; ++k)
                {
                    place_plain(row + k, begin);
                    run_rest(whole, size - whole, {});
                }
            }
        }

        void place_plain(index row, index begin)
        {
            const auto offset = [&](std::size_t k) { return begin + row * row_step_of(k); };
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                m.from[s] = r.in[s] + stream_at(s) + offset(s);
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                m.to[o] =
                    r.how[o] == delivery::direct ? r.out[o] + result_at(o) + offset(r.streams + o) : result_buffer(o);
            }
        }

        void run_row()
        {
            const index n = r.axes.row_size();
            start_sums(delivery::row_sum);
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                m.mask[s] = repeats(s) ? 0 : -1;
                if (step_of(s) == 0)
                {
                    const index size = repeats(s) ? lanes : rounded_up(std::min(n, block));
                    std::fill_n(buffer_of(s), size, r.in[s][stream_at(s)]);
                }
            }
            for (index begin = 0; begin < n; begin += block)
            {
                const index size = std::min(n - begin, block), whole = size / lanes * lanes;
                find_streams(begin, size);
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    place_result(o, begin, size);
                }
                run_block(whole, size - whole, {1, nullptr, m.mask});
                if (r.clears)
                {
                    clear_block(begin, begin + size);
                }
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    deliver(o, begin, size);
                }
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (r.how[o] == delivery::row_sum)
                {
                    r.out[o][result_at(o)] += sum_of_lanes(m.sums[o].total());
                }
            }
        }

        /// As many rows at a time as make up a block: their elements one after the other.
        void run_tiles()
        {
            const index n = r.axes.row_size(), rows = r.axes.extent[1], most = block / n;
            for (index first = 0; first < rows; first += most)
            {
                const index count = std::min(rows - first, most), size = count * n, whole = size / lanes * lanes;
                for (std::size_t s = 0; s < r.streams; ++s)
                {
                    const T* const from = r.in[s] + stream_at(s) + first * row_step_of(s);
                    // The same rows again are there already.
                    if (!is_in_place(s) && (first == 0 || row_step_of(s) != 0))
                    {
                        for (index row = 0; row < count; ++row)
                        {
                            T* const to = buffer_of(s) + row * n;
                            const T* const at = from + row * row_step_of(s);
                            step_of(s) == 0 ? repeat(to, *at, n) : gather(to, at, step_of(s), n);
                        }
                        fill_register(buffer_of(s), size);
                    }
                    m.from[s] = is_in_place(s) ? from : buffer_of(s);
                }
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    place_result(o, first * row_step_of(r.streams + o), size);
                }
                run_block(whole, size - whole, {});
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    deliver_tile(o, first, count);
                }
            }
        }

        void deliver_tile(std::size_t o, index first, index count)
        {
            const index n = r.axes.row_size(), step = step_of(r.streams + o), row_step = row_step_of(r.streams + o);
            const delivery how = r.how[o];
            if (how == delivery::direct || how == delivery::total || how == delivery::none)
            {
                return;
            }
            T* to = r.out[o] + result_at(o) + first * row_step;
            const T* from = result_buffer(o);
            for (index row = 0; row < count; ++row, from += n, to += row_step)
            {
                if (how == delivery::row_sum)
                {
                    *to += short_sum(from, n);
                }
                else
                {
                    put_row(how, to, from, step, n);
                }
            }
        }

        /// Zeros for what the elements [begin, end) of a loop of one row are added to, and for what nothing is added to.
        void clear_block(index begin, index end)
        {
            for (std::size_t o = 0; o < r.results; ++o)
            {
                const clearing<T>& c = r.clear[o];
                if (c.data != nullptr)
                {
                    const index from = begin == 0 ? 0 : begin + c.reach;
                    const index to = end == r.axes.row_size() ? c.size : end + c.reach;
                    std::fill(c.data + from, c.data + to, T(0));
                }
            }
        }

        /// Lets the inner loop write a result where it belongs, `offset` elements further on, or to its buffer.
        void place_result(std::size_t o, index offset, index size)
        {
            const bool direct = r.how[o] == delivery::direct;
            m.to[o] = direct ? r.out[o] + result_at(o) + offset : result_buffer(o);
            if (!direct && accumulates(o))
            {
                std::fill_n(m.to[o], rounded_up(size), T(0));
            }
        }

        void find_streams(index begin, index n)
        {
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                const index step = step_of(s);
                const T* const first = r.in[s] + stream_at(s) + begin * step;
                if (step != 0 && step != 1)
                {
                    gather(buffer_of(s), first, step, n);
                    fill_register(buffer_of(s), n);
                }
                m.from[s] = step == 1 ? first : buffer_of(s);
            }
        }

        /// Runs the inner loop on what fills registers, and on the rest.
        void run_block(index whole, index rest, loop_walk walk)
        {
            if (whole != 0)
            {
                run_whole(whole, walk);
            }
            if (rest != 0)
            {
                run_rest(whole, rest, walk);
            }
        }

        void run_whole(index n, loop_walk walk)
        {
            m_run(n, m.from, m.to, m.totals, walk);
            add_totals(n, lanes);
        }

        /// What does not fill a register: computed on a whole one, of which only `n` lanes count.
        void run_rest(index done, index n, loop_walk walk)
        {
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                m.from[s] += walk.mask == nullptr ? done : done & walk.mask[s];
                if (is_in_place(s))
                {
                    T* const copy = buffer_of(s) + block;
                    gather(copy, m.from[s], 1, n);
                    fill_register(copy, n);
                    m.from[s] = copy;
                }
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                m.to[o] += done;
                if (r.how[o] == delivery::direct)
                {
                    m.place[o] = m.to[o];
                    m.to[o] = result_buffer(o) + block;
                    std::copy_n(m.place[o], accumulates(o) ? n : 0, m.to[o]);
                }
            }
            m_run(lanes, m.from, m.to, m.totals, walk);
            add_totals(lanes, n);
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (r.how[o] == delivery::direct)
                {
                    std::copy_n(m.to[o], n, m.place[o]);
                }
            }
        }

        void deliver(std::size_t o, index begin, index n)
        {
            const delivery how = r.how[o];
            const T* const from = result_buffer(o);
            if (how == delivery::row_sum)
            {
                add_buffer(o, n);
            }
            else if (how == delivery::spread || how == delivery::add)
            {
                const index step = step_of(r.streams + o);
                put_row(how, r.out[o] + result_at(o) + begin * step, from, step, n);
            }
        }

        static void put_row(delivery how, T* to, const T* from, index step, index n)
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
        void add_totals(index n, index valid)
        {
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (r.how[o] != delivery::total)
                {
                    continue;
                }
                if constexpr (has_lanes)
                {
                    m.sums[o].add(valid == lanes ? m.totals[o] : first_lanes(m.totals[o], valid));
                }
                else
                {
                    const T* const terms = m.to[o];
                    m.sums[o].add(array::block_sum<T>(n, [terms](index i) { return terms[i]; }));
                }
            }
        }

        /// Adds the n elements of a result's buffer to its sum.
        void add_buffer(std::size_t o, index n)
        {
            const T* const from = result_buffer(o);
            if constexpr (has_lanes)
            {
                std::fill(result_buffer(o) + n, result_buffer(o) + rounded_up(n), T(0));
                // Four chains of additions.
                V sum[4]{V(T(0)), V(T(0)), V(T(0)), V(T(0))};
                for (index i = 0; i < n; i += lanes)
                {
                    sum[i / lanes % 4] += V::load(from + i);
                }
                m.sums[o].add((sum[0] + sum[2]) + (sum[1] + sum[3]));
            }
            else
            {
                m.sums[o].add(array::block_sum<T>(n, [from](index i) { return from[i]; }));
            }
        }

        static V first_lanes(const V& v, index valid)
        {
            T lane[std::size_t(lanes)];
            v.store(lane);
            std::fill(lane + valid, lane + lanes, T(0));
            return V::load(lane);
        }

        static void gather(T* to, const T* from, index step, index n)
        {
            for (index i = 0; i < n; ++i)
            {
                to[i] = from[i * step];
            }
        }

        /// x, n times and up to the end of a register: the next row overwrites what is too much.
        static void repeat(T* to, const T& x, index n)
        {
            const V all(x);
            for (index i = 0; i < n; i += lanes)
            {
                if constexpr (has_lanes)
                {
                    all.store(to + i);
                }
                else
                {
                    to[i] = all;
                }
            }
        }

        /// Four running sums: a short row has no need of more, nor of pairs.
        static T short_sum(const T* x, index n)
        {
            T sum[4]{};
            index i = 0;
            for (; i + 4 <= n; i += 4)
            {
                for (index j = 0; j < 4; ++j)
                {
                    sum[j] += x[i + j];
                }
            }
            for (; i < n; ++i)
            {
                sum[i % 4] += x[i];
            }
            return (sum[0] + sum[2]) + (sum[1] + sum[3]);
        }

        /// The last of n elements again until a register is full.
        static void fill_register(T* to, index n) { std::fill(to + n, to + rounded_up(n), to[n - 1]); }
    };

    template <class T>
    [[gnu::cold]] void region_loop<T>::plan(const array::shape& shape)
    {
        axes = array::order_axes(shape, {stride, streams + results});
        const auto step_of = [this](std::size_t k) { return axes.rank == 0 ? 1 : stride[k][0]; };
        const array::index n = axes.row_size();
        is_tiled = axes.rank > 1 && n < region_runner<T>::short_row;
        is_plain = !is_tiled;
        for (std::size_t s = 0; s < streams; ++s)
        {
            is_plain = is_plain && step_of(s) == 1;
        }
        for (std::size_t o = 0; o < results; ++o)
        {
            const array::strides& to = stride[streams + o];
            const array::index step = step_of(streams + o);
            const bool accumulates = outputs[o].kind == graph::output_kind::accumulate;
            const bool meets = std::count(to.begin(), to.begin() + axes.rank, 0) != 0;
            const bool lies_in_row = step == 1 && (!is_tiled || to[1] == n);
            how[o] = out[o] == nullptr                                                 ? delivery::none
                     : outputs[o].kind == graph::output_kind::total                    ? delivery::total
                     : axes.rank > 0 && step == 0                                      ? delivery::row_sum
                     : lies_in_row && !outputs[o].is_shared && (accumulates || !meets) ? delivery::direct
                     : accumulates || meets                                            ? delivery::add
                                                                                       : delivery::spread;
            is_plain = is_plain && (how[o] == delivery::direct || how[o] == delivery::total);
        }
        // In the kernel such sums stay in registers from row to row.
        is_grouped = is_plain && axes.rank > 1 && array::lane_count<T> > 1;
        bool any_sum = false;
        for (std::size_t o = 0; o < results; ++o)
        {
            const bool adds = outputs[o].adds_in_place();
            any_sum = any_sum || adds;
            is_grouped = is_grouped && (!adds || (how[o] == delivery::direct && stride[streams + o][1] == 0));
        }
        is_grouped = is_grouped && any_sum;
        is_small = is_plain && axes.rank <= 1 && !axes.is_empty && n <= region_runner<T>::plain_block
                   && array::lane_count<T> > 1 && n % array::lane_count<T> == 0;
    }
}
