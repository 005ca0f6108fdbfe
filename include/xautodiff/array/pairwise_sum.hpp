// SPDX-License-Identifier: BSD-3-Clause
// Sums whose error does not grow with the number of terms, and which are the same on every run: short blocks are added
// up plainly, their sums in pairs, the sums of those in pairs, and so on.
#pragma once

#include <xautodiff/array/array_ref.hpp>

#include <array>
#include <cstddef>

namespace xautodiff::array
{
    /// The sums that are waiting for their like while blocks are added in pairs: one at each level whose bit is set in the
    /// number of blocks.
    class waiting_sums
    {
    public:
        constexpr void clear() { m_blocks = 0; }

        /// Counts a block: calls join(level) for the waiting sums that it meets, and returns the level at which the sum of
        /// them all waits from now on.
        template <class F>
        constexpr std::size_t add_block(F&& join)
        {
            std::size_t level = 0;
            for (std::size_t carry = m_blocks++; (carry & 1) != 0; carry >>= 1)
            {
                join(level++);
            }
            return level;
        }

        /// Calls f(level) for all that wait, the smallest first.
        template <class F>
        constexpr void for_each(F&& f) const
        {
            std::size_t level = 0;
            for (std::size_t left = m_blocks; left != 0; left >>= 1, ++level)
            {
                if ((left & 1) != 0)
                {
                    f(level);
                }
            }
        }

    private:
        std::size_t m_blocks = 0;
    };

    /// Adds the sums of blocks in pairs. T needs `+=` and `T{}` for nothing at all: a number, a SIMD batch, several lanes.
    template <class T>
    class pairwise_sum
    {
    public:
        /// How many terms a caller should add up by itself before it calls `add`.
        static constexpr index block_size = 128;

        // The levels are written before they are read: setting them to zero would cost more than a short sum.
        constexpr pairwise_sum() {}

        constexpr void clear() { m_waiting.clear(); }

        constexpr void add(T block)
        {
            const std::size_t level = m_waiting.add_block(
                [&](std::size_t l)
                {
                    T sum = m_level[l];
                    sum += block;
                    block = sum;
                });
            m_level[level] = block;
        }

        /// The sum of all blocks, added to `sum`.
        constexpr T total(T sum = T{}) const
        {
            m_waiting.for_each([&](std::size_t level) { sum += m_level[level]; });
            return sum;
        }

    private:
        // Enough for 2^48 blocks.
        T m_level[48];
        waiting_sums m_waiting;
    };

    /// The sum of term(i) for i in [0, n): eight running sums, so that the additions of a block need not wait for each
    /// other. For at most pairwise_sum::block_size terms.
    template <class T, class F>
    constexpr T block_sum(index n, F&& term)
    {
        if (n < 8)
        {
            T sum{};
            for (index i = 0; i < n; ++i)
            {
                sum += term(i);
            }
            return sum;
        }
        T sum[8]{term(0), term(1), term(2), term(3), term(4), term(5), term(6), term(7)};
        index i = 8;
        for (; i + 8 <= n; i += 8)
        {
            for (index j = 0; j < 8; ++j)
            {
                sum[j] += term(i + j);
            }
        }
        for (index j = 0; i < n; ++i, ++j)
        {
            sum[j] += term(i);
        }
        for (int half : {4, 2, 1})
        {
            for (int j = 0; j < half; ++j)
            {
                sum[j] += sum[j + half];
            }
        }
        return sum[0];
    }

    /// Adds term(i) for i in [0, n), any number of them, to a pairwise sum.
    template <class T, class F>
    constexpr void add_terms(pairwise_sum<T>& sum, index n, F&& term)
    {
        constexpr index block = pairwise_sum<T>::block_size;
        for (index begin = 0; begin < n; begin += block)
        {
            sum.add(block_sum<T>(n - begin < block ? n - begin : block, [&](index i) -> T { return term(begin + i); }));
        }
    }
}
