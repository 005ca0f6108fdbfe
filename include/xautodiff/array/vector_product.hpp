// SPDX-License-Identifier: BSD-3-Clause
// Products of a matrix, whose rows lie each in one piece, with a vector, several rows at a time in registers. For what is in
// a cache: blocks of rows, and matrices that are small; there a call of BLAS costs as much as the product.
#pragma once

#include <xautodiff/array/lanes.hpp>
#include <xautodiff/array/matrix_ref.hpp>

#include <algorithm>
#include <utility>

namespace xautodiff::array
{
    /// A matrix as a factor of vectors, which lie in one piece like its rows. Sums over columns are added up lane by lane, 2048
    /// columns at a time, sums over rows eight rows at a time.
    template <class T>
    class vector_product
    {
        using V = lanes<T>;
        static constexpr index count = lane_count<T>;

    public:
        /// Fewer do not fill a register.
        static constexpr index least_columns = count;

        /// a must have at least `least_columns` columns, next to each other.
        explicit vector_product(const matrix_ref<const T>& a)
            : m_data(a.data), m_rows(a.rows), m_columns(a.columns), m_distance(a.row_stride)
        {
        }

        /// y = a x, or y += a x.
        void multiply(const T* x, T* y, bool accumulate) const
        {
            for_each_part(
                [&](index begin, index size)
                {
                    const bool adds = accumulate || begin != 0;
                    index i = 0;
                    for (; i + count <= m_rows; i += count)
                    {
                        const V sums = row_sums(row(i) + begin, x + begin, size, std::make_index_sequence<count>{});
                        (adds ? V::load(y + i) + sums : sums).store(y + i);
                    }
                    if (i != m_rows && i != 0 && !adds)
                    {
                        // The last rows that fill a register: some of them once more.
                        i = m_rows - count;
                        row_sums(row(i) + begin, x + begin, size, std::make_index_sequence<count>{}).store(y + i);
                        return;
                    }
                    for (; i < m_rows; ++i)
                    {
                        const T product = sum(row_terms<0>(row(i) + begin, x + begin, size)[0]);
                        y[i] = adds ? y[i] + product : product;
                    }
                });
        }

        /// y = aᵀ x, or y += aᵀ x.
        void multiply_transposed(const T* x, T* y, bool accumulate) const
        {
            if (!accumulate)
            {
                std::fill_n(y, m_columns, T(0));
            }
            for_each_part(
                [&](index begin, index size)
                {
                    index i = 0;
                    const auto add = [&]<std::size_t... K>(std::index_sequence<K...> rows)
                    {
                        constexpr index some = sizeof...(K);
                        for (; i + some <= m_rows; i += some)
                        {
                            add_rows(row(i) + begin, x + i, y + begin, size, rows);
                        }
                    };
                    add(std::make_index_sequence<8>{});
                    add(std::make_index_sequence<2>{});
                    add(std::make_index_sequence<1>{});
                });
        }

    private:
        /// So many columns are taken at a time: what belongs to them of a vector stays in the nearest cache, and no sum
        /// has many more terms.
        static constexpr index part = 2048;

        const T* m_data;
        index m_rows, m_columns, m_distance;

        const T* row(index i) const { return m_data + i * m_distance; }

        /// No part is smaller than a register.
        template <class F>
        void for_each_part(F f) const
        {
            for (index begin = 0; begin != m_columns;)
            {
                const index left = m_columns - begin, size = left < part + count ? left : part;
                f(begin, size);
                begin += size;
            }
        }

        /// Which elements of the last register the others do not have.
        static typename V::mask last_elements(index n)
        {
            using element = typename V::mask::element;
            const auto numbers = detail::numbers<element>;
            return {numbers >= element(n % count == 0 ? count : count - n % count)};
        }

        /// For each of some rows, the products of its n elements with those of x, added up lane by lane.
        template <std::size_t... K>
        [[gnu::always_inline]] auto row_terms(const T* a, const T* x, index n) const
        {
            struct all_terms
            {
                V term[sizeof...(K)];
                V operator[](std::size_t k) const { return term[k]; }
            } all{{(void(K), V(T(0)))...}};
            const index whole = n / count * count;
            for (index j = 0; j < whole; j += count)
            {
                const V factor = V::load(x + j);
                ((all.term[K] = all.term[K] + V::load(a + index(K) * m_distance + j) * factor), ...);
            }
            if (whole != n)
            {
                // A register that ends where the row does. What was there already counts as 0 on both sides.
                const typename V::mask is_new = last_elements(n);
                const index j = n - count;
                const V none(T(0)), factor = select(is_new, V::load(x + j), none);
                ((all.term[K] = all.term[K] + select(is_new, V::load(a + index(K) * m_distance + j), none) * factor),
                 ...);
            }
            return all;
        }

        /// The products of as many rows as a register has lanes.
        template <std::size_t... K>
        [[gnu::noinline]] V row_sums(const T* a, const T* x, index n, std::index_sequence<K...>) const
        {
            const auto all = row_terms<K...>(a, x, n);
            V term[] = {all[K]...};
            return sums_of<count>(term);
        }

        /// The sum of the lanes of each of `Rows` registers, in the lanes of one. In each, groups of Group lanes belong together.
        template <index Rows, index Group = count>
        [[gnu::always_inline]] static V sums_of(const V* term)
        {
            if constexpr (Rows == 1)
            {
                return term[0];
            }
            else
            {
                V half[Rows / 2];
                for (index k = 0; k < Rows / 2; ++k)
                {
                    half[k] = halves_added<Group>(term[2 * k], term[2 * k + 1], std::make_index_sequence<count>{});
                }
                return sums_of<Rows / 2, Group / 2>(half);
            }
        }

        /// The first half of each group of lanes, of a and then of b, plus the second half.
        template <index Group, std::size_t... J>
        [[gnu::always_inline]] static V halves_added(const V& a, const V& b, std::index_sequence<J...>)
        {
            constexpr auto first = [](std::size_t j)
            { return index(j) / (Group / 2) * Group + index(j) % (Group / 2); };
            return V(__builtin_shufflevector(a.value, b.value, first(J)...))
                   + V(__builtin_shufflevector(a.value, b.value, (first(J) + Group / 2)...));
        }

        /// Adds x[k] times row k, for some rows, to y.
        template <std::size_t... K>
        [[gnu::noinline]] void add_rows(const T* a, const T* x, T* y, index n, std::index_sequence<K...>) const
        {
            const V factor[] = {V(x[K])...};
            const auto added = [&](index j)
            {
                // Two sums, which do not wait for each other.
                V chain[] = {V::load(y + j), V(T(0))};
                ((chain[K % 2] = chain[K % 2] + factor[K] * V::load(a + index(K) * m_distance + j)), ...);
                return sizeof...(K) > 1 ? chain[0] + chain[1] : chain[0];
            };
            const index whole = n / count * count;
            // Before the others change what it begins with.
            const V last = added(n - count);
            for (index j = 0; j < whole; j += count)
            {
                added(j).store(y + j);
            }
            if (whole != n)
            {
                const index j = n - count;
                select(last_elements(n), last, V::load(y + j)).store(y + j);
            }
        }
    };

    /// out = a b, or out += a b, where one operand is a vector and the other a matrix for which this pays. False, having done
    /// nothing, where it does not.
    template <class T>
    bool multiply_in_registers(const matrix_ref<T>& out, const matrix_ref<const T>& a, const matrix_ref<const T>& b,
                               bool accumulate)
    {
        // Larger matrices do not stay in a cache, and BLAS may share them out among threads.
        constexpr index most = (1 << 19) / index(sizeof(T));
        if constexpr (lane_count<T> > 1)
        {
            // y = m x, or y = mᵀ x where it is m's columns that lie in one piece.
            const bool is_row = out.rows == 1;
            const T* const x = is_row ? a.data : b.data;
            const index x_step = is_row ? a.column_stride : b.row_stride;
            const index y_step = is_row ? out.column_stride : out.row_stride;
            const index rows = is_row ? b.columns : a.rows, columns = is_row ? b.rows : a.columns;
            const index row_stride = is_row ? b.column_stride : a.row_stride;
            const index column_stride = is_row ? b.row_stride : a.column_stride;
            const bool flips = column_stride != 1;
            if ((!is_row && out.columns != 1) || x_step != 1 || y_step != 1 || (flips && row_stride != 1) || rows < 2
                || columns < 2 || (flips ? rows : columns) < vector_product<T>::least_columns || rows * columns > most)
            {
                return false;
            }
            const T* const m = is_row ? b.data : a.data;
            if (flips)
            {
                vector_product<T>(matrix_ref<const T>(m, columns, rows, column_stride, 1))
                    .multiply_transposed(x, out.data, accumulate);
            }
            else
            {
                vector_product<T>(matrix_ref<const T>(m, rows, columns, row_stride, 1))
                    .multiply(x, out.data, accumulate);
            }
            return true;
        }
        return false;
    }
}
