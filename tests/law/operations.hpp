// SPDX-License-Identifier: BSD-3-Clause
// Every operation at some points: the list that the laws are tested on (array_linalg.cpp has those of linalg.hpp).
// tests/architecture checks that no operation is left out.
#pragma once

#include <xautodiff/array/axes.hpp>
#include <xautodiff/array/reshape.hpp>
#include <xautodiff/array/slices.hpp>
#include <xautodiff/op/operations.hpp>

#include <array>
#include <tuple>

namespace xautodiff::law
{
    /// An operand that is not differentiated: a mask, a bound.
    template <class C>
    struct held
    {
        C value;
    };
    template <class C>
    held(C) -> held<C>;

    template <array::parameters Value>
    struct parameters
    {
    };

    /// Op applied to operands: numbers, where it works element by element, or std::array.
    template <class Op, class... Operand>
    struct sample
    {
        std::tuple<Operand...> operands;
    };

    /// A mask times its first operand: nothing flows through the mask itself.
    template <class Mask, class... Operand>
    struct mask_sample
    {
        std::tuple<Operand...> operands;
    };

    template <class Op, class... Operand>
    constexpr auto at(const Operand&... x)
    {
        return sample<Op, Operand...>{{x...}};
    }

    template <class Mask>
    constexpr auto mask_at(double x, double y)
    {
        return mask_sample<Mask, double, double>{{x, y}};
    }

    namespace points
    {
        using vector = std::array<double, 3>;
        using pair = std::array<double, 2>;
        using matrix = std::array<vector, 2>;
        using cube = std::array<std::array<std::array<double, 2>, 3>, 2>;

        inline constexpr vector v{0.7, -1.3, 0.4};
        inline constexpr vector w{1.1, 0.6, -0.9};
        inline constexpr pair u{-0.8, 1.7};
        inline constexpr matrix m{{{0.3, -1.2, 0.9}, {1.4, 0.8, -0.6}}};
        inline constexpr matrix n{{{1.3, 0.2, -0.4}, {-0.7, 0.5, 1.6}}};
        inline constexpr std::array<pair, 3> tall{{{0.9, -0.3}, {1.2, 0.7}, {-0.5, 1.5}}};
        inline constexpr cube c{{{{{0.1, 1.2}, {-0.7, 0.6}, {1.9, -0.2}}}, {{{0.8, -1.1}, {0.5, 1.4}, {-0.9, 0.3}}}}};

        template <auto Value>
        inline constexpr parameters<Value> p{};

        inline constexpr std::tuple elementwise{
            at<op::eval>(0.7),
            at<op::detach>(held{0.7}),
            at<op::negate>(0.7),
            at<op::add>(0.7, -1.2),
            at<op::subtract>(0.7, -1.2),
            at<op::multiply>(0.7, -1.2),
            at<op::divide>(0.7, -1.2),
            at<op::square>(-0.7),
            at<op::pow>(1.3, 2.7),
            at<op::pow>(-1.3, held{3.0}),
            at<op::pow>(held{1.3}, -0.6),
            at<op::sqrt>(1.7),
            at<op::exp>(0.3),
            at<op::expm1>(0.3),
            at<op::log>(1.7),
            at<op::log1p>(0.4),
            at<op::sigmoid>(0.4),
            at<op::sin>(0.8),
            at<op::cos>(0.8),
            at<op::tan>(0.5),
            at<op::tanh>(0.6),
            at<op::erf>(0.6),
            at<op::erfc>(0.6),
            at<op::abs>(-0.8),
            at<op::abs>(0.8),
            at<op::sign>(-0.8),
            at<op::relu>(0.8),
            at<op::relu>(-0.8),
            at<op::clamp>(0.3, -1.0, 1.0),
            at<op::clamp>(-2.3, -1.0, 1.0),
            at<op::clamp>(2.3, -1.0, 1.0),
            at<op::maximum>(0.7, -1.2),
            at<op::maximum>(-1.7, -1.2),
            at<op::minimum>(0.7, -1.2),
            at<op::minimum>(-1.7, -1.2),
            at<op::where>(held{1.0}, 0.7, -1.2),
            at<op::where>(held{0.0}, 0.7, -1.2),
            at<op::where_adjoint>(held{1.0}, 0.7, -1.2),
            mask_at<op::less>(0.7, -1.2),
            mask_at<op::less_equal>(0.7, -1.2),
            mask_at<op::greater>(0.7, -1.2),
            mask_at<op::greater_equal>(0.7, -1.2),
            mask_at<op::equal>(0.7, -1.2),
            mask_at<op::not_equal>(0.7, -1.2),
        };

        /// Of numbers alone, which may not become arrays.
        inline constexpr std::tuple of_numbers{
            at<op::scalar_seed>(0.7),
        };

        inline constexpr std::tuple structured{
            at<op::sum>(m),
            at<op::sum_over>(m, p<array::encode_axes(false, 0)>),
            at<op::sum_over>(c, p<array::encode_axes(true, 0, -1)>),
            at<op::sum_to>(m, v),
            at<op::expand>(v, m, p<array::encode_axes(false, 0)>),
            at<op::broadcast_like>(v, m),
            at<op::element_count>(m, v),
            at<op::amax>(m, p<array::encode_axes(false)>),
            at<op::amax>(m, p<array::encode_axes(true, 1)>),
            at<op::mean>(m),
            at<op::mean_over>(m, p<array::encode_axes(false, 1)>),
            at<op::norm_l2>(m),
            at<op::norm_l2_over>(m, p<array::encode_axes(true, 0)>),

            at<op::reshape>(m, p<array::encode_shape(3, -1)>),
            at<op::reshape_like>(m, tall),
            at<op::transpose>(m, p<array::encode_order()>),
            at<op::transpose>(c, p<array::encode_order(2, 0, 1)>),
            at<op::untranspose>(c, p<array::encode_order(2, 0, 1)>),
            at<op::view>(m, p<array::encode(all, range(-1, end, -2))>),
            at<op::view>(m, p<array::encode(1, range(0, -1))>),
            at<op::unview>(u, m, p<array::encode(1, range(0, -1))>),

            at<op::dot>(v, w),
            at<op::matmul>(v, w),
            at<op::matmul>(m, v),
            at<op::matmul>(u, m),
            at<op::matmul>(m, tall),
            at<op::matmul_nt>(m, n, std::array<pair, 2>{}),
            at<op::matmul_nt>(v, m, u),
            at<op::matmul_nt>(u, v, m),
            at<op::matmul_tn>(m, n, std::array<vector, 3>{}),
            at<op::matmul_tn>(u, v, m),
            at<op::matmul_tn>(m, u, v),
        };
    }

    using points::elementwise;
    using points::of_numbers;
    using points::structured;
}
