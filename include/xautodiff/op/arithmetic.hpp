// SPDX-License-Identifier: BSD-3-Clause
// Start here: what an operation is. Its value, and beside it its partial derivatives, each written once.
//
// `value` runs on anything with the right operators: a double, a SIMD batch. `partials(y, x...)` gives dy/dx for every
// operand x and may reuse the result y; it is run on symbols of the graph builder (and on numbers by the reference
// evaluator). The engine derives both directions from it: the pullback (adjoint times partial) and the pushforward
// (sum of partial times tangent). `function` is the name that grad_fn() shows.
#pragma once

#include <xautodiff/op/math.hpp>

#include <string_view>

namespace xautodiff::op
{
    struct negate
    {
        static constexpr std::string_view name = "negate", function = "NegBackward0", prefix = "-";
        static constexpr auto value(const auto& x) { return -x; }
        static constexpr auto partials(const auto&, const auto&) { return std::tuple{-1}; }
    };

    struct add
    {
        static constexpr std::string_view name = "add", function = "AddBackward0", infix = "+";
        static constexpr bool is_commutative = true;
        static constexpr auto value(const auto& a, const auto& b) { return a + b; }
        static constexpr auto partials(const auto&, const auto&, const auto&) { return std::tuple{1, 1}; }
    };

    struct subtract
    {
        static constexpr std::string_view name = "subtract", function = "SubBackward0", infix = "-";
        static constexpr std::string_view function_of_number_first = "RsubBackward1";
        static constexpr auto value(const auto& a, const auto& b) { return a - b; }
        static constexpr auto partials(const auto&, const auto&, const auto&) { return std::tuple{1, -1}; }
    };

    struct multiply
    {
        static constexpr std::string_view name = "multiply", function = "MulBackward0", infix = "*";
        static constexpr bool is_commutative = true;
        static constexpr auto value(const auto& a, const auto& b) { return a * b; }
        static constexpr auto partials(const auto&, const auto& a, const auto& b) { return std::tuple{b, a}; }
    };

    struct divide
    {
        static constexpr std::string_view name = "divide", function = "DivBackward0", infix = "/";
        static constexpr auto value(const auto& a, const auto& b) { return a / b; }
        static constexpr auto partials(const auto& y, const auto&, const auto& b)
        {
            // Divided once: a division takes as long as many products.
            const auto inverse = 1 / b;
            return std::tuple{inverse, -y * inverse};
        }
    };

    /// x itself, of which arrays are put into memory at this point instead of being computed where they are read.
    struct eval
    {
        static constexpr std::string_view name = "eval", function = "AliasBackward0";
        static constexpr auto value(const auto& x) { return x; }
        static constexpr auto partials(const auto&, const auto&) { return std::tuple{1}; }
    };

    /// x as a constant.
    struct detach
    {
        static constexpr std::string_view name = "detach";
        static constexpr bool is_constant = true;
        static constexpr auto value(const auto& x) { return x; }
    };

    struct square
    {
        static constexpr std::string_view name = "square", function = "PowBackward0";
        static constexpr auto value(const auto& x) { return x * x; }
        static constexpr auto partials(const auto&, const auto& x) { return std::tuple{2 * x}; }
    };
}
