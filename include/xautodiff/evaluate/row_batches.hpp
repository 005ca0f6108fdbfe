// SPDX-License-Identifier: BSD-3-Clause
// Some rows with each call of the inner loop: where a row needs no buffer but for what repeats along it, what is added up along
// it, and what does not fill a register. A call for each row would take as long as a short one.
#pragma once

#include <xautodiff/evaluate/region_ends.hpp>

namespace xautodiff::evaluate
{
    template <class T>
    class row_batches : protected region_ends<T>
    {
        using base = region_ends<T>;

    protected:
        using base::add_totals;
        using base::buffer_of;
        using base::lanes;
        using base::m;
        using base::m_run;
        using base::r;
        using base::result_buffer;
        using base::row_step_of;
        using base::sum_of_lanes;
        using typename base::index;
        using typename base::V;

        using base::base;

        /// Sums of a row that the inner loop adds up go round: additions do not wait for each other.
        static constexpr index sums_of_row = 4 * lanes;

        /// All rows along the second axis.
        void run_batches()
        {
            const index n = r.axes.row_size(), rest = n % lanes, whole = n - rest, rows = r.axes.extent[1];
            for (index first = 0; first < rows; first += most)
            {
                const index count = std::min(rows - first, most);
                place_batch(first, count);
                m_run(whole, m.from, m.to, m.totals, walk_batch(count));
                add_totals(whole, lanes);
                if (rest != 0)
                {
                    place_rests(whole, rest);
                    m_run(lanes, m.from, m.to, m.totals, walk_batch(count));
                    base::add_last_totals(rest);
                    deliver_rests(first, count, whole, rest);
                }
                deliver_sums(first, count, rest);
            }
        }

    private:
        /// Of each row, a result's buffer has the sums that go round; behind those of all rows, of each what does not fill a
        /// register.
        static constexpr index most = std::min(index(8), block_sizes<T>::buffer / (sums_of_row + lanes));
        static constexpr index rests_at = most * sums_of_row;

        loop_walk<T> walk_batch(index count) const
        {
            return {count, m.step, m.mask, m.sum_mask, nullptr, nullptr, false};
        }

        index start_of(std::size_t k, index row) const { return m.at[k] + row * row_step_of(k); }
        T* target_of(std::size_t o, index row) const { return r.out[o] + start_of(r.streams + o, row); }
        T* rests_of(std::size_t o) const { return result_buffer(o) + rests_at; }

        void place_batch(index first, index count)
        {
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                const T* const from = r.in[s] + start_of(s, first);
                const bool repeats = r.repeats(s);
                m.from[s] = repeats ? buffer_of(s) : from;
                m.step[s] = repeats ? lanes : row_step_of(s);
                m.mask[s] = repeats ? 0 : -1;
                for (index k = 0; repeats && k < count; ++k)
                {
                    V(from[k * row_step_of(s)]).store(buffer_of(s) + k * lanes);
                }
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                const bool goes_round = r.goes_round(o), is_total = r.how[o] == delivery::total;
                m.to[o] = goes_round || is_total ? result_buffer(o) : target_of(o, first);
                m.step[r.streams + o] = goes_round ? sums_of_row : is_total ? 0 : row_step_of(r.streams + o);
                m.sum_mask[o] = goes_round ? sums_of_row - 1 : -1;
                if (goes_round)
                {
                    std::fill_n(result_buffer(o), count * sums_of_row, T(0));
                }
            }
        }

        /// What does not fill a register is computed on the last one that a row fills: some elements twice, of which only the
        /// others count.
        void place_rests(index whole, index rest)
        {
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                m.from[s] += m.mask[s] & (whole - (lanes - rest));
            }
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (r.how[o] != delivery::total)
                {
                    m.to[o] = rests_of(o);
                    m.step[r.streams + o] = lanes;
                    std::fill_n(m.to[o], most * lanes, T(0));
                }
            }
        }

        void deliver_rests(index first, index count, index whole, index rest)
        {
            for (std::size_t o = 0; o < r.results; ++o)
            {
                for (index k = 0; r.how[o] == delivery::direct && k < count; ++k)
                {
                    base::put_last(target_of(o, first + k) + whole, rests_of(o) + k * lanes, rest);
                }
            }
        }

        void deliver_sums(index first, index count, index rest)
        {
            for (std::size_t o = 0; o < r.results; ++o)
            {
                for (index k = 0; r.goes_round(o) && k < count; ++k)
                {
                    const T* const from = result_buffer(o) + k * sums_of_row;
                    V sum = (V::load(from) + V::load(from + 2 * lanes))
                            + (V::load(from + lanes) + V::load(from + 3 * lanes));
                    if (rest != 0)
                    {
                        sum += V::load(rests_of(o) + k * lanes).last(rest);
                    }
                    *target_of(o, first + k) += sum_of_lanes(sum);
                }
            }
        }
    };
}
