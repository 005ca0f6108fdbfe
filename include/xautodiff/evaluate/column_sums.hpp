// SPDX-License-Identifier: BSD-3-Clause
// Sums into arrays, as those of columns, whose error does not grow with the number of rows: some rows are added up plainly,
// their sums in pairs, the sums of those in pairs.
#pragma once

#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/pairwise_sum.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace xautodiff::evaluate
{
    template <class T>
    class column_sums
    {
        using index = array::index;

    public:
        /// How many rows are added up plainly.
        static constexpr index rows = 64;

        column_sums() = default;

        /// For sums over `count` rows that lie as `row` does. (No result has negative strides.)
        [[gnu::noinline, gnu::cold]] column_sums(const array::array_ref<T>& row, index count)
            : m_row(row), m_levels(int(std::bit_width(std::size_t(count / rows) + 1)))
        {
            m_size = 1;
            for (int d = 0; d < row.shape.rank; ++d)
            {
                m_size += (row.shape[d] - 1) * row.stride[std::size_t(d)];
            }
        }

        std::size_t memory_size() const { return std::size_t(m_size) * std::size_t(m_levels + 1); }

        /// Where the sum of the first block is to be written, laid out as the row that receives that of all. What is there is
        /// not zero.
        T* start(T* memory)
        {
            m_waiting.clear();
            for (int l = 0; l <= m_levels; ++l)
            {
                m_place[std::size_t(l)] = memory + l * m_size;
            }
            return m_place[0];
        }

        /// Takes the sum of a block, and returns where that of the next one is to be written.
        [[gnu::noinline]] T* add_block()
        {
            const std::size_t level = m_waiting.add_block([this](std::size_t l) { add(m_place[0], m_place[l + 1]); });
            std::swap(m_place[0], m_place[level + 1]);
            return m_place[0];
        }

        /// Makes zeros of where the sum of a block is to be written.
        void clear() { std::fill_n(m_place[0], m_size, T(0)); }

        /// Adds the sum of all blocks to the row at `to`.
        [[gnu::noinline]] void finish(T* to)
        {
            clear();
            m_waiting.for_each([this](std::size_t level) { add(m_place[0], m_place[level + 1]); });
            array::add_to(array::array_ref<T>(to, m_row.shape, m_row.stride),
                          array::array_ref<T>(m_place[0], m_row.shape, m_row.stride));
        }

    private:
        array::array_ref<T> m_row;
        int m_levels = 0;
        index m_size = 0;
        /// Where a block's sum is written, and then the sums that wait, one for each level: of as many blocks as can be counted.
        std::array<T*, 64> m_place{};
        array::waiting_sums m_waiting;

        [[gnu::noinline]] void add(T* to, const T* from) const
        {
            for (index i = 0; i < m_size; ++i)
            {
                to[i] += from[i];
            }
        }
    };
}
