// SPDX-License-Identifier: BSD-3-Clause
// How inner loops are called, and how they are told to go.
#pragma once

#include <xautodiff/array/lanes.hpp>
#include <xautodiff/array/shape.hpp>

namespace xautodiff::evaluate
{
    /// How an inner loop goes: over one row whose elements lie one beside the next, unless it is told otherwise.
    template <class T>
    struct loop_walk
    {
        array::index rows = 1;                   ///< how many rows
        const array::index* row_step = nullptr;  ///< how far they are apart, for streams and then for results
        /// For each stream all bits, or none where one register's worth of elements is read again and again. Null: all bits.
        const array::index* mask = nullptr;
        /// For each result that is added to what is there all bits, or those within which elements go round: then so many
        /// are the sums of a row. Null: all bits.
        const array::index* sum_mask = nullptr;
        /// For each result that is a part of memory with others, how far it begins behind the part that begins first: they are
        /// put together in registers and written where the first of these results in the schedule says. Null: each is written
        /// by itself.
        const array::index* delay = nullptr;
        array::widest_t<T>* held = nullptr;  ///< for each of these, what was put off
        /// Whether a register's worth of all rows comes before the next: for results that add to the same elements in each row,
        /// which have no mask then. Otherwise one row comes after the other.
        bool is_abreast = false;
    };

    /// One row: in memory, since handing it over by value takes as long as a short row.
    template <class T>
    inline constexpr loop_walk<T> one_row{};

    /// Computes `n` elements, a multiple of the lane count: `in` are the streams' elements, one beside the next, and then the
    /// numbers; `out` is where results go. A total's lanes are put into `totals`; without lanes its terms are stored to `out`.
    template <class T>
    using region_function = void (*)(array::index n, const T* const* in, T* const* out, array::widest_t<T>* totals,
                                     const loop_walk<T>& walk);

    /// Computes numbers from numbers.
    template <class T>
    using number_function = void (*)(const T* const* in, T* const* out);
}
