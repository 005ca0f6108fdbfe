// SPDX-License-Identifier: BSD-3-Clause
// The solution of a system of linear equations, and that of the transposed system: each one's pullback is the other. Which
// library solves is the parameter; see linalg.hpp.
#pragma once

#include <xautodiff/op/product.hpp>

#include <string_view>

namespace xautodiff::op
{
    template <class Solver>
    struct solve_transposed;

    namespace detail
    {
        [[noreturn, gnu::cold]] inline void throw_not_square(const char* function, const array::shape& a)
        {
            if (a.rank != 2)
            {
                throw shape_error(
                    message("%s: The input tensor A must have 2 dimensions here, but it has %d", function, a.rank));
            }
            throw shape_error(message("%s: A must be batches of square matrices, but they are %td by %td matrices",
                                      function, a[0], a[1]));
        }

        [[noreturn, gnu::cold]] inline void throw_unsolvable(const array::shape& a, const array::shape& b)
        {
            if (b.rank != 1 && b.rank != 2)
            {
                throw shape_error(message("linalg.solve: B must have 1 or 2 dimensions here, but it has %d", b.rank));
            }
            throw shape_error(
                message("linalg.solve: Incompatible shapes of A and B for the equation AX = B (%tdx%td and "
                        "%tdx%td)",
                        a[0], a[1], b[0], b.rank == 2 ? b[1] : 1));
        }

        constexpr bool may_equal(array::index a, array::index b)
        {
            return a == b || a == array::unknown || b == array::unknown;
        }

        /// Throws shape_error where `a` is no square matrix. Extents and ranks may be unknown.
        constexpr void expect_square(const char* function, const array::shape& a)
        {
            if (a.rank != array::unknown && (a.rank != 2 || !may_equal(a[0], a[1])))
            {
                throw_not_square(function, a);
            }
        }

        /// The shape of x in a x = b, where b is (n) or (n, k); as b, but what b does not tell of n, a may.
        constexpr array::shape solution_shape(const array::shape& a, const array::shape& b)
        {
            expect_square("linalg.solve", a);
            if (b.rank == array::unknown)
            {
                return b;
            }
            if (b.rank != 1 && b.rank != 2)
            {
                throw_unsolvable(a, b);
            }
            array::shape x = b;
            for (int d = 0; d < 2 && a.rank == 2; ++d)
            {
                if (!may_equal(a[d], b[0]))
                {
                    throw_unsolvable(a, b);
                }
                x[0] = x[0] == array::unknown ? a[d] : x[0];
            }
            return x;
        }

        /// The right side of the equation for the tangent of x: that of b, less the tangent of a times x, of those that
        /// vary. What does not is not multiplied.
        template <class Tb>
        constexpr Tb solution_tangent(const auto& ta, const Tb& tb, auto product)
        {
            if (!math::varies(ta))
            {
                return tb;
            }
            const Tb of_a = product();
            if (!math::varies(tb))
            {
                return -of_a;
            }
            return tb - of_a;
        }

        template <class Solver, class T>
        void solve(array::array_ref<T> out, array::array_ref<const T> a, array::array_ref<const T> b, bool transpose)
        {
            Solver::solve(array::right_matrix(out).as_array(), a, array::right_matrix(b).as_array(), transpose);
        }
    }

    /// x with a x = b.
    template <class Solver>
    struct solve
    {
        static constexpr std::string_view name = "solve", function = "LinalgSolveExBackward0";
        static constexpr bool takes_absent_tangents = true;
        static constexpr array::shape result_shape(const array::shape& a, const array::shape& b)
        {
            return detail::solution_shape(a, b);
        }

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& a,
                                       const array::array_ref<const T>& b)
        {
            detail::solve<Solver>(out, a, b, false);
        }

        static constexpr auto pullback(const auto& adjoint, const auto& x, const auto& a, const auto&)
        {
            const auto to_b = math::call<op::solve_transposed<Solver>>(a, adjoint);
            return std::tuple{-math::matmul_nt(to_b, x, a), to_b};
        }

        static constexpr auto pushforward(const auto& x, const auto& a, const auto&, const auto& ta, const auto& tb)
        {
            return math::call<op::solve<Solver>>(a,
                                                 detail::solution_tangent(ta, tb, [&] { return math::matmul(ta, x); }));
        }
    };

    /// x with a transposed times x = b.
    template <class Solver>
    struct solve_transposed
    {
        static constexpr std::string_view name = "solve_transposed", function = "LinalgSolveExBackward0";
        static constexpr bool takes_absent_tangents = true;
        static constexpr array::shape result_shape(const array::shape& a, const array::shape& b)
        {
            return detail::solution_shape(a, b);
        }

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& a,
                                       const array::array_ref<const T>& b)
        {
            detail::solve<Solver>(out, a, b, true);
        }

        static constexpr auto pullback(const auto& adjoint, const auto& x, const auto& a, const auto&)
        {
            const auto to_b = math::call<op::solve<Solver>>(a, adjoint);
            return std::tuple{-math::matmul_nt(x, to_b, a), to_b};
        }

        static constexpr auto pushforward(const auto& x, const auto& a, const auto& b, const auto& ta, const auto& tb)
        {
            return math::call<op::solve_transposed<Solver>>(
                a, detail::solution_tangent(ta, tb, [&] { return math::matmul_tn(ta, x, b); }));
        }
    };
}
