// SPDX-License-Identifier: BSD-3-Clause
// Rows that are too short to be taken one by one, from and to a buffer in which they lie one after the other. Everything comes
// by value: what is stored through a pointer to elements could otherwise be the loop's own numbers.
#pragma once

#include <xautodiff/array/lanes.hpp>
#include <xautodiff/array/shape.hpp>

namespace xautodiff::evaluate
{
    /// Copies a row whose elements lie `step` apart.
    template <class T>
    [[gnu::noinline]] void gather_row(T* to, const T* from, array::index step, array::index n)
    {
        for (array::index i = 0; i < n; ++i)
        {
            to[i] = from[i * step];
        }
    }

    template <class T>
    struct short_rows
    {
        array::index count, size;  ///< how many there are, and their length

        /// Fills rows with one element each, which lie `step` apart. Writes up to a register's worth more than all rows.
        void repeat(T* to, const T* from, array::index step) const
        {
            constexpr array::index lanes = array::lane_count<T>;
            const array::index n = size;
            for (array::index row = 0; row < count; ++row, to += n, from += step)
            {
                if constexpr (lanes > 1)
                {
                    const array::lanes<T> all(*from);
                    all.store(to);
                    for (array::index i = lanes; i < n; i += lanes)
                    {
                        // The last ones twice, which is quicker than to write what the next row has to write again.
                        all.store(to + std::min(i, n - lanes));
                    }
                }
                else
                {
                    std::fill_n(to, n, *from);
                }
            }
        }

        /// Copies rows whose elements lie `step` apart, and which begin `row_step` apart.
        void gather(T* to, const T* from, array::index step, array::index row_step) const
        {
            const array::index n = size;
            for (array::index row = 0; row < count; ++row, to += n, from += row_step)
            {
                gather_row(to, from, step, n);
            }
        }

        /// Adds each row to one element; these lie `step` apart. Four rows at a time, each from its first element to its last:
        /// so few need no more sums, nor pairs.
        void sum(T* to, const T* from, array::index step) const
        {
            const array::index n = size;
            array::index row = 0;
            for (; row + 4 <= count; row += 4, from += 4 * n, to += 4 * step)
            {
                T a = from[0], b = from[n], c = from[2 * n], d = from[3 * n];
                for (array::index i = 1; i < n; ++i)
                {
                    a += from[i];
                    b += from[i + n];
                    c += from[i + 2 * n];
                    d += from[i + 3 * n];
                }
                to[0] += a;
                to[step] += b;
                to[2 * step] += c;
                to[3 * step] += d;
            }
            for (; row < count; ++row, from += n, to += step)
            {
                T a = from[0];
                for (array::index i = 1; i < n; ++i)
                {
                    a += from[i];
                }
                *to += a;
            }
        }
    };
}
