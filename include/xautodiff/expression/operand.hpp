// SPDX-License-Identifier: BSD-3-Clause
// What may stand beside an expression, and the node it becomes: numbers, Hana's constants, std::array, other expressions.
// xtensor's operands are in xtensor_operand.hpp.
#pragma once

#include <xautodiff/expression/apply.hpp>

#include <boost/hana/integral_constant.hpp>

#include <utility>

namespace xautodiff::expression
{
    /// Specialised for each kind of operand X that is no node yet: `static auto node(const X&)`. Tag is the place where it
    /// stands.
    template <class X, class Tag>
    struct as_node;

    template <array::scalar_value X, class Tag>
    struct as_node<X, Tag>
    {
        static constexpr auto node(X x) { return constant<X, Tag>(x); }
    };

    template <class X>
    inline constexpr bool is_hana_constant = false;
    template <class T, T Value>
    inline constexpr bool is_hana_constant<boost::hana::integral_constant<T, Value>> = true;

    template <class X, class Tag>
        requires is_hana_constant<X>
    struct as_node<X, Tag>
    {
        static constexpr auto node(const X&) { return literal<static_cast<long long>(X::value)>{}; }
    };

    template <class E, std::size_t N, class Tag>
        requires array::array_like<std::array<E, N>>
    struct as_node<std::array<E, N>, Tag>
    {
        static constexpr auto node(const std::array<E, N>& x) { return array_constant<std::array<E, N>, Tag>(x); }
    };

    /// What operators and functions take.
    template <class X>
    concept operand = has_node<X> || requires(const std::remove_cvref_t<X>& x) {
        as_node<std::remove_cvref_t<X>, untagged>::node(x);
    };

    /// A node that is about to go is moved on, so that what a formula is written with is not counted again at each level.
    template <class Tag, operand X>
    constexpr decltype(auto) make_node(X&& x)
    {
        if constexpr (!has_node<X>)
        {
            return as_node<std::remove_cvref_t<X>, Tag>::node(std::forward<X>(x));
        }
        else if constexpr (std::same_as<node_t<X>, X>)
        {
            return std::move(x);
        }
        else
        {
            return x.node();
        }
    }

    template <class Tag, class X>
    using operand_node_t = std::remove_cvref_t<decltype(make_node<Tag>(std::declval<X>()))>;

    /// What a transform takes an argument X as: itself. Specialised for what is evaluated into a container first.
    template <class X>
    struct as_argument
    {
        static constexpr const X& of(const X& x) { return x; }
    };

    /// The container of its own that holds an argument's elements.
    template <class X>
    using own_container_t = std::remove_cvref_t<decltype(as_argument<X>::of(std::declval<const X&>()))>;

    template <class X>
    inline constexpr bool is_evaluated_first = !requires(const X& x) {
        {
            as_argument<X>::of(x)
        } -> std::same_as<const X&>;
    };

    namespace detail
    {
        template <class Op, class Tag, std::size_t... I, class... X>
        constexpr auto apply_at(std::index_sequence<I...>, X&&... x)
        {
            return apply<Op, operand_node_t<place<Tag, int(I)>, X>...>(
                make_node<place<Tag, int(I)>>(std::forward<X>(x))...);
        }
    }

    /// Op on operands of any kind.
    template <class Op, class Tag, operand... X>
    constexpr auto make_apply(X&&... x)
    {
        return detail::apply_at<Op, Tag>(std::index_sequence_for<X...>{}, std::forward<X>(x)...);
    }
}
