// SPDX-License-Identifier: BSD-3-Clause
// Structured operations that change the shape by summing, counting, choosing the largest, or spreading out again.
//
// A structured operation gives `result_shape`, a kernel `evaluate(out, operands...)` on strided arrays, and its own
// pullback and pushforward, written in terms of operations, so that derivatives of any order follow. In place of a
// pushforward, `linear_in` names (as bits) the operands in which it is linear, where through the others nothing flows: the
// tangent is then the operation itself on each tangent, summed. Where the result has the shape of operand i,
// `result_like = i` says so instead of result_shape, and only the shape of that operand is read: its value is never
// computed for its sake. `shape_only` names (as bits) further operands of which only the shape is read. An operation whose
// result is its operand's elements, seen with other strides, gives `alias(x, result's shape, parameters)` for its kernel.
#pragma once

#include <xautodiff/array/axes.hpp>
#include <xautodiff/array/reduce.hpp>
#include <xautodiff/op/math.hpp>
#include <xautodiff/op/row_use.hpp>

#include <string_view>

namespace xautodiff::op
{
    /// The sum of all elements.
    struct sum
    {
        static constexpr std::string_view name = "sum", function = "SumBackward0";
        static constexpr unsigned linear_in = 0b1;
        static constexpr array::shape result_shape(const array::shape&) { return {}; }

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& x)
        {
            array::sum_to(out, x);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& x)
        {
            return std::tuple{math::broadcast_like(adjoint, x)};
        }
    };

    /// The sum over some axes.
    struct sum_over
    {
        static constexpr std::string_view name = "sum_over", function = "SumBackward1";
        static constexpr unsigned linear_in = 0b1;
        static constexpr array::shape result_shape(const array::shape& x, const array::parameters& axes)
        {
            return array::reduced_shape(x, axes);
        }

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& x,
                                       const array::parameters& axes)
        {
            array::sum_to(array::unsqueezed(out, x.shape, axes), x);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& x, const auto& axes)
        {
            return std::tuple{math::expand(adjoint, x, axes), math::none{}};
        }
    };

    /// Spreads a reduction's result out over the axes it was taken over: the adjoint of sum_over.
    struct expand
    {
        static constexpr std::string_view name = "expand", function = "ExpandBackward0";
        static constexpr unsigned linear_in = 0b1;
        static constexpr int result_like = 1;

        template <class T>
        static constexpr array::array_ref<T> alias(array::array_ref<T> x, const array::shape& result,
                                                   const array::parameters& axes)
        {
            return array::broadcast_to(array::unsqueezed(x, result, axes), result);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto&, const auto&, const auto& axes)
        {
            return std::tuple{math::sum(adjoint, axes), math::none{}, math::none{}};
        }
    };

    /// Sums to the shape of `like`, which broadcasts to that of x: the one adjoint of broadcasting.
    struct sum_to
    {
        static constexpr std::string_view name = "sum_to", function = "SumToBackward0";
        static constexpr unsigned linear_in = 0b1;
        static constexpr int result_like = 1;

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& x,
                                       const array::array_ref<const T>&)
        {
            array::sum_to(out, x);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& x, const auto&)
        {
            return std::tuple{math::broadcast_like(adjoint, x), math::none{}};
        }
    };

    /// Broadcasts to the shape of `like`.
    struct broadcast_like
    {
        static constexpr std::string_view name = "broadcast_like", function = "ExpandBackward0";
        static constexpr unsigned linear_in = 0b1;
        static constexpr int result_like = 1;

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& x,
                                       const array::array_ref<const T>&)
        {
            array::copy(out, x);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& x, const auto&)
        {
            return std::tuple{math::sum_to(adjoint, x), math::none{}};
        }
    };

    /// How many elements of x fall on one of y: what a mean divides by. It depends on shapes alone.
    struct element_count
    {
        static constexpr std::string_view name = "element_count", function = "";
        static constexpr unsigned shape_only = 0b11;
        static constexpr array::shape result_shape(const array::shape&, const array::shape&) { return {}; }

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& x,
                                       const array::array_ref<const T>& y)
        {
            *out.data = y.size() == 0 ? T(1) : T(x.size()) / T(y.size());
        }

        static constexpr auto pullback(const auto&, const auto&, const auto&, const auto&)
        {
            return std::tuple{math::none{}, math::none{}};
        }
        static constexpr auto pushforward(const auto&, const auto&, const auto&, const auto&, const auto&)
        {
            return math::none{};
        }
    };

    /// 1, the adjoint that the gradient of a number starts from, for an x of which the types do not tell that it is one. It
    /// depends on the shape alone, and throws shape_error where that is an array's.
    struct scalar_seed
    {
        static constexpr std::string_view name = "scalar_seed", function = "";
        static constexpr unsigned shape_only = 0b1;
        static constexpr array::shape result_shape(const array::shape& x)
        {
            if (x.rank > 0)
            {
                throw shape_error("grad can be implicitly created only for scalar outputs");
            }
            return {};
        }

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>&)
        {
            *out.data = T(1);
        }

        static constexpr auto pullback(const auto&, const auto&, const auto&) { return std::tuple{math::none{}}; }
        static constexpr auto pushforward(const auto&, const auto&, const auto&) { return math::none{}; }
    };

    /// The largest element over some axes (nan if there is one). Ties share the adjoint evenly; where there is a nan, all
    /// elements get nan.
    struct amax
    {
        static constexpr std::string_view name = "amax", function = "AmaxBackward0";
        static constexpr array::shape result_shape(const array::shape& x, const array::parameters& axes)
        {
            return array::reduced_shape(x, axes);
        }

        static constexpr row_use rows(const array::shape& x, const array::parameters& axes)
        {
            return {x.rank > 0 && !array::reduced_axes(x.rank, axes)[0] ? 0b1u : 0, false};
        }

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& x,
                                       const array::parameters& axes)
        {
            array::max_to(array::unsqueezed(out, x.shape, axes), x);
        }

        static constexpr auto pullback(const auto& adjoint, const auto& y, const auto& x, const auto& axes)
        {
            const auto is_largest = x == math::expand(y, x, axes);
            const auto ties = math::sum(math::where(is_largest, 1, 0), axes);
            // 0 for the others, and 0 / 0 where nothing equals the largest.
            const auto rest = math::expand(0 / ties, x, axes);
            return std::tuple{math::where(is_largest, math::expand(adjoint / ties, x, axes), rest), math::none{}};
        }

        static constexpr auto pushforward(const auto& y, const auto& x, const auto& axes, const auto& tangent,
                                          const auto&)
        {
            const auto is_largest = x == math::expand(y, x, axes);
            const auto ties = math::sum(math::where(is_largest, 1, 0), axes);
            return math::sum(math::where(is_largest, tangent, 0), axes) / ties;
        }
    };

    /// The mean of all elements, composed: an operation that is a formula of others needs no rule of its own.
    struct mean
    {
        static constexpr std::string_view name = "mean", function = "MeanBackward0";
        static constexpr array::shape result_shape(const array::shape&) { return {}; }

        static constexpr auto compose(const auto& x)
        {
            const auto total = math::sum(x);
            return total / math::element_count(x, total);
        }
    };

    /// The mean over some axes.
    struct mean_over
    {
        static constexpr std::string_view name = "mean_over", function = "MeanBackward1";
        static constexpr array::shape result_shape(const array::shape& x, const array::parameters& axes)
        {
            return array::reduced_shape(x, axes);
        }

        static constexpr auto compose(const auto& x, const auto& axes)
        {
            const auto total = math::sum(x, axes);
            return total / math::element_count(x, total);
        }
    };

    namespace detail
    {
        /// The root is never taken of 0, where its derivative is infinite.
        constexpr auto norm_of(const auto& squares)
        {
            const auto is_zero = squares == 0;
            return math::where(is_zero, 0, math::sqrt(math::where(is_zero, 1, squares)));
        }
    }

    /// The Euclidean norm of all elements; its gradient at 0 is 0.
    struct norm_l2
    {
        static constexpr std::string_view name = "norm_l2", function = "LinalgVectorNormBackward0";
        static constexpr array::shape result_shape(const array::shape&) { return {}; }
        static constexpr auto compose(const auto& x) { return detail::norm_of(math::sum(x * x)); }
    };

    /// The Euclidean norms over some axes; the gradient of one that is 0 is 0.
    struct norm_l2_over
    {
        static constexpr std::string_view name = "norm_l2_over", function = "LinalgVectorNormBackward0";
        static constexpr array::shape result_shape(const array::shape& x, const array::parameters& axes)
        {
            return array::reduced_shape(x, axes);
        }

        static constexpr auto compose(const auto& x, const auto& axes)
        {
            return detail::norm_of(math::sum(x * x, axes));
        }
    };
}
