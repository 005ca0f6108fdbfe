// SPDX-License-Identifier: BSD-3-Clause
// Takes a region's inner loop over arrays of any layout. The loop itself knows only rows of neighbouring elements; what lies
// otherwise, or repeats, or does not fill a register, goes through small buffers. Compiled once for each number type.
#pragma once

#include <xautodiff/evaluate/row_batches.hpp>
#include <xautodiff/evaluate/short_rows.hpp>
#include <xautodiff/evaluate/small_region.hpp>

namespace xautodiff::evaluate
{
    template <class T>
    class region_runner : row_batches<T>
    {
        using base = row_batches<T>;
        using typename base::index;
        using sizes = block_sizes<T>;
        using base::accumulates;
        using base::add_ends;
        using base::add_totals;
        using base::block;
        using base::buffer_of;
        using base::has_lanes;
        using base::lanes;
        using base::m;
        using base::m_run;
        using base::put_row;
        using base::r;
        using base::result_buffer;
        using base::row_step_of;
        using base::step_of;
        using typename base::V;

    public:
        using base::base;
        using base::sum_of_lanes;
        using base::sums_of_row;

        void run()
        {
            if (r.is_small)
            {
                small_region<T>::run(r, m_run, m);
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
            for (std::size_t o = 0; r.is_merged && o < r.results; ++o)
            {
                m.delay[o] = r.part[o].delay;
                m.held[o] = V(T(0));
            }
        }

        [[gnu::noinline]] void run_rows()
        {
            array::loop_axes axes = r.axes;
            // These walk the second axis themselves.
            axes.extent[1] = r.is_tiled || r.is_grouped || r.is_batched ? 1 : axes.extent[1];
            for (std::size_t k = 0; r.is_grouped && k < r.streams + r.results; ++k)
            {
                m.step[k] = row_step_of(k);
            }
            array::for_each_row(
                axes, {r.stride, r.streams + r.results}, m.at,
                [this] {
                    r.is_tiled ? run_tiles() : r.is_batched ? run_batched() : r.is_plain ? run_plain_rows() : run_row();
                });
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

    private:
        /// Whether a stream's elements are read where they lie.
        bool is_in_place(std::size_t s) const
        {
            return step_of(s) == 1 && (!r.is_tiled || row_step_of(s) == r.axes.row_size());
        }
        const index& stream_at(std::size_t s) const { return m.at[s]; }
        const index& result_at(std::size_t o) const { return m.at[r.streams + o]; }

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

        void run_batched()
        {
            if constexpr (has_lanes)
            {
                base::run_batches();
            }
        }

        [[gnu::noinline]] void run_plain_rows()
        {
            const index n = r.axes.row_size(), rows = r.is_grouped ? r.axes.extent[1] : 1;
            for (index begin = 0; begin < n; begin += sizes::plain)
            {
                const index size = std::min(n - begin, sizes::plain), whole = size / lanes * lanes;
                if (whole != 0)
                {
                    place_plain(0, begin);
                    run_whole(whole, base::walk(rows, m.step, nullptr));
                }
                if (whole != size && whole != 0 && r.is_grouped && has_sums_alone())
                {
                    run_last_abreast(begin + whole, size - whole);
                    continue;
                }
                for (index row = 0; whole != size && row < rows; ++row)
                {
                    place_plain(row, begin);
                    run_rest(whole, size - whole, one_row<T>);
                }
            }
            if (r.is_merged)
            {
                add_ends();
            }
        }

        bool has_sums_alone() const
        {
            bool all = true;
            for (std::size_t o = 0; o < r.results; ++o)
            {
                all = all && (accumulates(o) || r.how[o] == delivery::total);
            }
            return all;
        }

        /// What does not fill a register, of all rows: on the last one that they fill, of which only these elements count.
        void run_last_abreast(index begin, index rest)
        {
            if constexpr (has_lanes)
            {
                place_plain(0, begin - (lanes - rest));
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    if (accumulates(o))
                    {
                        m.place[o] = m.to[o];
                        m.to[o] = result_buffer(o);
                        V::load(m.place[o]).store(m.to[o]);
                    }
                }
                m_run(lanes, m.from, m.to, m.totals, base::walk(r.axes.extent[1], m.step, nullptr));
                base::add_last_totals(rest);
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    if (accumulates(o))
                    {
                        base::put_last(m.place[o] + lanes - rest, m.to[o], rest);
                    }
                }
            }
        }

        [[gnu::noinline]] void place_plain(index row, index begin)
        {
            const auto offset = [&](std::size_t k) { return begin + row * row_step_of(k); };
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                m.from[s] = r.in[s] + stream_at(s) + offset(s);
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                m.to[o] = target_of(o, offset(r.streams + o));
            }
        }

        /// Where the inner loop writes a result: where it belongs, `offset` elements further on, or to its buffer.
        T* target_of(std::size_t o, index offset) const
        {
            const index at = result_at(o) + offset;
            return r.how[o] == delivery::direct   ? r.out[o] + at
                   : r.how[o] == delivery::merged ? r.out[o] + at - m.delay[o]
                                                  : result_buffer(o);
        }

        [[gnu::noinline]] void run_row()
        {
            const index n = r.axes.row_size();
            start_sums(delivery::row_sum);
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                m.mask[s] = r.repeats(s) ? 0 : -1;
                if (step_of(s) == 0)
                {
                    const index size = r.repeats(s) ? lanes : rounded_up(std::min(n, block));
                    std::fill_n(buffer_of(s), size, r.in[s][stream_at(s)]);
                }
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                m.sum_mask[o] = r.goes_round(o) ? sums_of_row - 1 : -1;
            }
            for (index begin = 0; begin < n; begin += r.row_block)
            {
                const index size = std::min(n - begin, r.row_block), whole = size / lanes * lanes;
                find_streams(begin, size);
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    place_result(o, begin, size);
                }
                run_block(whole, size - whole, base::walk(1, nullptr, m.mask, m.sum_mask));
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
            if (r.is_merged)
            {
                add_ends();
            }
        }

        /// As many rows at a time as make up a block: their elements one after the other.
        [[gnu::noinline]] void run_tiles()
        {
            const index n = r.axes.row_size(), rows = r.axes.extent[1], most = block / n;
            for (index first = 0; first < rows; first += most)
            {
                const short_rows<T> tile{std::min(rows - first, most), n};
                const index size = tile.count * n, whole = size / lanes * lanes;
                for (std::size_t s = 0; s < r.streams; ++s)
                {
                    const T* const from = r.in[s] + stream_at(s) + first * row_step_of(s);
                    // The same rows again are there already.
                    if (!is_in_place(s) && (first == 0 || row_step_of(s) != 0))
                    {
                        T* const to = buffer_of(s);
                        step_of(s) == 0 ? tile.repeat(to, from, row_step_of(s))
                                        : tile.gather(to, from, step_of(s), row_step_of(s));
                        fill_register(buffer_of(s), size);
                    }
                    m.from[s] = is_in_place(s) ? from : buffer_of(s);
                }
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    place_result(o, first * row_step_of(r.streams + o), size);
                }
                run_block(whole, size - whole, one_row<T>);
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    deliver_tile(o, first, tile);
                }
            }
        }

        void deliver_tile(std::size_t o, index first, short_rows<T> tile)
        {
            const index step = step_of(r.streams + o), row_step = row_step_of(r.streams + o);
            const delivery how = r.how[o];
            T* to = r.out[o] + result_at(o) + first * row_step;
            const T* from = result_buffer(o);
            if (how == delivery::row_sum)
            {
                tile.sum(to, from, row_step);
            }
            else if (how == delivery::spread || how == delivery::add)
            {
                for (index row = 0; row < tile.count; ++row, from += tile.size, to += row_step)
                {
                    put_row(how, to, from, step, tile.size);
                }
            }
        }

        /// Lets the inner loop write a result where target_of says; a buffer that it adds to begins with zeros.
        void place_result(std::size_t o, index offset, index size)
        {
            m.to[o] = target_of(o, offset);
            if (r.how[o] != delivery::direct && accumulates(o))
            {
                std::fill_n(m.to[o], r.goes_round(o) ? sums_of_row : rounded_up(size), T(0));
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
                    gather_row(buffer_of(s), first, step, n);
                    fill_register(buffer_of(s), n);
                }
                m.from[s] = step == 1 ? first : buffer_of(s);
            }
        }

        /// Runs the inner loop on what fills registers, and on the rest.
        void run_block(index whole, index rest, const loop_walk<T>& walk)
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

        void run_whole(index n, const loop_walk<T>& walk)
        {
            m_run(n, m.from, m.to, m.totals, walk);
            add_totals(n, lanes);
        }

        /// What does not fill a register: computed on a whole one, of which only `n` lanes count.
        [[gnu::noinline]] void run_rest(index done, index n, loop_walk<T> walk)
        {
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                m.from[s] += walk.mask == nullptr ? done : done & walk.mask[s];
                if (is_in_place(s))
                {
                    T* const copy = buffer_of(s) + block;
                    base::copy_rest(copy, m.from[s], n);
                    m.from[s] = copy;
                }
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                m.to[o] += done;
                if (r.how[o] == delivery::merged || r.goes_round(o))
                {
                    m.to[o] = result_buffer(o) + block;
                    std::fill_n(m.to[o], lanes, T(0));
                }
                if (r.how[o] == delivery::direct)
                {
                    m.place[o] = m.to[o];
                    base::take_rest(o, m.place[o], n);
                }
            }
            walk.delay = nullptr;
            m_run(lanes, m.from, m.to, m.totals, walk);
            add_totals(lanes, n);
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (r.how[o] == delivery::direct)
                {
                    base::give_rest(o, m.place[o], n);
                }
                else if (r.goes_round(o))
                {
                    std::fill(m.to[o] + n, m.to[o] + lanes, T(0));
                    put_row(delivery::add, result_buffer(o) + done % sums_of_row, m.to[o], 1, lanes);
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

        /// Adds the n elements of a result's buffer to its sum.
        void add_buffer(std::size_t o, index n)
        {
            const T* const from = result_buffer(o);
            if constexpr (has_lanes)
            {
                n = r.goes_round(o) ? sums_of_row : n;
                std::fill(result_buffer(o) + n, result_buffer(o) + rounded_up(n), T(0));
                V sum[sums_of_row / lanes]{V(T(0)), V(T(0)), V(T(0)), V(T(0))};
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

        /// The last of n elements again until a register is full.
        static void fill_register(T* to, index n) { std::fill(to + n, to + rounded_up(n), to[n - 1]); }
    };
}
