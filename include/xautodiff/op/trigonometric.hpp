// SPDX-License-Identifier: BSD-3-Clause
// Circular and hyperbolic functions, and the error function.
#pragma once

#include <xautodiff/op/math.hpp>

#include <numbers>
#include <string_view>

namespace xautodiff::op
{
    struct sin
    {
        static constexpr std::string_view name = "sin", function = "SinBackward0";
        static constexpr auto value(const auto& x)
        {
            using std::sin;
            return sin(x);
        }
        static constexpr auto partials(const auto&, const auto& x) { return std::tuple{math::cos(x)}; }
    };

    struct cos
    {
        static constexpr std::string_view name = "cos", function = "CosBackward0";
        static constexpr auto value(const auto& x)
        {
            using std::cos;
            return cos(x);
        }
        static constexpr auto partials(const auto&, const auto& x) { return std::tuple{-math::sin(x)}; }
    };

    struct tan
    {
        static constexpr std::string_view name = "tan", function = "TanBackward0";
        static constexpr auto value(const auto& x)
        {
            using std::tan;
            return tan(x);
        }
        static constexpr auto partials(const auto& y, const auto&) { return std::tuple{1 + y * y}; }
    };

    struct tanh
    {
        static constexpr std::string_view name = "tanh", function = "TanhBackward0";
        static constexpr auto value(const auto& x)
        {
            using std::tanh;
            return tanh(x);
        }
        static constexpr auto partials(const auto& y, const auto&) { return std::tuple{1 - y * y}; }
    };

    inline constexpr double two_over_sqrt_pi = 2 * std::numbers::inv_sqrtpi;

    struct erf
    {
        static constexpr std::string_view name = "erf", function = "ErfBackward0";
        static constexpr auto value(const auto& x)
        {
            using std::erf;
            return erf(x);
        }
        static constexpr auto partials(const auto&, const auto& x)
        {
            return std::tuple{two_over_sqrt_pi * math::exp(-(x * x))};
        }
    };

    struct erfc
    {
        static constexpr std::string_view name = "erfc", function = "ErfcBackward0";
        static constexpr auto value(const auto& x)
        {
            using std::erfc;
            return erfc(x);
        }
        static constexpr auto partials(const auto&, const auto& x)
        {
            return std::tuple{-two_over_sqrt_pi * math::exp(-(x * x))};
        }
    };
}
