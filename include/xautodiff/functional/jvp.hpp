// SPDX-License-Identifier: BSD-3-Clause
// ad::jvp: a function's value and its derivative along a direction, by forward mode.
#pragma once

#include <xautodiff/functional/elements.hpp>
#include <xautodiff/functional/returned.hpp>

namespace xautodiff
{
    /// A function's value beside its tangent, as structured bindings open it.
    template <class V, class D>
    struct value_and_tangent
    {
        V value;
        D tangent;
    };

    namespace functional
    {
        /// WithValue: value and tangent; otherwise the tangent alone.
        template <bool WithValue, class F>
        struct pushforward_function
        {
            const F& f;

            template <class... X, class... D>
            constexpr auto operator()(const std::tuple<const X&...>& x, const std::tuple<const D&...>& direction) const
            {
                static_assert(sizeof...(X) == sizeof...(D),
                              "xautodiff: jvp needs as many tangents as there are arguments");
                if constexpr (need_containers<X..., D...>)
                {
                    return std::apply(
                        [&](const X&... at)
                        {
                            return std::apply(
                                [&](const D&... along)
                                {
                                    return with_containers(
                                        [&](const auto&... p)
                                        { return this->split(std::index_sequence_for<X...>{}, p...); },
                                        at..., along...);
                                },
                                direction);
                        },
                        x);
                }
                else if constexpr ((expression::has_node<D> || ...) || !has_value_now<pushforward_function, F, X...>())
                {
                    const auto nodes =
                        std::apply([](const auto&... e) { return argument_nodes<pushforward_function>(e...); },
                                   std::tuple_cat(x, direction));
                    return symbolic(std::index_sequence_for<X...>{}, nodes);
                }
                else
                {
                    return numeric(std::index_sequence_for<X...>{}, x, direction);
                }
            }

        private:
            /// Arguments and then directions.
            template <std::size_t... I, class... P>
            constexpr auto split(std::index_sequence<I...>, const P&... p) const
            {
                const std::tuple<const P&...> all(p...);
                return (*this)(std::tie(std::get<I>(all)...), std::tie(std::get<sizeof...(I) + I>(all)...));
            }

            template <std::size_t... I, class... X, class... D>
            constexpr auto numeric(std::index_sequence<I...>, const std::tuple<const X&...>& x,
                                   const std::tuple<const D&...>& direction) const
            {
                (require_floating<X>(), ...);
                (require_tangent(std::get<I>(x), std::get<I>(direction)), ...);
                const auto y = trace<pushforward_function>(f, std::get<I>(x)...);
                using Y = std::remove_const_t<decltype(y)>;
                using Request = graph::tangents_of<
                    typename Y::nodes_type, graph::type_list<input<pushforward_function, int(I), X>...>,
                    graph::type_list<input<pushforward_function, int(sizeof...(X) + I), D>...>, WithValue>;
                constexpr array::family family =
                    std::max({Y::family, array::traits<X>::container_family..., array::traits<D>::container_family...});
                using results = typename Y::template containers<family>;
                const std::tuple arguments{&std::get<I>(x)..., &std::get<I>(direction)...};
                results value{}, tangent{};
                if constexpr (WithValue)
                {
                    evaluate::evaluate_into<Request, typename Y::value_type, family>(
                        y.nodes, arguments, std::tuple_cat(pointers_to(value), pointers_to(tangent)));
                    return with_value(Y::in_form(std::move(value)), Y::in_form(std::move(tangent)));
                }
                else
                {
                    evaluate::evaluate_into<Request, typename Y::value_type, family>(y.nodes, arguments,
                                                                                     pointers_to(tangent));
                    return Y::in_form(std::move(tangent));
                }
            }

            template <class V, class D>
            static constexpr auto with_value(V&& value, D&& tangent)
            {
                return value_and_tangent<std::remove_cvref_t<V>, std::remove_cvref_t<D>>{std::forward<V>(value),
                                                                                         std::forward<D>(tangent)};
            }

            template <class X, class D>
            static constexpr void require_tangent(const X& x, const D& direction)
            {
                static_assert(shapes_agree(array::traits<X>::static_shape, array::traits<D>::static_shape),
                              "xautodiff: the tangent of an argument must have the argument's shape");
                require_shape("The tangent of an argument", shape_of(direction), shape_of(x));
            }

            template <std::size_t... I, class... N>
            constexpr auto symbolic(std::index_sequence<I...>, const std::tuple<N...>& nodes) const
            {
                using all = std::tuple<N...>;
                static_assert((shapes_agree(expression::static_shape_of<std::tuple_element_t<I, all>>,
                                            expression::static_shape_of<std::tuple_element_t<sizeof...(I) + I, all>>)
                               && ...),
                              "xautodiff: the tangent of an argument must have the argument's shape");
                const auto body = trace_nodes<pushforward_function>(f, std::get<I>(nodes)...);
                using Y = std::remove_const_t<decltype(body)>;
                using inputs =
                    expression::inputs<input<pushforward_function, int(I), stand_in<std::tuple_element_t<I, all>>>...>;
                auto tangent = [&]<std::size_t... O>(std::index_sequence<O...>)
                {
                    return Y::in_form(std::tuple{expression::differential<expression::forward_mode,
                                                                          typename Y::template node_t<O>, inputs, N...>(
                        body.template node<O>(), std::get<I>(nodes)..., std::get<sizeof...(I) + I>(nodes)...)...});
                }(std::make_index_sequence<Y::count>{});
                if constexpr (WithValue)
                {
                    return with_value(value_beside<inputs>(f, body, std::get<I>(nodes)...), tangent);
                }
                else
                {
                    return tangent;
                }
            }
        };
    }

    /// The value of f at x and its derivative along the tangent t, which has x's shape: `auto [y, dy] = ad::jvp(f, x, t);`
    ///
    /// Where f returns a std::array or std::tuple of expressions, value and tangent are a std::array or std::tuple.
    /// Throws shape_error where t has another shape, known only at run time.
    template <class F, class X, class D>
    constexpr auto jvp(const F& f, const X& x, const D& t)
    {
        return functional::pushforward_function<true, F>{f}(std::tuple<const X&>(x), std::tuple<const D&>(t));
    }

    /// As jvp for a function of several arguments: `ad::jvp(f, std::tuple{x, y}, std::tuple{dx, dy})`.
    template <class F, class... X, class... D>
    constexpr auto jvp(const F& f, const std::tuple<X...>& x, const std::tuple<D...>& t)
    {
        return functional::pushforward_function<true, F>{f}(std::tuple<const X&...>(x), std::tuple<const D&...>(t));
    }
}
