// SPDX-License-Identifier: BSD-3-Clause
// Matrix products: their shapes, and plain loops that work for any type and strides.
#pragma once

#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/matrix_ref.hpp>
#include <xautodiff/array/pairwise_sum.hpp>

#include <utility>

namespace xautodiff::array
{
    namespace detail
    {
        [[noreturn, gnu::cold]] inline void throw_product(const shape& a, const shape& b)
        {
            if (a.rank == 0 || b.rank == 0)
            {
                throw shape_error(message("both arguments to matmul need to be at least 1D, but they are %dD and %dD",
                                          a.rank, b.rank));
            }
            if (a.rank > 2 || b.rank > 2)
            {
                throw shape_error(
                    message("matmul takes arrays of 1 or 2 dimensions here, but they are %dD and %dD", a.rank, b.rank));
            }
            if (b.rank == 2)
            {
                throw shape_error(message("mat1 and mat2 shapes cannot be multiplied (%tdx%td and %tdx%td)",
                                          a.rank == 2 ? a[0] : 1, a[a.rank - 1], b[0], b[1]));
            }
            if (a.rank == 2)
            {
                throw shape_error(message("size mismatch, got %td, %tdx%td,%td", a[0], a[0], a[1], b[0]));
            }
            throw shape_error(message("inconsistent tensor size, expected tensor [%td] and src [%td] to have the same "
                                      "number of elements, but got %td and %td elements respectively",
                                      a[0], b[0], a[0], b[0]));
        }

        [[noreturn, gnu::cold]] inline void throw_not_a_matrix(const shape& s)
        {
            throw shape_error(message("a matrix is needed, not an array of shape %s", to_string(s).c_str()));
        }
    }

    /// The shape of a product as np.matmul gives it: (m, k) x (k, n) -> (m, n), (k) x (k, n) -> (n), (m, k) x (k) -> (m),
    /// (k) x (k) -> (). Extents and ranks may be unknown.
    /// Throws shape_error where the inner extents differ and for other ranks.
    constexpr shape matmul_shape(const shape& a, const shape& b)
    {
        const auto fits = [](int rank) { return rank == 1 || rank == 2 || rank == unknown; };
        if (!fits(a.rank) || !fits(b.rank))
        {
            detail::throw_product(a, b);
        }
        if (a.rank == unknown || b.rank == unknown)
        {
            return shape::of_rank(unknown);
        }
        const index ka = a[a.rank - 1];
        const index kb = b[0];
        if (ka != kb && ka != unknown && kb != unknown)
        {
            detail::throw_product(a, b);
        }
        shape out;
        if (a.rank == 2)
        {
            out.push_back(a[0]);
        }
        if (b.rank == 2)
        {
            out.push_back(b[1]);
        }
        return out;
    }

    namespace detail
    {
        [[noreturn, gnu::cold]] inline void throw_product_target(const shape& out, const shape& product)
        {
            throw shape_error(message("a product of shape %s does not fit a result of shape %s",
                                      to_string(product).c_str(), to_string(out).c_str()));
        }

        template <class T, class A, class B>
        constexpr void expect_product(const matrix_ref<T>& out, const matrix_ref<A>& a, const matrix_ref<B>& b)
        {
            if (a.columns != b.rows)
            {
                throw_product({a.rows, a.columns}, {b.rows, b.columns});
            }
            if (out.rows != a.rows || out.columns != b.columns)
            {
                throw_product_target({out.rows, out.columns}, {a.rows, b.columns});
            }
        }

        /// The matrix that an array is, or its transpose.
        template <class T>
        constexpr matrix_ref<T> expect_matrix(const array_ref<T>& a, bool transpose = false)
        {
            if (a.shape.rank != 2)
            {
                throw_not_a_matrix(a.shape);
            }
            const matrix_ref<T> m(a);
            return transpose ? m.transposed() : m;
        }

        /// out = (0 or out) + a b as inner products: for columns of b that lie in one piece.
        template <class T, class A, class B>
        constexpr void multiply_by_columns(matrix_ref<T> out, matrix_ref<A> a, matrix_ref<B> b, bool accumulate)
        {
            for (index i = 0; i < out.rows; ++i)
            {
                for (index j = 0; j < out.columns; ++j)
                {
                    T& to = out.data[i * out.row_stride + j * out.column_stride];
                    // By offsets: where there is nothing to add up, the operands may be null.
                    const index x = i * a.row_stride, y = j * b.column_stride;
                    pairwise_sum<T> sum;
                    add_terms(sum, a.columns,
                              [&](index p) {
                                  return static_cast<T>(a.data[x + p * a.column_stride] * b.data[y + p * b.row_stride]);
                              });
                    to = accumulate ? static_cast<T>(to + sum.total()) : sum.total();
                }
            }
        }

        /// out = (0 or out) + a b as sums of multiples of b's rows: for rows of b that lie in one piece.
        template <class T, class A, class B>
        constexpr void multiply_by_rows(matrix_ref<T> out, matrix_ref<A> a, matrix_ref<B> b, bool accumulate)
        {
            for (index i = 0; i < out.rows; ++i)
            {
                const row<T> to{out.data + i * out.row_stride, out.column_stride};
                for (index j = 0; j < out.columns && !accumulate; ++j)
                {
                    to[j] = T{};
                }
                for (index p = 0; p < a.columns; ++p)
                {
                    const A factor = a.data[i * a.row_stride + p * a.column_stride];
                    const row<B> from{b.data + p * b.row_stride, b.column_stride};
                    if (to.stride == 1 && from.stride == 1)
                    {
                        for (index j = 0; j < out.columns; ++j)
                        {
                            to.data[j] += static_cast<T>(factor * from.data[j]);
                        }
                    }
                    else
                    {
                        for (index j = 0; j < out.columns; ++j)
                        {
                            to[j] += static_cast<T>(factor * from[j]);
                        }
                    }
                }
            }
        }

        template <class T, class A, class B>
        constexpr void multiply(matrix_ref<T> out, matrix_ref<A> a, matrix_ref<B> b, bool accumulate)
        {
            const bool columns_are_closer = magnitude(b.row_stride) < magnitude(b.column_stride);
            if (b.columns == 1 || (b.rows > 1 && columns_are_closer))
            {
                multiply_by_columns(out, a, b, accumulate);
            }
            else
            {
                multiply_by_rows(out, a, b, accumulate);
            }
        }
    }

    /// The product of two matrices of any strides: out = a b, or out += a b. An inner extent of 0 gives zeros. `out` must not
    /// overlap the operands.
    /// Throws shape_error where the extents do not fit.
    template <class T, class A, class B>
    constexpr void matmul(const matrix_ref<T>& out, const matrix_ref<A>& a, const matrix_ref<B>& b,
                          bool accumulate = false)
    {
        detail::expect_product(out, a, b);
        detail::multiply(out, a, b, accumulate);
    }

    /// The same of arrays of two dimensions, either operand transposed first.
    template <class T, class A, class B>
    constexpr void matmul(const array_ref<T>& out, const array_ref<A>& a, const array_ref<B>& b,
                          bool transpose_a = false, bool transpose_b = false, bool accumulate = false)
    {
        matmul(detail::expect_matrix(out), detail::expect_matrix(a, transpose_a), detail::expect_matrix(b, transpose_b),
               accumulate);
    }
}
