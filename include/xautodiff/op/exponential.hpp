// SPDX-License-Identifier: BSD-3-Clause
// Exponentials and logarithms.
#pragma once

#include <xautodiff/op/math.hpp>

#include <string_view>

namespace xautodiff::op
{
    struct exp
    {
        static constexpr std::string_view name = "exp", function = "ExpBackward0";
        static constexpr auto value(const auto& x)
        {
            using std::exp;
            return exp(x);
        }
        static constexpr auto partials(const auto& y, const auto&) { return std::tuple{y}; }
    };

    struct expm1
    {
        static constexpr std::string_view name = "expm1", function = "Expm1Backward0";
        static constexpr auto value(const auto& x)
        {
            using std::expm1;
            return expm1(x);
        }
        static constexpr auto partials(const auto& y, const auto&) { return std::tuple{y + 1}; }
    };

    struct log
    {
        static constexpr std::string_view name = "log", function = "LogBackward0";
        static constexpr auto value(const auto& x)
        {
            using std::log;
            return log(x);
        }
        static constexpr auto partials(const auto&, const auto& x) { return std::tuple{1 / x}; }
    };

    struct log1p
    {
        static constexpr std::string_view name = "log1p", function = "Log1PBackward0";
        static constexpr auto value(const auto& x)
        {
            using std::log1p;
            return log1p(x);
        }
        static constexpr auto partials(const auto&, const auto& x) { return std::tuple{1 / (1 + x)}; }
    };

    /// 1 / (1 + exp(-x)); exact limits 0 and 1, no overflow to nan.
    struct sigmoid
    {
        static constexpr std::string_view name = "sigmoid", function = "SigmoidBackward0";
        static constexpr auto value(const auto& x)
        {
            using std::exp;
            return 1 / (1 + exp(-x));
        }
        static constexpr auto partials(const auto& y, const auto&) { return std::tuple{y * (1 - y)}; }
    };
}
