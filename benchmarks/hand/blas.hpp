// SPDX-License-Identifier: BSD-3-Clause
// The products of BLAS that the hand-written loops use; all matrices are row major and dense.
#pragma once

// xtensor-blas's declarations: those of OpenBLAS contradict them, and one program cannot include both.
#include <xflens/cxxblas/drivers/cblas.h>

#include <cstddef>

namespace hand
{
    enum class as : char
    {
        is,
        transposed
    };

    inline CBLAS_TRANSPOSE flag(as how) { return how == as::is ? CblasNoTrans : CblasTrans; }

    /// y = X v, or Xᵀ v, for X of rows × columns.
    inline void gemv(as how, std::size_t rows, std::size_t columns, const double* X, const double* v, double* y)
    {
        cblas_dgemv(CblasRowMajor, flag(how), int(rows), int(columns), 1, X, int(columns), v, 1, 0, y, 1);
    }

    /// C = A B + beta C for C of m × n; k is the extent summed over. A and B are stored as they are, or transposed.
    inline void gemm(as a, as b, std::size_t m, std::size_t n, std::size_t k, const double* A, const double* B,
                     double beta, double* C)
    {
        cblas_dgemm(CblasRowMajor, flag(a), flag(b), int(m), int(n), int(k), 1, A, int(a == as::is ? k : m), B,
                    int(b == as::is ? n : k), beta, C, int(n));
    }
}
