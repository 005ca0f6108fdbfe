// SPDX-License-Identifier: BSD-3-Clause
// Structured operations that move elements and change none. Each comes with its adjoint, so the family is closed. Where
// the result is the operand's elements in another order, `alias` says how to see it so, in place of a kernel.
#pragma once

#include <xautodiff/array/axes.hpp>
#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/slices.hpp>
#include <xautodiff/op/math.hpp>

#include <string_view>

namespace xautodiff::op
{
    /// The same elements, row major, in another shape; one extent may be -1.
    struct reshape
    {
        static constexpr std::string_view name = "reshape", function = "ViewBackward0";
        static constexpr array::shape result_shape(const array::shape& x, const array::parameters& target)
        {
            return array::reshaped_shape(x, target);
        }

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& x,
                                       const array::parameters&)
        {
            array::copy(array::array_ref<T>(out.data, x.shape), x);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& x, const auto&)
        {
            return std::tuple{math::reshape_like(adjoint, x), math::none{}};
        }

        static constexpr auto pushforward(const auto& y, const auto&, const auto&, const auto& tangent, const auto&)
        {
            return math::reshape_like(tangent, y);
        }
    };

    struct reshape_like
    {
        static constexpr std::string_view name = "reshape_like", function = "ViewBackward0";
        static constexpr unsigned linear_in = 0b1;
        static constexpr int result_like = 1;

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& x,
                                       const array::array_ref<const T>&)
        {
            array::copy(array::array_ref<T>(out.data, x.shape), x);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& x, const auto&)
        {
            return std::tuple{math::reshape_like(adjoint, x), math::none{}};
        }
    };

    /// Permutes the axes; without a permutation, reverses them.
    struct transpose
    {
        static constexpr std::string_view name = "transpose", function = "PermuteBackward0";
        static constexpr unsigned linear_in = 0b1;
        static constexpr array::shape result_shape(const array::shape& x, const array::parameters& permutation)
        {
            return array::transposed_shape(x, permutation);
        }

        template <class T>
        static constexpr array::array_ref<T> alias(array::array_ref<T> x, const array::shape&,
                                                   const array::parameters& permutation)
        {
            return array::transposed(x, permutation);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto&, const auto& permutation)
        {
            return std::tuple{math::untranspose(adjoint, permutation), math::none{}};
        }
    };

    struct untranspose
    {
        static constexpr std::string_view name = "untranspose", function = "PermuteBackward0";
        static constexpr unsigned linear_in = 0b1;
        static constexpr array::shape result_shape(const array::shape& x, const array::parameters& permutation)
        {
            return array::untransposed_shape(x, permutation);
        }

        template <class T>
        static constexpr array::array_ref<T> alias(array::array_ref<T> x, const array::shape&,
                                                   const array::parameters& permutation)
        {
            return array::untransposed(x, permutation);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto&, const auto& permutation)
        {
            return std::tuple{math::transpose(adjoint, permutation), math::none{}};
        }
    };

    /// The elements that some slices choose. (One set of rules for each operation: none can be instantiated while it is.)
    template <class Operation>
    struct view_rules
    {
        static constexpr unsigned linear_in = 0b1;
        static constexpr array::shape result_shape(const array::shape& x, const array::parameters& slices)
        {
            return array::sliced_shape(x, slices);
        }

        template <class T>
        static constexpr array::array_ref<T> alias(array::array_ref<T> x, const array::shape&,
                                                   const array::parameters& slices)
        {
            return array::sliced(x, slices);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& x, const auto& slices)
        {
            return std::tuple{math::unview(adjoint, x, slices), math::none{}};
        }
    };

    struct view : view_rules<view>
    {
        static constexpr std::string_view name = "view", function = "SliceBackward0";
    };

    /// A view whose last slice is an index, and one whose last is a new axis, are called otherwise, as in PyTorch, where a
    /// whole axis counts as no slice.
    struct select_view : view_rules<select_view>
    {
        static constexpr auto name = view::name;
        static constexpr std::string_view function = "SelectBackward0";
    };

    struct unsqueeze_view : view_rules<unsqueeze_view>
    {
        static constexpr auto name = view::name;
        static constexpr std::string_view function = "UnsqueezeBackward0";
    };

    /// Puts elements where a view took them from, and 0 elsewhere: the adjoint of view.
    struct unview
    {
        static constexpr std::string_view name = "unview", function = "SliceBackward0";
        static constexpr unsigned linear_in = 0b1;
        static constexpr int result_like = 1;

        template <class T>
        static constexpr void evaluate(const array::array_ref<T>& out, const array::array_ref<const T>& x,
                                       const array::array_ref<const T>&, const array::parameters& slices)
        {
            array::fill(out, T(0));
            array::copy(array::sliced(out, slices), x);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto&, const auto&, const auto& slices)
        {
            return std::tuple{math::view(adjoint, slices), math::none{}, math::none{}};
        }
    };
}
