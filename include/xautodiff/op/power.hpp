// SPDX-License-Identifier: BSD-3-Clause
// Powers and roots.
#pragma once

#include <xautodiff/op/math.hpp>

#include <string_view>

namespace xautodiff::op
{
    /// x to the p, differentiable in both.
    /// Conventions (PyTorch's): d/dx is 0 where p is 0, so that pow(0, 0) has derivatives (0, 0); d/dp is 0 where x is 0
    /// and p >= 0. An exponent known to the type becomes multiplications when the expression is lowered.
    struct pow
    {
        static constexpr std::string_view name = "pow", function = "PowBackward0";

        static constexpr auto value(const auto& x, const auto& p)
        {
            using std::pow;
            return pow(x, p);
        }

        static constexpr auto partials(const auto& y, const auto& x, const auto& p)
        {
            // Where a partial derivative is taken as 0, what is not looked at is finite: derivatives of it are to be 0 too.
            const auto by_base = math::where(p == 0, 0, p * math::pow(math::where(p == 0, 1, x), p - 1));
            const auto logarithm = math::log(math::where(x == 0, math::where(p >= 0, 1, x), x));
            const auto by_exponent = math::where(x == 0, math::where(p >= 0, 0, y * logarithm), y * logarithm);
            return std::tuple{by_base, by_exponent};
        }
    };

    /// sqrt'(0) = inf.
    struct sqrt
    {
        static constexpr std::string_view name = "sqrt", function = "SqrtBackward0";

        static constexpr auto value(const auto& x)
        {
            using std::sqrt;
            return sqrt(x);
        }

        static constexpr auto partials(const auto& y, const auto&) { return std::tuple{0.5 / y}; }
    };
}
