// SPDX-License-Identifier: BSD-3-Clause
// What a function returned, as nodes: one expression, or a std::array or std::tuple of them, whose results then come in a
// std::array or std::tuple too.
#pragma once

#include <xautodiff/evaluate/facade.hpp>
#include <xautodiff/functional/call.hpp>
#include <xautodiff/graph/outputs.hpp>

namespace xautodiff::functional
{
    enum class form
    {
        single,
        array,
        tuple
    };

    template <form Form, class... N>
    struct returned
    {
        using nodes_type = graph::outputs<N...>;
        using value_type = std::conditional_t<
            std::is_void_v<typename expression::detail::widest<expression::strong_type_of<N>...>::type>, double,
            typename expression::detail::widest<expression::strong_type_of<N>...>::type>;

        static constexpr form returned_form = Form;
        static constexpr std::size_t count = sizeof...(N);
        static constexpr array::family family = std::max({array::family::scalar, expression::family_of<N>...});
        static constexpr bool all_scalar = ((expression::static_shape_of<N>.rank == 0) && ...);
        /// Of a single expression its shape; of several scalars, their number.
        static constexpr array::shape static_shape = []
        {
            if constexpr (Form == form::single)
            {
                return std::array{expression::static_shape_of<N>...}[0];
            }
            else
            {
                return array::shape{array::index(count)};
            }
        }();

        template <class Id>
        static constexpr bool is_closed = functional::is_closed<Id, N...>;

        /// The n-th node's type.
        template <std::size_t I>
        using node_t = std::tuple_element_t<I, std::tuple<N...>>;

        /// Containers for the values, or for anything of their shapes, computed among arguments of family F.
        template <array::family F>
        using containers =
            std::tuple<array::container_t<std::max(F, family), value_type, expression::static_shape_of<N>>...>;

        nodes_type nodes;

        constexpr explicit returned(const N&... n) : nodes(n...) {}

        /// The n-th node.
        template <std::size_t I>
        constexpr const auto& node() const
        {
            return boost::hana::at_c<I>(nodes.operands);
        }

        /// Several results in the form in which the function returned them.
        template <class... C>
        static constexpr auto in_form(std::tuple<C...>&& t)
        {
            if constexpr (Form == form::single)
            {
                return std::get<0>(std::move(t));
            }
            else if constexpr (Form == form::array)
            {
                return std::apply([](auto&&... c) { return std::array{std::move(c)...}; }, std::move(t));
            }
            else
            {
                return std::move(t);
            }
        }
    };

    template <class R>
    inline constexpr form form_of = form::single;
    template <class... E>
    inline constexpr form form_of<std::tuple<E...>> = form::tuple;
    template <class E, std::size_t N>
        requires expression::has_node<E>
    inline constexpr form form_of<std::array<E, N>> = form::array;

    /// What a function returned, as nodes whose numbers are identified by Id.
    template <class Id, class R>
    constexpr auto returned_as_nodes(const R& r)
    {
        if constexpr (form_of<R> == form::single)
        {
            const auto node = node_of<expression::place<Id, 0>>(r);
            return returned<form::single, std::remove_const_t<decltype(node)>>(node);
        }
        else
        {
            return std::apply(
                [](const auto&... e)
                {
                    static_assert(sizeof...(e) > 0, "xautodiff: the differentiated function returns nothing");
                    return [&]<std::size_t... I>(std::index_sequence<I...>)
                    {
                        return []<class... N>(const N&... n)
                        { return returned<form_of<R>, N...>(n...); }(node_of<expression::place<Id, int(I)>>(e)...);
                    }(std::make_index_sequence<sizeof...(e)>{});
                },
                r);
        }
    }

    /// What f returns for inputs identified by Id, one for each of the containers C... .
    template <class Id, class F, class... C>
    constexpr auto trace(const F& f, const C&... c)
    {
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return returned_as_nodes<Id>(call_with_inputs(f, input<Id, int(I), C>(c)...));
        }(std::index_sequence_for<C...>{});
    }

    /// As trace, for arguments that are nodes of another formula.
    template <class Id, class F, class... N>
    constexpr auto trace_nodes(const F& f, const N&...)
    {
        return [&]<std::size_t... I>(std::index_sequence<I...>)
        { return returned_as_nodes<Id>(f(input<Id, int(I), stand_in<N>>()...)); }(std::index_sequence_for<N...>{});
    }

    /// Whether f of these arguments has a value now, and is not part of a formula around it.
    template <class Id, class F, class... X>
    constexpr bool has_value_now()
    {
        if constexpr ((expression::has_node<X> || ...))
        {
            return false;
        }
        else
        {
            return decltype(trace<Id>(std::declval<const F&>(), std::declval<const X&>()...))::template is_closed<Id>;
        }
    }

    /// The value of f beside derivatives of its body, inside another formula: the body's own, so that they share its steps. A
    /// value of Variables is f's, which backward() can differentiate.
    template <class Inputs, class F, form Form, class... B, class... N>
    constexpr auto value_beside(const F& f, const returned<Form, B...>& body, const N&... n)
    {
        if constexpr ((evaluate::reads_input<N> || ...))
        {
            return [&]<std::size_t... O>(std::index_sequence<O...>)
            {
                return returned<Form, B...>::in_form(
                    std::tuple{expression::differential<expression::primal_mode, B, Inputs, N...>(
                        body.template node<O>(), n...)...});
            }(std::index_sequence_for<B...>{});
        }
        else
        {
            return f(n...);
        }
    }

    /// Pointers to all elements of a tuple.
    template <class... C>
    constexpr auto pointers_to(std::tuple<C...>& t)
    {
        return std::apply([](C&... c) { return std::tuple<C*...>{&c...}; }, t);
    }
}
