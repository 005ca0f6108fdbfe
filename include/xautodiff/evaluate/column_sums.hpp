// SPDX-License-Identifier: BSD-3-Clause
// Sums into arrays, as those of columns, whose error does not grow with the number of rows: some rows are added up plainly,
// their sums in pairs, the sums of those in pairs.
#pragma once

#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/pairwise_sum.hpp>

#include <algorithm>
#include <bit>

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
        column_sums(const array::array_ref<T>& row, index count)
            : m_row(row), m_levels(int(std::bit_width(std::size_t(count / rows) + 1)))
        {
            m_size = 1;
            for (int d = 0; d < row.shape.rank; ++d)
            {
                m_size += (row.shape[d] - 1) * row.stride[std::size_t(d)];
            }
        }

        std::size_t memory_size() const { return std::size_t(m_size) * std::size_t(m_levels + 1); }

        /// Where rows are to be added, laid out as the row that receives their sum.
        T* start(T* memory)
        {
            m_memory = memory;
            m_waiting.clear();
            std::fill_n(m_memory, m_size, T(0));
            return m_memory;
        }

        /// Takes what has been added up so far, and starts from zero again.
        void add_block()
        {
            const std::size_t level = m_waiting.add_block([this](std::size_t l) { add(m_memory, level_at(l)); });
            std::copy_n(m_memory, m_size, level_at(level));
            std::fill_n(m_memory, m_size, T(0));
        }

        /// Adds the sum to the row at `to`.
        void finish(T* to)
        {
            m_waiting.for_each([this](std::size_t level) { add(m_memory, level_at(level)); });
            array::add_to(array::array_ref<T>(to, m_row.shape, m_row.stride),
                          array::array_ref<T>(m_memory, m_row.shape, m_row.stride));
        }

    private:
        array::array_ref<T> m_row;
        int m_levels = 0;
        index m_size = 0;
        T* m_memory = nullptr;
        array::waiting_sums m_waiting;

        T* level_at(std::size_t level) { return m_memory + index(level + 1) * m_size; }

        void add(T* to, const T* from) const
        {
            for (index i = 0; i < m_size; ++i)
            {
                to[i] += from[i];
            }
        }
    };
}
