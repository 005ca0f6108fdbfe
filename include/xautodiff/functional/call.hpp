// SPDX-License-Identifier: BSD-3-Clause
// Calls a user's function with placeholders, to learn its formula.
#pragma once

#include <xautodiff/evaluate/evaluate.hpp>
#include <xautodiff/evaluate/one_or_tuple.hpp>
#include <xautodiff/expression/functions.hpp>

#include <tuple>

namespace xautodiff::functional
{
    template <class F, int Position, class C>
    using input = expression::input<F, Position, C>;

    /// The container type that an expression's type stands for, where it is an argument inside another formula.
    template <class N>
    using stand_in =
        array::container_t<expression::family_of<N>, expression::value_type_of<N>, expression::static_shape_of<N>>;

    /// The node of whatever a function returned.
    template <class Tag, class R>
    constexpr auto node_of(const R& r)
    {
        static_assert(expression::operand<R>,
                      "xautodiff: the differentiated function must return an expression or a number");
        return expression::make_node<Tag>(r);
    }

    /// Whether with_containers() has something to evaluate.
    template <class... X>
    inline constexpr bool need_containers = (expression::is_evaluated_first<X> || ...);

    /// f of the arguments, those that are views or functions of xtensor's evaluated into containers. What every transform
    /// that is given such arguments calls itself through.
    template <class F, class... X>
    constexpr auto with_containers(const F& f, const X&... x)
    {
        return f(expression::as_argument<X>::of(x)...);
    }

    /// f of what stands for its arguments while it is differentiated.
    template <class F, class... X>
    constexpr decltype(auto) call_with_inputs(const F& f, const X&... x)
    {
        static_assert(std::invocable<const F&, const X&...>,
                      "xautodiff: the differentiated function cannot be called with these expressions: it must be "
                      "generic, `[](auto x) { ... }`, not `[](double x)`, take as many arguments as it is given, and "
                      "compute with this library's functions, `ad::sin(x)`, not `std::sin(x)`");
        static_assert(!std::is_void_v<std::invoke_result_t<const F&, const X&...>>,
                      "xautodiff: the differentiated function returns nothing; end it with `return`");
        return f(x...);
    }

    /// f's formula in inputs identified by Id, one for each of the containers C... .
    template <class Id, class F, class... C>
    constexpr auto formula_of(const F& f, const C&... c)
    {
        return [&]<std::size_t... I>(std::index_sequence<I...>)
        { return node_of<Id>(call_with_inputs(f, input<Id, int(I), C>(c)...)); }(std::index_sequence_for<C...>{});
    }

    namespace detail
    {
        /// Whether all inputs below N belong to one of Id... .
        template <class N, class... Id>
        struct reads_only
        {
            static constexpr bool value = true;
        };

        template <class F, int Position, class C, class... Id>
        struct reads_only<expression::input<F, Position, C>, Id...>
        {
            static constexpr bool value = (std::same_as<F, Id> || ...);
        };

        template <class Op, class... X, class... Id>
        struct reads_only<expression::apply<Op, X...>, Id...>
        {
            static constexpr bool value = (reads_only<X, Id...>::value && ...);
        };

        template <class Mode, class Body, class F, int P, class C, class... Input, class... X, class... Id>
        struct reads_only<
            expression::differential<Mode, Body, expression::inputs<expression::input<F, P, C>, Input...>, X...>, Id...>
        {
            static constexpr bool value = reads_only<Body, F, Id...>::value && (reads_only<X, Id...>::value && ...);
        };
    }

    /// Whether a formula in the inputs of Id reads no input of a function around it. A function that captured such an input
    /// has no value yet, even where its own arguments are numbers: its derivative is then a node of the formula around it.
    template <class Id, class... N>
    inline constexpr bool is_closed = (detail::reads_only<N, Id>::value && ...);

    template <class C>
    constexpr void require_floating()
    {
        static_assert(
            std::is_floating_point_v<typename array::traits<C>::value_type>,
            "xautodiff: only Tensors of floating point dtype can require gradients: grad is asked with respect "
            "to an argument of integers; pass 2.0 rather than 2");
    }

    using evaluate::one_or_tuple;

    /// The arguments as nodes, inside another formula.
    template <class Id, class... X>
    constexpr auto argument_nodes(const X&... x)
    {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return std::tuple{expression::make_node<expression::place<Id, int(I)>>(x)...};
        }(std::index_sequence_for<X...>{});
    }
}
