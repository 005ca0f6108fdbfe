// SPDX-License-Identifier: BSD-3-Clause
// The inverse of a matrix and its determinant. A singular matrix has no inverse, and no gradient here: evaluating either
// throws. Which library computes them is the parameter; see linalg.hpp.
#pragma once

#include <xautodiff/op/solve.hpp>

namespace xautodiff::op
{
    template <class Solver>
    struct inverse
    {
        static constexpr std::string_view name = "inv", function = "LinalgInvExBackward0";
        static constexpr array::shape result_shape(const array::shape& a)
        {
            detail::expect_square("linalg.inv", a);
            return a;
        }

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& a)
        {
            Solver::invert(out, a, false);
        }

        static constexpr auto pullback(const auto& adjoint, const auto& y, const auto& a)
        {
            return std::tuple{-math::matmul_nt(math::matmul_tn(y, adjoint, a), y, a)};
        }

        static constexpr auto pushforward(const auto& y, const auto&, const auto& tangent)
        {
            return -math::matmul(math::matmul(y, tangent), y);
        }
    };

    /// The transpose of the inverse.
    template <class Solver>
    struct inverse_transposed
    {
        static constexpr std::string_view name = "inv_transposed", function = "LinalgInvExBackward0";
        static constexpr array::shape result_shape(const array::shape& a)
        {
            detail::expect_square("linalg.inv", a);
            return a;
        }

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& a)
        {
            Solver::invert(out, a, true);
        }

        static constexpr auto pullback(const auto& adjoint, const auto& y, const auto& a)
        {
            return std::tuple{-math::matmul(math::matmul_nt(y, adjoint, a), y)};
        }

        static constexpr auto pushforward(const auto& y, const auto& a, const auto& tangent)
        {
            return -math::matmul(math::matmul_nt(y, tangent, a), y);
        }
    };

    template <class Solver>
    struct determinant
    {
        static constexpr std::string_view name = "det", function = "LinalgDetBackward0";
        static constexpr array::shape result_shape(const array::shape& a)
        {
            detail::expect_square("linalg.det", a);
            return {};
        }

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& a)
        {
            *out.data = Solver::determinant(a);
        }

        static constexpr auto pullback(const auto& adjoint, const auto& y, const auto& a)
        {
            return std::tuple{adjoint * y * math::call<inverse_transposed<Solver>>(a)};
        }

        static constexpr auto pushforward(const auto& y, const auto& a, const auto& tangent)
        {
            return y * math::sum(math::call<inverse_transposed<Solver>>(a) * tangent);
        }
    };

    /// The logarithm of the determinant; nan where that is negative, -inf where it is 0.
    template <class Solver>
    struct log_determinant
    {
        static constexpr std::string_view name = "logdet", function = "LinalgSlogdetBackward0";
        static constexpr array::shape result_shape(const array::shape& a)
        {
            detail::expect_square("linalg.slogdet", a);
            return {};
        }

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& a)
        {
            *out.data = Solver::log_determinant(a);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& a)
        {
            return std::tuple{adjoint * math::call<inverse_transposed<Solver>>(a)};
        }

        static constexpr auto pushforward(const auto&, const auto& a, const auto& tangent)
        {
            return math::sum(math::call<inverse_transposed<Solver>>(a) * tangent);
        }
    };
}
