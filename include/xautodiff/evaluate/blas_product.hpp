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
        static void matmul(array::array_ref<T> out, array::array_ref<const T> a, array::array_ref<const T> b,
                           bool transpose_a, bool transpose_b)
        {
            array::blas::matmul(out, a, b, transpose_a, transpose_b);
        }
    };

    template <>
    struct product_for<array::family::xtensor>
    {
        using type = blas_product;
    };
}
