// SPDX-License-Identifier: BSD-3-Clause
// Matrix products through BLAS for float and double. A transposed operand is a flag, not a copy.
#pragma once

#include <xautodiff/array/product.hpp>
#include <xautodiff/array/vector_product.hpp>

// Not <cblas.h>, which the declarations that xtensor-blas brings contradict.
#include <xflens/cxxblas/drivers/cblas.h>

#include <algorithm>
#include <concepts>
#include <limits>
#include <type_traits>
#include <vector>

namespace xautodiff::array::blas
{
    namespace detail
    {
        inline void gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, const float* a, int lda,
                         const float* b, int ldb, float beta, float* c, int ldc)
        {
            cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
        }
        inline void gemm(CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m, int n, int k, const double* a, int lda,
                         const double* b, int ldb, double beta, double* c, int ldc)
        {
            cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, 1, a, lda, b, ldb, beta, c, ldc);
        }
        inline void gemv(CBLAS_TRANSPOSE t, int m, int n, const float* a, int lda, const float* x, int incx, float beta,
                         float* y, int incy)
        {
            cblas_sgemv(CblasRowMajor, t, m, n, 1, a, lda, x, incx, beta, y, incy);
        }
        inline void gemv(CBLAS_TRANSPOSE t, int m, int n, const double* a, int lda, const double* x, int incx,
                         double beta, double* y, int incy)
        {
            cblas_dgemv(CblasRowMajor, t, m, n, 1, a, lda, x, incx, beta, y, incy);
        }
        inline void ger(int m, int n, const float* x, int incx, const float* y, int incy, float* a, int lda)
        {
            cblas_sger(CblasRowMajor, m, n, 1, x, incx, y, incy, a, lda);
        }
        inline void ger(int m, int n, const double* x, int incx, const double* y, int incy, double* a, int lda)
        {
            cblas_dger(CblasRowMajor, m, n, 1, x, incx, y, incy, a, lda);
        }
        inline float dot(int n, const float* x, int incx, const float* y, int incy)
        {
            return cblas_sdot(n, x, incx, y, incy);
        }
        inline double dot(int n, const double* x, int incx, const double* y, int incy)
        {
            return cblas_ddot(n, x, incx, y, incy);
        }

        constexpr bool is_int(index i) { return i >= 0 && i <= std::numeric_limits<int>::max(); }

        /// The distance of a matrix's rows, each in one piece; 0 where they do not lie so.
        template <class T>
        int leading_dimension(const matrix_ref<T>& a)
        {
            const index step = a.rows == 1 ? a.columns : a.row_stride;
            const bool whole = (a.columns == 1 || a.column_stride == 1) && step >= a.columns && is_int(step);
            return whole ? static_cast<int>(step) : 0;
        }

        /// An operand as BLAS takes it. Copied where neither it nor its transpose has whole rows.
        template <class T>
        struct operand
        {
            const T* data;
            int leading;
            CBLAS_TRANSPOSE transpose = CblasNoTrans;
            std::vector<T> packed{};

            operand(const operand&) = delete;

            explicit operand(const matrix_ref<const T>& a) : data(a.data), leading(leading_dimension(a))
            {
                if (leading == 0)
                {
                    leading = leading_dimension(a.transposed());
                    transpose = CblasTrans;
                }
                if (leading == 0)
                {
                    packed.resize(static_cast<std::size_t>(a.rows * a.columns));
                    copy(array_ref<T>(packed.data(), {a.rows, a.columns}), a.as_array());
                    data = packed.data();
                    leading = static_cast<int>(a.columns);
                    transpose = CblasNoTrans;
                }
            }
        };

        /// A vector as BLAS takes it, forwards only; a step of 0 where it is none.
        template <class T>
        struct vector
        {
            T* data;
            int step;

            vector(T* p, index size, index stride)
                : data(p),
                  step(size == 1        ? 1
                       : is_int(stride) ? static_cast<int>(stride)
                                        : 0)
            {
            }
        };

        /// An inner product in blocks whose sums are added in pairs: the error does not grow with n, and no block is so
        /// long that BLAS would share it out among threads, which would make the sum depend on their number.
        template <class T>
        T inner_product(index n, const vector<const T>& x, const vector<const T>& y)
        {
            constexpr index block = 4096;
            pairwise_sum<T> sum;
            for (index i = 0; i < n; i += block)
            {
                sum.add(dot(static_cast<int>(std::min(block, n - i)), x.data + i * x.step, x.step, y.data + i * y.step,
                            y.step));
            }
            return sum.total();
        }

        /// y = beta y + a x
        template <class T>
        void multiply_vector(const matrix_ref<const T>& a, const vector<const T>& x, const vector<T>& y, T beta)
        {
            const operand<T> m(a);
            const bool flip = m.transpose == CblasTrans;
            gemv(m.transpose, static_cast<int>(flip ? a.columns : a.rows), static_cast<int>(flip ? a.rows : a.columns),
                 m.data, m.leading, x.data, x.step, beta, y.data, y.step);
        }

        /// Products with a vector, and outer products that are added. False where it is none, or has no steps that BLAS takes.
        template <class T>
        bool multiply_vectors(const matrix_ref<T>& out, const matrix_ref<const T>& a, const matrix_ref<const T>& b,
                              T beta)
        {
            if (out.rows == 1 || out.columns == 1)
            {
                const vector<const T> x(a.data, a.columns, a.column_stride);
                const vector<const T> y(b.data, b.rows, b.row_stride);
                if (out.rows == 1 && out.columns == 1 && x.step != 0 && y.step != 0)
                {
                    const T sum = inner_product(a.columns, x, y);
                    *out.data = beta == 0 ? sum : *out.data + sum;
                    return true;
                }
                const bool row = out.rows == 1;
                const vector<T> to(out.data, row ? out.columns : out.rows, row ? out.column_stride : out.row_stride);
                if (to.step == 0 || (row ? x : y).step == 0)
                {
                    return false;
                }
                row ? multiply_vector(b.transposed(), x, to, beta) : multiply_vector(a, y, to, beta);
                return true;
            }
            const int leading = leading_dimension(out);
            const vector<const T> x(a.data, a.rows, a.row_stride);
            const vector<const T> y(b.data, b.columns, b.column_stride);
            if (a.columns != 1 || beta == 0 || leading == 0 || x.step == 0 || y.step == 0)
            {
                return false;
            }
            ger(static_cast<int>(out.rows), static_cast<int>(out.columns), x.data, x.step, y.data, y.step, out.data,
                leading);
            return true;
        }

        /// out = (0 or out) + a b, of so few elements that anything but plain loops costs more than they do.
        template <class T>
        [[gnu::noinline]] void multiply_few(const matrix_ref<T>& out, const matrix_ref<const T>& a,
                                            const matrix_ref<const T>& b, bool accumulate)
        {
            for (index i = 0; i < out.rows; ++i)
            {
                for (index j = 0; j < out.columns; ++j)
                {
                    T& to = out.data[i * out.row_stride + j * out.column_stride];
                    T sum = accumulate ? to : T(0);
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC unroll 1
#endif
                    for (index p = 0; p < a.columns; ++p)
                    {
                        sum += a.data[i * a.row_stride + p * a.column_stride]
                               * b.data[p * b.row_stride + j * b.column_stride];
                    }
                    to = sum;
                }
            }
        }

        /// out = beta out + a b, where all extents are ints above 0 and beta is 0 or 1.
        template <class T>
        void multiply(const matrix_ref<T>& out, const matrix_ref<const T>& a, const matrix_ref<const T>& b, T beta)
        {
            if (multiply_vectors(out, a, b, beta))
            {
                return;
            }
            const int leading = leading_dimension(out);
            if (leading == 0 && leading_dimension(out.transposed()) != 0)
            {
                return multiply(out.transposed(), b.transposed(), a.transposed(), beta);
            }
            if (leading == 0)
            {
                std::vector<T> packed(static_cast<std::size_t>(out.rows * out.columns));
                const array_ref<T> product(packed.data(), {out.rows, out.columns});
                multiply(matrix_ref<T>(product), a, b, T(0));
                beta == 0 ? copy(out.as_array(), product) : add_to(out.as_array(), product);
                return;
            }
            const operand<T> left(a);
            const operand<T> right(b);
            gemm(left.transpose, right.transpose, static_cast<int>(out.rows), static_cast<int>(out.columns),
                 static_cast<int>(a.columns), left.data, left.leading, right.data, right.leading, beta, out.data,
                 leading);
        }
    }

    /// As array::matmul; float and double go through BLAS where they are not done in registers, all else through the plain
    /// loops.
    template <class T, class A, class B>
    constexpr void matmul(const matrix_ref<T>& out, const matrix_ref<A>& a, const matrix_ref<B>& b,
                          bool accumulate = false)
    {
        array::detail::expect_product(out, a, b);
        if constexpr ((std::same_as<T, float> || std::same_as<T, double>)&&std::same_as<std::remove_const_t<A>, T>
                      && std::same_as<std::remove_const_t<B>, T>)
        {
            if (!std::is_constant_evaluated() && multiply_in_registers<T>(out, a.as_const(), b.as_const(), accumulate))
            {
                return;
            }
            if (!std::is_constant_evaluated() && out.rows * out.columns * a.columns <= 24)
            {
                return detail::multiply_few<T>(out, a.as_const(), b.as_const(), accumulate);
            }
            if (!std::is_constant_evaluated() && detail::is_int(out.rows) && detail::is_int(out.columns)
                && detail::is_int(a.columns))
            {
                return detail::multiply<T>(out, a.as_const(), b.as_const(), accumulate ? T(1) : T(0));
            }
        }
        array::detail::multiply(out, a, b, accumulate);
    }

    template <class T, class A, class B>
    constexpr void matmul(const array_ref<T>& out, const array_ref<A>& a, const array_ref<B>& b,
                          bool transpose_a = false, bool transpose_b = false, bool accumulate = false)
    {
        using array::detail::expect_matrix;
        blas::matmul(expect_matrix(out), expect_matrix(a, transpose_a), expect_matrix(b, transpose_b), accumulate);
    }
}
