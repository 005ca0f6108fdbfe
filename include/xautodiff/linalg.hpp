// SPDX-License-Identifier: BSD-3-Clause
// Systems of linear equations, inverses and determinants, differentiable, through LAPACK; and xtensor-blas, of which the
// other decompositions (not differentiable) are in xt::linalg.
#pragma once

// A user's variables may be called as our parameters are.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif

#include <xautodiff/op/inverse.hpp>
#include <xautodiff/xautodiff.hpp>

#include <xtensor-blas/xlinalg.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace xautodiff
{
    /// A system of equations without one solution, a matrix without an inverse.
    struct singular_matrix : error
    {
        using error::error;
    };

    namespace linalg
    {
        /// A matrix as the product of a lower and an upper triangular one, its columns taken in another order.
        template <class T>
        class factorised
        {
        public:
            /// `a` is square. A singular one has factors, but solve() is not to be called then.
            explicit factorised(array::array_ref<const T> a)
                : m_size(static_cast<blas_index>(a.shape[0])),
                  m_lu(static_cast<std::size_t>(a.size())),
                  m_pivot(static_cast<std::size_t>(a.shape[0]))
            {
                // Row major is, to LAPACK, the transpose.
                array::copy(array::array_ref<T>(m_lu.data(), a.shape), a);
                if (m_size > 0)
                {
                    m_is_singular = cxxlapack::getrf(m_size, m_size, m_lu.data(), m_size, m_pivot.data()) != 0;
                }
            }

            bool is_singular() const { return m_is_singular; }

            /// out = the solution for the right-hand sides b, both (n, k); with `transpose` that of the transposed matrix.
            void solve(array::array_ref<T> out, array::array_ref<const T> b, bool transpose) const
            {
                if (b.size() == 0)
                {
                    return;
                }
                std::vector<T> columns(static_cast<std::size_t>(b.size()));
                const array::array_ref<T> x(columns.data(), b.shape, {1, b.shape[0]});
                array::copy(x, b);
                cxxlapack::getrs(transpose ? 'N' : 'T', m_size, static_cast<blas_index>(b.shape[1]), m_lu.data(),
                                 m_size, m_pivot.data(), columns.data(), m_size);
                array::copy(out, x);
            }

            T determinant() const
            {
                T product = 1;
                for_each_pivot([&](T pivot) { product *= pivot; });
                return product;
            }

            /// Of large matrices, whose determinant may overflow.
            T log_determinant() const
            {
                T sum = 0;
                bool negative = false;
                for_each_pivot(
                    [&](T pivot)
                    {
                        negative = negative != std::signbit(pivot);
                        sum += std::log(std::abs(pivot));
                    });
                return negative && !m_is_singular ? std::numeric_limits<T>::quiet_NaN() : sum;
            }

        private:
            using blas_index = xt::blas_index_t;

            blas_index m_size;
            std::vector<T> m_lu;
            std::vector<blas_index> m_pivot;
            bool m_is_singular = false;

            /// The diagonal, negated where two rows were exchanged.
            template <class F>
            void for_each_pivot(F f) const
            {
                for (blas_index i = 0; i < m_size; ++i)
                {
                    const T pivot = m_lu[static_cast<std::size_t>(i) * static_cast<std::size_t>(m_size + 1)];
                    f(m_pivot[static_cast<std::size_t>(i)] == i + 1 ? pivot : -pivot);
                }
            }
        };

        /// What the operations of op/solve.hpp and op/inverse.hpp compute with.
        struct lapack
        {
            template <class T>
            static void solve(array::array_ref<T> out, array::array_ref<const T> a, array::array_ref<const T> b,
                              bool transpose)
            {
                const factorised<T> factors(a);
                if (factors.is_singular())
                {
                    throw singular_matrix("linalg.solve: The solver failed because the input matrix is singular.");
                }
                factors.solve(out, b, transpose);
            }

            template <class T>
            static void invert(array::array_ref<T> out, array::array_ref<const T> a, bool transpose)
            {
                const factorised<T> factors(a);
                if (factors.is_singular())
                {
                    throw singular_matrix(
                        "linalg.inv: The inversion could not be completed because the input matrix is "
                        "singular.");
                }
                array::fill(out, T(0));
                for (array::index i = 0; i < a.shape[0]; ++i)
                {
                    out.data[i * (out.stride[0] + out.stride[1])] = 1;
                }
                factors.solve(out, out, transpose);
            }

            template <class T>
            static T determinant(array::array_ref<const T> a)
            {
                return factorised<T>(a).determinant();
            }

            template <class T>
            static T log_determinant(array::array_ref<const T> a)
            {
                return factorised<T>(a).log_determinant();
            }
        };
    }

    // clang-format off

    /// x with a x = b for a square matrix a; b is (n), or (n, k) for k right-hand sides. Throws shape_error where they do not
    /// fit, singular_matrix where there is not one solution.
    template <expression::operand A, expression::operand B, class Tag = decltype([] {})> constexpr auto solve(const A& a, const B& b) { return expression::make_apply<op::solve<linalg::lapack>, Tag>(a, b); }

    /// The inverse of a square matrix. Throws singular_matrix where there is none. `solve(a, b)` is better than `matmul(inv(a), b)`.
    template <expression::operand A, class Tag = decltype([] {})> constexpr auto inv(const A& a) { return expression::make_apply<op::inverse<linalg::lapack>, Tag>(a); }

    /// The determinant of a square matrix. Its gradient throws singular_matrix where it is 0.
    template <expression::operand A, class Tag = decltype([] {})> constexpr auto det(const A& a) { return expression::make_apply<op::determinant<linalg::lapack>, Tag>(a); }

    /// The logarithm of the determinant, which itself may overflow; nan where it is negative, -inf where it is 0.
    template <expression::operand A, class Tag = decltype([] {})> constexpr auto logdet(const A& a) { return expression::make_apply<op::log_determinant<linalg::lapack>, Tag>(a); }
    // clang-format on
}

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
