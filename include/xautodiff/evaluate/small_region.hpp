// SPDX-License-Identifier: BSD-3-Clause
// A small loop, whose arrays the inner one reads and writes where they lie: mostly nothing is to be done but to run that.
#pragma once

#include <xautodiff/evaluate/region_ends.hpp>

namespace xautodiff::evaluate
{
    template <class T>
    class small_region : region_ends<T>
    {
        using base = region_ends<T>;
        using index = array::index;
        using base::buffer_of;
        using base::has_lanes;
        using base::lanes;
        using base::m;
        using base::m_run;
        using base::r;
        using base::sum_of_lanes;
        using typename base::V;

    public:
        using base::base;

        [[gnu::always_inline]] static void run(const region_loop<T>& loop, region_function<T> f,
                                               const region_scratch<T>& scratch)
        {
            if (loop.has_rest() || loop.is_merged)
            {
                small_region(loop, f, scratch).run_with_ends();
                return;
            }
            f(loop.axes.row_size(), loop.in, loop.out, scratch.totals, one_row<T>);
            for (std::size_t o = 0; o < loop.results; ++o)
            {
                if (loop.how[o] == delivery::total)
                {
                    *loop.out[o] = sum_of_lanes(scratch.totals[o]);
                }
            }
        }

    private:
        /// The same with elements that do not fill a register, or with parts to be put together.
        [[gnu::noinline]] void run_with_ends()
        {
            if constexpr (has_lanes)
            {
                const index n = r.axes.row_size(), rest = n % lanes, whole = n - rest;
                // What does not fill a register is computed on the last one that the row fills, as far as there is one: some
                // elements twice, of which only the others count.
                const index before = whole != 0 ? lanes - rest : 0;
                if (rest != 0)
                {
                    whole != 0 ? run_last(whole, rest) : run_rest(rest);
                }
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    const bool is_merged = r.how[o] == delivery::merged;
                    m.delay[o] = r.part[o].delay;
                    m.to[o] = r.out[o] - (is_merged ? m.delay[o] : 0);
                    m.held[o] = is_merged || rest == 0 ? V(T(0))
                                : whole != 0           ? m.totals[o].last(rest)
                                                       : m.totals[o].first(rest);
                }
                if (whole != 0)
                {
                    m_run(whole, r.in, m.to, m.totals, base::walk(1, nullptr, nullptr));
                }
                if (r.is_merged)
                {
                    base::add_ends(before);
                }
                for (std::size_t o = 0; o < r.results; ++o)
                {
                    if (r.how[o] == delivery::total)
                    {
                        *r.out[o] = sum_of_lanes(whole != 0 ? m.totals[o] + m.held[o] : m.held[o]);
                    }
                }
            }
        }

        /// Of a row that fills some registers, computes the last one's worth, reading it where it lies.
        void run_last(index whole, index rest)
        {
            const index before = lanes - rest;
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                m.from[s] = r.in[s] + whole - before;
            }
            std::copy_n(r.in + r.streams, r.numbers, m.from + r.streams);
            for (std::size_t o = 0; o < r.results; ++o)
            {
                m.to[o] = base::result_buffer(o) + base::block;
                if (base::accumulates(o))
                {
                    V::load(r.out[o] + whole - before).store(m.to[o]);
                }
            }
            m_run(lanes, m.from, m.to, m.totals, one_row<T>);
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (r.how[o] == delivery::direct)
                {
                    base::put_last(r.out[o] + whole, m.to[o], rest);
                }
            }
        }

        /// Computes elements that do not fill one register on a whole one.
        void run_rest(index rest)
        {
            for (std::size_t s = 0; s < r.streams; ++s)
            {
                base::copy_rest(buffer_of(s), r.in[s], rest);
                m.from[s] = buffer_of(s);
            }
            std::copy_n(r.in + r.streams, r.numbers, m.from + r.streams);
            for (std::size_t o = 0; o < r.results; ++o)
            {
                base::take_rest(o, r.out[o], rest);
            }
            m_run(lanes, m.from, m.to, m.totals, one_row<T>);
            for (std::size_t o = 0; o < r.results; ++o)
            {
                if (r.how[o] == delivery::direct)
                {
                    base::give_rest(o, r.out[o], rest);
                }
            }
        }
    };
}
