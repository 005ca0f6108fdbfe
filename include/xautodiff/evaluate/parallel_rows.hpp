// SPDX-License-Identifier: BSD-3-Clause
// Takes a long row of neighbouring elements in several threads, where the user has switched that on as for xtensor
// (`XTENSOR_USE_TBB`). Sums are the same, to the bit, for any number of threads and for none: a part is a whole branch of the
// tree in which they are added.
#pragma once

#include <xautodiff/evaluate/region_runner.hpp>

#if defined(XTENSOR_USE_TBB)

#include <tbb/parallel_for.h>

#include <vector>

namespace xautodiff::evaluate
{
    template <class T>
    class parallel_rows
    {
        using index = array::index;
        using V = array::widest_t<T>;

    public:
        /// Shorter rows are done before another thread has woken up.
        static constexpr index least = 1 << 16;

        static bool is_worth_it(const region_loop<T>& loop)
        {
            return loop.is_plain && !loop.is_merged && loop.axes.rank == 1 && loop.axes.row_size() >= least;
        }

        void run(const region_loop<T>& loop, region_function<T> f, const region_scratch<T>& scratch)
        {
            const index n = loop.axes.row_size();
            const index size = part_size(n);
            const index parts = (n + size - 1) / size;
            const std::size_t results = loop.results, inputs = loop.streams + loop.numbers;
            m_totals.resize(std::size_t(parts) * results);
            m_sums.resize(std::size_t(parts) * results);
            m_in.resize(std::size_t(parts) * inputs * 2);
            m_out.resize(std::size_t(parts) * results * 3);
            m_at.resize(std::size_t(parts) * (loop.streams + results));
            tbb::parallel_for(index(0), parts,
                              [&](index p)
                              {
                                  const std::size_t k = std::size_t(p);
                                  region_loop<T> part = loop;
                                  part.axes.extent[0] = std::min(size, n - p * size);
                                  const T** const in = m_in.data() + k * inputs * 2;
                                  T** const out = m_out.data() + k * results * 3;
                                  for (std::size_t i = 0; i < inputs; ++i)
                                  {
                                      in[i] = loop.in[i] + (i < loop.streams ? p * size : 0);
                                  }
                                  for (std::size_t o = 0; o < results; ++o)
                                  {
                                      out[o] = loop.out[o] + (loop.how[o] == delivery::direct ? p * size : 0);
                                  }
                                  part.in = in;
                                  part.out = out;
                                  // Only the last part has a rest, which needs the buffer.
                                  region_runner<T> runner(part, f,
                                                          {m_totals.data() + k * results, m_sums.data() + k * results,
                                                           in + inputs, out + results, out + 2 * results,
                                                           m_at.data() + k * (loop.streams + results), nullptr, nullptr,
                                                           nullptr, nullptr, nullptr, scratch.buffer});
                                  runner.start();
                                  runner.run_rows();
                              });
            for (std::size_t o = 0; o < results; ++o)
            {
                if (loop.how[o] == delivery::total)
                {
                    *loop.out[o] = region_runner<T>::sum_of_lanes(total(o, results, std::size_t(parts), n % size != 0));
                }
            }
        }

    private:
        std::vector<V> m_totals;
        std::vector<array::pairwise_sum<V>> m_sums;
        std::vector<const T*> m_in;
        std::vector<T*> m_out;
        std::vector<index> m_at;

        /// A power of two of blocks, and so many that there are no more than 64 parts.
        static index part_size(index n)
        {
            index size = 8 * block_sizes<T>::plain;
            while (size * 64 < n)
            {
                size *= 2;
            }
            return size;
        }

        /// All whole parts in pairs; an unfinished one before them, as a sum begins with its last blocks.
        V total(std::size_t o, std::size_t results, std::size_t parts, bool unfinished) const
        {
            array::pairwise_sum<V> sum;
            const std::size_t whole = parts - std::size_t(unfinished);
            for (std::size_t p = 0; p < whole; ++p)
            {
                sum.add(m_sums[p * results + o].total());
            }
            return sum.total(unfinished ? m_sums[whole * results + o].total() : V{T(0)});
        }
    };
}

#endif
