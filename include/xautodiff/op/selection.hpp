// SPDX-License-Identifier: BSD-3-Clause
// Comparisons, which give masks, and the operations that choose: where each has a kink, its convention stands on it.
//
// An operation that chooses writes its pullback and pushforward itself: the adjoint is selected, never multiplied by a
// mask, so that an infinite adjoint or a dead branch that overflowed cannot make a nan.
#pragma once

#include <xautodiff/op/math.hpp>

#include <string_view>

namespace xautodiff::op
{
    // clang-format off
    struct less          { static constexpr std::string_view name = "less", infix = "<"; static constexpr bool is_mask = true;
                           static constexpr auto value(const auto& a, const auto& b) { return a < b; } };
    struct less_equal    { static constexpr std::string_view name = "less_equal", infix = "<="; static constexpr bool is_mask = true;
                           static constexpr auto value(const auto& a, const auto& b) { return a <= b; } };
    struct greater       { static constexpr std::string_view name = "greater", infix = ">"; static constexpr bool is_mask = true;
                           static constexpr auto value(const auto& a, const auto& b) { return a > b; } };
    struct greater_equal { static constexpr std::string_view name = "greater_equal", infix = ">="; static constexpr bool is_mask = true;
                           static constexpr auto value(const auto& a, const auto& b) { return a >= b; } };
    struct equal         { static constexpr std::string_view name = "equal", infix = "=="; static constexpr bool is_mask = true;
                           static constexpr auto value(const auto& a, const auto& b) { return a == b; } };
    struct not_equal     { static constexpr std::string_view name = "not_equal", infix = "!="; static constexpr bool is_mask = true;
                           static constexpr auto value(const auto& a, const auto& b) { return a != b; } };
    // clang-format on

    /// What both operations that choose have in common; of each, so that clang can deduce the types of one before the other's.
    template <class Self>
    struct choice
    {
        static constexpr auto value(const auto& mask, const auto& a, const auto& b)
        {
            using math::select;
            if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(mask)>>)
            {
                return select(static_cast<bool>(mask), a, b);
            }
            else
            {
                return select(mask, a, b);
            }
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& mask, const auto&, const auto&)
        {
            return std::tuple{math::none{}, math::where_adjoint(mask, adjoint, 0),
                              math::where_adjoint(mask, 0, adjoint)};
        }

        static constexpr auto pushforward(const auto&, const auto& mask, const auto&, const auto&, const auto&,
                                          const auto& ta, const auto& tb)
        {
            return math::where(mask, ta, tb);
        }
    };

    /// mask ? a : b, elementwise. The adjoint goes only to the branch taken: the other gets 0 even if it overflowed. (Behind
    /// a sum over some axes, a transposition or the like in that branch, where elements are not the mask's, 0 may meet inf.)
    struct where : choice<where>
    {
        static constexpr std::string_view name = "where", function = "WhereBackward0";
    };

    /// As where, for the adjoints of a where's branches: a graph multiplies by what lies further back before it chooses, not
    /// after, so that the 0 of a dead branch stays 0 whatever overflowed there (see graph/simplify.hpp).
    struct where_adjoint : choice<where_adjoint>
    {
        static constexpr std::string_view name = "where", function = "WhereBackward0";
    };

    /// -1, 0 or 1, nan for nan; its derivative is 0 everywhere.
    struct sign
    {
        static constexpr std::string_view name = "sign", function = "SgnBackward0";

        template <class X>
        static constexpr X value(const X& x)
        {
            using math::select;
            return select(x > X(0), X(1), select(x < X(0), X(-1), x + X(0)));
        }

        static constexpr auto pullback(const auto&, const auto&, const auto&) { return std::tuple{math::none{}}; }
        static constexpr auto pushforward(const auto&, const auto&, const auto&) { return math::none{}; }
    };

    /// abs'(0) = 0, abs'(nan) = nan (PyTorch: 0).
    struct abs
    {
        static constexpr std::string_view name = "abs", function = "AbsBackward0";

        template <class X>
        static constexpr X value(const X& x)
        {
            using math::select;
            return select(x <= X(0), X(0) - x, x);
        }

        static constexpr auto partials(const auto&, const auto& x) { return std::tuple{math::sign(x)}; }
    };

    /// The larger one; nan if either is. A tie gives each operand half.
    struct maximum
    {
        static constexpr std::string_view name = "maximum", function = "MaximumBackward0";
        static constexpr bool is_commutative = true;

        static constexpr auto value(const auto& a, const auto& b)
        {
            using math::select;
            return select((a > b) | (a != a), a, b);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& a, const auto& b)
        {
            const auto half = 0.5 * adjoint;
            return std::tuple{math::where(a == b, half, math::where(a < b, 0, adjoint)),
                              math::where(a == b, half, math::where(b < a, 0, adjoint))};
        }

        static constexpr auto pushforward(const auto&, const auto& a, const auto& b, const auto& ta, const auto& tb)
        {
            return math::where(a == b, 0.5 * (ta + tb), math::where(a < b, tb, ta));
        }
    };

    /// The smaller one; nan if either is. A tie gives each operand half.
    struct minimum
    {
        static constexpr std::string_view name = "minimum", function = "MinimumBackward0";
        static constexpr bool is_commutative = true;

        static constexpr auto value(const auto& a, const auto& b)
        {
            using math::select;
            return select((a < b) | (a != a), a, b);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& a, const auto& b)
        {
            const auto half = 0.5 * adjoint;
            return std::tuple{math::where(a == b, half, math::where(b < a, 0, adjoint)),
                              math::where(a == b, half, math::where(a < b, 0, adjoint))};
        }

        static constexpr auto pushforward(const auto&, const auto& a, const auto& b, const auto& ta, const auto& tb)
        {
            return math::where(a == b, 0.5 * (ta + tb), math::where(b < a, tb, ta));
        }
    };

    /// max(x, 0), nan for nan; relu'(0) = 0. At nan the adjoint passes.
    struct relu
    {
        static constexpr std::string_view name = "relu", function = "ReluBackward0";

        template <class X>
        static constexpr X value(const X& x)
        {
            using math::select;
            return select(x < X(0), X(0), x);
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& x)
        {
            return std::tuple{math::where(x <= 0, 0, adjoint)};
        }
        static constexpr auto pushforward(const auto&, const auto& x, const auto& tangent)
        {
            return math::where(x <= 0, 0, tangent);
        }
    };

    /// x between low and high; high where low is larger than that. At the bounds the adjoint goes to x; beyond them to the bound
    /// that is taken, and to none if both are the same and x is smaller.
    struct clamp
    {
        static constexpr std::string_view name = "clamp", function = "ClampBackward1";

        static constexpr auto value(const auto& x, const auto& low, const auto& high)
        {
            using math::select;
            return select((x > high) | (low > high), high, select(x < low, low, x));
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& x, const auto& low,
                                       const auto& high)
        {
            return std::tuple{math::where(x >= low, math::where(x <= high, adjoint, 0), 0),
                              math::where(x < low, math::where(low < high, adjoint, 0), 0),
                              math::where(x > high, adjoint, math::where(high < low, adjoint, 0))};
        }

        static constexpr auto pushforward(const auto&, const auto& x, const auto& low, const auto& high, const auto& tx,
                                          const auto& tl, const auto& th)
        {
            const auto below = math::where(x < low, math::where(low < high, tl, 0), math::where(x <= high, tx, 0));
            return math::where(x > high, th, math::where(high < low, th, below));
        }
    };
}
