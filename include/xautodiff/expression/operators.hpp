// SPDX-License-Identifier: BSD-3-Clause
// The operators. Each call has a `Tag` of its own, a fresh closure type, which becomes the identity of a number or an array
// written there: `(x + 2.0) * (x + 3.0)` never confuses 2 and 3.
#pragma once

#include <xautodiff/expression/operand.hpp>
#include <xautodiff/expression/static_shape.hpp>
#include <xautodiff/op/arithmetic.hpp>
#include <xautodiff/op/selection.hpp>

namespace xautodiff
{
    namespace expression
    {
        /// At least one side is ours; the other is anything that can stand beside it.
        template <class A, class B>
        concept operand_pair = (has_node<A> || has_node<B>)&&operand<A> && operand<B>;

        /// Elementwise operations check at once what the types know of the shapes.
        template <class Op, class Tag, class... X>
        constexpr auto make_elementwise(X&&... x)
        {
            static_assert(operands_fit<decltype(make_apply<Op, Tag>(std::forward<X>(x)...))>,
                          "xautodiff: the shapes of these operands, known from their types, do not broadcast: "
                          "counted from the last axis, two extents must be equal, or one of them 1");
            return make_apply<Op, Tag>(std::forward<X>(x)...);
        }
    }

    // clang-format off
    template <class A, class B, class Tag = decltype([] {})> requires expression::operand_pair<A, B>
    constexpr auto operator+(A&& a, B&& b) { return expression::make_elementwise<op::add, Tag>(std::forward<A>(a), std::forward<B>(b)); }

    template <class A, class B, class Tag = decltype([] {})> requires expression::operand_pair<A, B>
    constexpr auto operator-(A&& a, B&& b) { return expression::make_elementwise<op::subtract, Tag>(std::forward<A>(a), std::forward<B>(b)); }

    template <class A, class B, class Tag = decltype([] {})> requires expression::operand_pair<A, B>
    constexpr auto operator*(A&& a, B&& b) { return expression::make_elementwise<op::multiply, Tag>(std::forward<A>(a), std::forward<B>(b)); }

    template <class A, class B, class Tag = decltype([] {})> requires expression::operand_pair<A, B>
    constexpr auto operator/(A&& a, B&& b) { return expression::make_elementwise<op::divide, Tag>(std::forward<A>(a), std::forward<B>(b)); }

    template <class A, class B, class Tag = decltype([] {})> requires expression::operand_pair<A, B>
    constexpr auto operator<(A&& a, B&& b) { return expression::make_elementwise<op::less, Tag>(std::forward<A>(a), std::forward<B>(b)); }

    template <class A, class B, class Tag = decltype([] {})> requires expression::operand_pair<A, B>
    constexpr auto operator<=(A&& a, B&& b) { return expression::make_elementwise<op::less_equal, Tag>(std::forward<A>(a), std::forward<B>(b)); }

    template <class A, class B, class Tag = decltype([] {})> requires expression::operand_pair<A, B>
    constexpr auto operator>(A&& a, B&& b) { return expression::make_elementwise<op::greater, Tag>(std::forward<A>(a), std::forward<B>(b)); }

    template <class A, class B, class Tag = decltype([] {})> requires expression::operand_pair<A, B>
    constexpr auto operator>=(A&& a, B&& b) { return expression::make_elementwise<op::greater_equal, Tag>(std::forward<A>(a), std::forward<B>(b)); }

    template <class A, class B, class Tag = decltype([] {})> requires expression::operand_pair<A, B>
    constexpr auto operator==(A&& a, B&& b) { return expression::make_elementwise<op::equal, Tag>(std::forward<A>(a), std::forward<B>(b)); }

    template <class A, class B, class Tag = decltype([] {})> requires expression::operand_pair<A, B>
    constexpr auto operator!=(A&& a, B&& b) { return expression::make_elementwise<op::not_equal, Tag>(std::forward<A>(a), std::forward<B>(b)); }

    template <class X> requires expression::has_node<X>
    constexpr auto operator-(X&& x) { return expression::make_apply<op::negate, void>(std::forward<X>(x)); }

    template <class X> requires expression::has_node<X>
    constexpr auto operator+(X&& x) { return x.node(); }
    // clang-format on
}
