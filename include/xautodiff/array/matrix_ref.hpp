// SPDX-License-Identifier: BSD-3-Clause
// Operands of products as matrices: an array_ref of two dimensions, small enough to be handed around by value.
#pragma once

#include <xautodiff/array/array_ref.hpp>

namespace xautodiff::array
{
    template <class T>
    struct matrix_ref
    {
        T* data;
        index rows;
        index columns;
        index row_stride;
        index column_stride;

        /// `a` must have two dimensions.
        constexpr explicit matrix_ref(const array_ref<T>& a)
            : data(a.data), rows(a.shape[0]), columns(a.shape[1]), row_stride(a.stride[0]), column_stride(a.stride[1])
        {
        }

        constexpr matrix_ref(T* p, index r, index c, index rs, index cs)
            : data(p), rows(r), columns(c), row_stride(rs), column_stride(cs)
        {
        }

        constexpr matrix_ref transposed() const { return {data, columns, rows, column_stride, row_stride}; }
        constexpr matrix_ref<const T> as_const() const { return {data, rows, columns, row_stride, column_stride}; }
        constexpr array_ref<T> as_array() const { return {data, {rows, columns}, {row_stride, column_stride}}; }
    };

    /// A left operand as a matrix: a vector of k elements is (1, k).
    template <class T>
    constexpr matrix_ref<T> left_matrix(const array_ref<T>& a)
    {
        return a.shape.rank == 1 ? matrix_ref<T>(a.data, 1, a.shape[0], 0, a.stride[0]) : matrix_ref<T>(a);
    }

    /// A right operand as a matrix: a vector of k elements is (k, 1).
    template <class T>
    constexpr matrix_ref<T> right_matrix(const array_ref<T>& b)
    {
        return b.shape.rank == 1 ? matrix_ref<T>(b.data, b.shape[0], 1, b.stride[0], 0) : matrix_ref<T>(b);
    }

    /// A product, or its adjoint, as the matrix that left_matrix x right_matrix is. `a` and `b` are the operands' shapes.
    template <class T>
    constexpr matrix_ref<T> product_matrix(const array_ref<T>& out, const shape& a, const shape& b)
    {
        matrix_ref<T> matrix(out.data, 1, 1, 0, 0);
        int from = 0;
        if (a.rank == 2)
        {
            matrix.rows = out.shape[from];
            matrix.row_stride = out.stride[static_cast<std::size_t>(from++)];
        }
        if (b.rank == 2)
        {
            matrix.columns = out.shape[from];
            matrix.column_stride = out.stride[static_cast<std::size_t>(from)];
        }
        return matrix;
    }
}
