// SPDX-License-Identifier: BSD-3-Clause
// The functions, named as in xtensor and NumPy. On plain numbers they compute at once, so that a formula written with them
// can be called with numbers too; with any operand of an expression they build a node.
#pragma once

#include <xautodiff/expression/custom.hpp>
#include <xautodiff/expression/operators.hpp>
#include <xautodiff/op/exponential.hpp>
#include <xautodiff/op/power.hpp>
#include <xautodiff/op/trigonometric.hpp>

namespace xautodiff
{
    namespace expression
    {
        template <class Op, class Tag, class... X>
        constexpr auto call(const X&... x)
        {
            if constexpr ((array::scalar_value<X> && ...))
            {
                return math::call<Op>(x...);
            }
            else
            {
                return make_elementwise<Op, Tag>(x...);
            }
        }
    }

    /// A user's operation: an elementwise one is a struct with name, value and partials; one on whole arrays has its own
    /// result_shape, evaluate and pullback instead.
    template <class Op, class Tag = decltype([] {}), expression::operand... X>
        requires(!recorded_operation<Op>)
    constexpr auto apply(const X&... x)
    {
        expression::require_operation<Op, sizeof...(X)>();
        if constexpr (expression::is_structured<Op>)
        {
            return expression::make_apply<Op, Tag>(x...);
        }
        else
        {
            return expression::call<Op, Tag>(x...);
        }
    }

    // clang-format off

    /// x, as a value of its own: loops over arrays end here, and what reads it reads memory. Where formulas are split is
    /// otherwise decided by what is cheap to compute twice.
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto eval(const X& x) { return expression::call<op::eval, Tag>(x); }

    /// x, as a constant: no derivative flows back through it, as through `x.detach()` of a Variable.
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto detach(const X& x) { return expression::call<op::detach, Tag>(x); }

    template <expression::operand X, class Tag = decltype([] {})> constexpr auto square(const X& x) { return expression::call<op::square, Tag>(x); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto sqrt(const X& x) { return expression::call<op::sqrt, Tag>(x); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto exp(const X& x) { return expression::call<op::exp, Tag>(x); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto expm1(const X& x) { return expression::call<op::expm1, Tag>(x); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto log(const X& x) { return expression::call<op::log, Tag>(x); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto log1p(const X& x) { return expression::call<op::log1p, Tag>(x); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto sigmoid(const X& x) { return expression::call<op::sigmoid, Tag>(x); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto sin(const X& x) { return expression::call<op::sin, Tag>(x); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto cos(const X& x) { return expression::call<op::cos, Tag>(x); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto tan(const X& x) { return expression::call<op::tan, Tag>(x); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto tanh(const X& x) { return expression::call<op::tanh, Tag>(x); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto erf(const X& x) { return expression::call<op::erf, Tag>(x); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto erfc(const X& x) { return expression::call<op::erfc, Tag>(x); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto abs(const X& x) { return expression::call<op::abs, Tag>(x); }

    /// x to the p. A Hana constant as exponent (`pow(x, 3_c)`) becomes multiplications.
    template <expression::operand A, expression::operand B, class Tag = decltype([] {})> constexpr auto pow(const A& a, const B& b) { return expression::call<op::pow, Tag>(a, b); }
    template <expression::operand A, expression::operand B, class Tag = decltype([] {})> constexpr auto maximum(const A& a, const B& b) { return expression::call<op::maximum, Tag>(a, b); }
    template <expression::operand A, expression::operand B, class Tag = decltype([] {})> constexpr auto minimum(const A& a, const B& b) { return expression::call<op::minimum, Tag>(a, b); }

    /// mask ? a : b, elementwise; the mask is a comparison, or numbers of which 0 counts as false.
    template <expression::operand M, expression::operand A, expression::operand B, class Tag = decltype([] {})>
    constexpr auto where(const M& mask, const A& a, const B& b) { return expression::call<op::where, Tag>(mask, a, b); }

    /// max(x, 0); relu'(0) = 0.
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto relu(const X& x) { return expression::call<op::relu, Tag>(x); }

    /// x held between two bounds; its derivative at the bounds is 1.
    template <expression::operand X, expression::operand L, expression::operand H, class Tag = decltype([] {})>
    constexpr auto clamp(const X& x, const L& low, const H& high) { return expression::call<op::clamp, Tag>(x, low, high); }
    // clang-format on

    template <class E>
    constexpr auto expression_facade<E>::detach() const
    {
        return expression::make_apply<op::detach, void>(self());
    }
}
