// SPDX-License-Identifier: BSD-3-Clause
// Matrix products of xtensor's arrays go through BLAS.
#pragma once

#include <xautodiff/array/blas.hpp>
#include <xautodiff/evaluate/evaluate.hpp>

namespace xautodiff::evaluate
{
    struct blas_product
    {
        template <class T>
        static void matmul(const array::matrix_ref<T>& out, const array::matrix_ref<const T>& a,
                           const array::matrix_ref<const T>& b)
        {
            array::blas::matmul(out, a, b);
        }
    };

    template <>
    struct product_for<array::family::xtensor>
    {
        using type = blas_product;
    };
}
