// SPDX-License-Identifier: BSD-3-Clause
// The matrix product and its two adjoints. A 1-D left operand counts as a row, a 1-D right operand as a column, and the
// result loses that axis, as in NumPy. The three are closed under differentiation: each one's pullback is the other two.
#pragma once

#include <xautodiff/array/product.hpp>
#include <xautodiff/op/math.hpp>
#include <xautodiff/op/row_use.hpp>

#include <string_view>

namespace xautodiff::op
{
    /// Which library multiplies: plain loops where constant evaluation must be possible; see array/blas.hpp.
    struct loop_product
    {
        template <class T>
        static constexpr void matmul(const array::matrix_ref<T>& out, const array::matrix_ref<const T>& a,
                                     const array::matrix_ref<const T>& b)
        {
            array::matmul(out, a, b);
        }
    };

    /// The inner product of two vectors, composed.
    struct dot
    {
        static constexpr std::string_view name = "dot", function = "DotBackward0";
        static constexpr array::shape result_shape(const array::shape& a, const array::shape& b)
        {
            return array::matmul_shape(a, b);
        }
        static constexpr auto compose(const auto& a, const auto& b) { return math::sum(a * b); }
    };

    /// a times b.
    struct matmul
    {
        static constexpr std::string_view name = "matmul", function = "MmBackward0";
        static constexpr unsigned linear_in = 0b11;
        static constexpr array::shape result_shape(const array::shape& a, const array::shape& b)
        {
            return array::matmul_shape(a, b);
        }

        // Products with a vector read each row once. Those of matrices have better blocks of their own.
        static constexpr row_use rows(const array::shape& a, const array::shape& b)
        {
            return {a.rank == 2 && b.rank == 1 ? 0b01u : 0, false};
        }

        template <class Product = loop_product, class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& a,
                                       const array::array_ref<const T>& b)
        {
            Product::matmul(array::product_matrix(out, a.shape, b.shape), array::left_matrix(a),
                            array::right_matrix(b));
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& a, const auto& b)
        {
            return std::tuple{math::matmul_nt(adjoint, b, a), math::matmul_tn(a, adjoint, b)};
        }
    };

    /// g times b transposed, in the shape of a left operand.
    struct matmul_nt
    {
        static constexpr std::string_view name = "matmul_nt", function = "MmBackward0";
        static constexpr unsigned linear_in = 0b11;
        static constexpr int result_like = 2;

        static constexpr row_use rows(const array::shape& g, const array::shape& b, const array::shape& a)
        {
            return {a.rank == 2 && b.rank == 1 && g.rank == 1 ? 0b001u : 0, false};
        }

        template <class Product = loop_product, class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& g,
                                       const array::array_ref<const T>& b, const array::array_ref<const T>&)
        {
            Product::matmul(array::left_matrix(out), array::product_matrix(g, out.shape, b.shape),
                            array::right_matrix(b).transposed());
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& g, const auto& b, const auto&)
        {
            return std::tuple{math::matmul(adjoint, b), math::matmul_tn(adjoint, g, b), math::none{}};
        }
    };

    /// a transposed times g, in the shape of a right operand.
    struct matmul_tn
    {
        static constexpr std::string_view name = "matmul_tn", function = "MmBackward0";
        static constexpr unsigned linear_in = 0b11;
        static constexpr int result_like = 2;

        static constexpr row_use rows(const array::shape& a, const array::shape& g, const array::shape&)
        {
            return {a.rank == 2 && g.rank == 1 ? 0b011u : 0, true};
        }

        template <class Product = loop_product, class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& a,
                                       const array::array_ref<const T>& g, const array::array_ref<const T>&)
        {
            Product::matmul(array::right_matrix(out), array::left_matrix(a).transposed(),
                            array::product_matrix(g, a.shape, out.shape));
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& a, const auto& g, const auto&)
        {
            return std::tuple{math::matmul_nt(g, adjoint, a), math::matmul(a, adjoint), math::none{}};
        }
    };
}
