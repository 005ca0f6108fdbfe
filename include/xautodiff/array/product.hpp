// SPDX-License-Identifier: BSD-3-Clause
// Matrix products: their shapes, 1-D operands seen as matrices, and plain loops that work for any type and strides.
#pragma once

#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/pairwise_sum.hpp>

#include <string>
#include <utility>

namespace xautodiff::array
{
    namespace detail
    {
        [[noreturn]] inline void throw_product(const shape& a, const shape& b)
        {
            const auto text = [](index e) { return std::to_string(e); };
            if (a.rank == 0 || b.rank == 0)
            {
                throw shape_error("both arguments to matmul need to be at least 1D, but they are " + text(a.rank) + "D and "
                                  + text(b.rank) + "D");
            }
            if (a.rank > 2 || b.rank > 2)
            {
                throw shape_error("matmul takes arrays of 1 or 2 dimensions here, but they are " + text(a.rank) + "D and "
                                  + text(b.rank) + "D");
            }
            if (b.rank == 2)
            {
                throw shape_error("mat1 and mat2 shapes cannot be multiplied (" + (a.rank == 2 ? text(a[0]) : "1") + "x"
                                  + text(a[a.rank - 1]) + " and " + text(b[0]) + "x" + text(b[1]) + ")");
            }
            if (a.rank == 2)
            {
                throw shape_error("size mismatch, got " + text(a[0]) + ", " + text(a[0]) + "x" + text(a[1]) + "," + text(b[0]));
            }
            throw shape_error("inconsistent tensor size, expected tensor [" + text(a[0]) + "] and src [" + text(b[0])
                              + "] to have the same number of elements, but got " + text(a[0]) + " and " + text(b[0])
                              + " elements respectively");
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

    /// A left operand as a matrix: a vector of k elements is (1, k).
    template <class T>
    constexpr array_ref<T> left_matrix(array_ref<T> a)
    {
        return a.shape.rank == 1 ? array_ref<T>(a.data, {1, a.shape[0]}, {0, a.stride[0]}) : a;
    }

    /// A right operand as a matrix: a vector of k elements is (k, 1).
    template <class T>
    constexpr array_ref<T> right_matrix(array_ref<T> b)
    {
        return b.shape.rank == 1 ? array_ref<T>(b.data, {b.shape[0], 1}, {b.stride[0], 0}) : b;
    }

    /// A product, or its adjoint, as the matrix that left_matrix x right_matrix is. `a` and `b` are the operands' shapes.
    template <class T>
    constexpr array_ref<T> product_matrix(array_ref<T> out, const shape& a, const shape& b)
    {
        array_ref<T> matrix(out.data, {1, 1}, {});
        int from = 0;
        if (a.rank == 2)
        {
            matrix.shape[0] = out.shape[from];
            matrix.stride[0] = out.stride[static_cast<std::size_t>(from++)];
        }
        if (b.rank == 2)
        {
            matrix.shape[1] = out.shape[from];
            matrix.stride[1] = out.stride[static_cast<std::size_t>(from)];
        }
        return matrix;
    }

    namespace detail
    {
        template <class T>
        constexpr array_ref<T> flipped(array_ref<T> a, bool transpose)
        {
            if (transpose)
            {
                std::swap(a.shape[0], a.shape[1]);
                std::swap(a.stride[0], a.stride[1]);
            }
            return a;
        }

        [[noreturn]] inline void throw_product_target(const shape& out, const shape& product)
        {
            throw shape_error("a product of shape " + to_string(product) + " does not fit a result of shape " + to_string(out));
        }

        constexpr void expect_product(const shape& out, const shape& a, const shape& b)
        {
            if (a.rank != 2 || b.rank != 2 || a[1] != b[0])
            {
                throw_product(a, b);
            }
            if (out != shape{a[0], b[1]})
            {
                throw_product_target(out, {a[0], b[1]});
            }
        }

        /// out = (0 or out) + a b as inner products: for columns of b that lie in one piece.
        template <class T, class A, class B>
        constexpr void multiply_by_columns(array_ref<T> out, array_ref<A> a, array_ref<B> b, bool accumulate)
        {
            for (index i = 0; i < out.shape[0]; ++i)
            {
                const row<A> x{a.data + i * a.stride[0], a.stride[1]};
                for (index j = 0; j < out.shape[1]; ++j)
                {
                    const row<B> y{b.data + j * b.stride[1], b.stride[0]};
                    pairwise_sum<T> sum;
                    add_terms(sum, a.shape[1], [&](index p) { return static_cast<T>(x[p] * y[p]); });
                    T& to = out.data[i * out.stride[0] + j * out.stride[1]];
                    to = accumulate ? static_cast<T>(to + sum.total()) : sum.total();
                }
            }
        }

        /// out = (0 or out) + a b as sums of multiples of b's rows: for rows of b that lie in one piece.
        template <class T, class A, class B>
        constexpr void multiply_by_rows(array_ref<T> out, array_ref<A> a, array_ref<B> b, bool accumulate)
        {
            const index columns = out.shape[1];
            for (index i = 0; i < out.shape[0]; ++i)
            {
                const row<T> to{out.data + i * out.stride[0], out.stride[1]};
                for (index j = 0; j < columns && !accumulate; ++j)
                {
                    to[j] = T{};
                }
                for (index p = 0; p < a.shape[1]; ++p)
                {
                    const A factor = a.data[i * a.stride[0] + p * a.stride[1]];
                    const row<B> from{b.data + p * b.stride[0], b.stride[1]};
                    if (to.stride == 1 && from.stride == 1)
                    {
                        for (index j = 0; j < columns; ++j)
                        {
                            to.data[j] += static_cast<T>(factor * from.data[j]);
                        }
                    }
                    else
                    {
                        for (index j = 0; j < columns; ++j)
                        {
                            to[j] += static_cast<T>(factor * from[j]);
                        }
                    }
                }
            }
        }
    }

    /// The product of two matrices of any strides, either of them transposed first: out = op(a) op(b), or out += op(a) op(b).
    /// An inner extent of 0 gives zeros. `out` must not overlap the operands.
    /// Throws shape_error where the extents do not fit.
    template <class T, class A, class B>
    constexpr void matmul(array_ref<T> out, array_ref<A> a, array_ref<B> b, bool transpose_a = false, bool transpose_b = false,
                          bool accumulate = false)
    {
        a = detail::flipped(a, transpose_a);
        b = detail::flipped(b, transpose_b);
        detail::expect_product(out.shape, a.shape, b.shape);
        if (out.size() == 0)
        {
            return;
        }
        if (b.shape[1] == 1 || detail::magnitude(b.stride[0]) < detail::magnitude(b.stride[1]))
        {
            detail::multiply_by_columns(out, a, b, accumulate);
        }
        else
        {
            detail::multiply_by_rows(out, a, b, accumulate);
        }
    }
}
