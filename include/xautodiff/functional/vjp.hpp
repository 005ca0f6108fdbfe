// SPDX-License-Identifier: BSD-3-Clause
// ad::vjp: a function's value and its pullback, by reverse mode.
#pragma once

#include <xautodiff/expression/structured.hpp>
#include <xautodiff/functional/elements.hpp>
#include <xautodiff/functional/returned.hpp>

#include <memory>

namespace xautodiff
{
    /// A function's value beside its pullback, as structured bindings open it.
    template <class V, class P>
    struct value_and_pullback
    {
        V value;
        P pullback;
    };

    namespace functional
    {
        /// An argument kept for later: a number or a std::array by value, so that a pullback can be a constant; anything
        /// else in shared memory, where the inputs of the formula can point to it.
        template <class C>
        struct kept
        {
            std::shared_ptr<const C> value;

            explicit kept(const C& c) : value(std::make_shared<const C>(c)) {}
            const C& get() const { return *value; }
            template <class Input>
            Input as_input() const
            {
                return Input(*value);
            }
        };

        template <class C>
            requires(array::traits<C>::container_family != array::family::xtensor)
        struct kept<C>
        {
            C value;

            constexpr explicit kept(const C& c) : value(c) {}
            constexpr const C& get() const { return value; }
            template <class Input>
            constexpr Input as_input() const
            {
                return Input();
            }
        };

        /// The adjoints of the values, one by one. Y is what the function returned.
        template <class Y, class V>
        constexpr auto tie_seeds(const V& v)
        {
            if constexpr (Y::returned_form == form::single)
            {
                return std::tie(v);
            }
            else
            {
                static_assert(
                    requires { std::tuple_size<V>::value; },
                    "xautodiff: the function returns several values: give the pullback a tuple of adjoints");
                static_assert(std::tuple_size<V>::value == Y::count,
                              "xautodiff: the pullback needs one adjoint for each value of the function");
                return std::apply([](const auto&... e) { return std::tie(e...); }, v);
            }
        }

        /// The gradient of the inner product of values and seeds, inside another formula.
        template <class Inputs, int... Wrt, class Y, class... S, class... N>
        constexpr auto symbolic_adjoints(const Y& y, const std::tuple<S...>& seeds, const std::tuple<N...>& nodes)
        {
            return [&]<std::size_t... O>(std::index_sequence<O...>)
            {
                static_assert((shapes_agree(expression::static_shape_of<typename Y::template node_t<O>>,
                                            expression::static_shape_of<S>)
                               && ...),
                              "xautodiff: the adjoint of a value must have the value's shape");
                const auto body = (xautodiff::sum(y.template node<O>() * std::get<O>(seeds)) + ...);
                return std::apply(
                    [&](const N&... n)
                    {
                        return one_or_tuple(std::tuple{
                            expression::differential<expression::reverse_mode<Wrt>, std::remove_const_t<decltype(body)>,
                                                     Inputs, N...>(body, n...)...});
                    },
                    nodes);
            }(std::index_sequence_for<S...>{});
        }

        template <class Inputs, class Y, class Nodes, int... Wrt>
        class symbolic_pullback
        {
        public:
            constexpr symbolic_pullback(const Y& y, const Nodes& nodes) : m_y(y), m_nodes(nodes) {}

            template <class V>
            constexpr auto operator()(const V& v) const
            {
                const auto seeds = std::apply([](const auto&... s) { return argument_nodes<symbolic_pullback>(s...); },
                                              tie_seeds<Y>(v));
                return symbolic_adjoints<Inputs, Wrt...>(m_y, seeds, m_nodes);
            }

        private:
            Y m_y;
            Nodes m_nodes;
        };

        template <class Id, class Y, class Arguments, int... Wrt>
        class numeric_pullback;

        template <class Id, class Y, class... X, int... Wrt>
        class numeric_pullback<Id, Y, std::tuple<X...>, Wrt...>
        {
        public:
            constexpr numeric_pullback(const Y& y, const std::tuple<kept<X>...>& x,
                                       const std::array<array::shape, Y::count>& shapes)
                : m_y(y), m_x(x), m_shapes(shapes)
            {
            }

            /// The adjoints of the arguments, each of its argument's type, for the adjoint v of the value, which has the
            /// value's shape: of one argument as itself, of several as a tuple. Throws shape_error for another shape.
            template <class V>
            constexpr auto operator()(const V& v) const
            {
                if constexpr (need_containers<V>)
                {
                    return with_containers(*this, v);
                }
                else
                {
                    return std::apply(
                        [this](const auto&... seed)
                        {
                            if constexpr ((expression::has_node<decltype(seed)> || ...))
                            {
                                using inputs = decltype(make_inputs(std::index_sequence_for<X...>{}));
                                const auto nodes =
                                    std::apply([](const auto&... x) { return argument_nodes<Id>(x.get()...); }, m_x);
                                return symbolic_adjoints<inputs, Wrt...>(m_y, argument_nodes<numeric_pullback>(seed...),
                                                                         nodes);
                            }
                            else
                            {
                                return this->numeric(std::index_sequence_for<X...>{},
                                                     std::make_index_sequence<sizeof...(seed)>{}, seed...);
                            }
                        },
                        tie_seeds<Y>(v));
                }
            }

        private:
            template <int I>
            using argument_t = std::tuple_element_t<std::size_t(I), std::tuple<X...>>;

            Y m_y;
            std::tuple<kept<X>...> m_x;
            std::array<array::shape, Y::count> m_shapes;  ///< of the values

            template <std::size_t... I>
            static auto make_inputs(std::index_sequence<I...>) -> expression::inputs<input<Id, int(I), X>...>;

            template <std::size_t... I, std::size_t... O, class... S>
            constexpr auto numeric(std::index_sequence<I...>, std::index_sequence<O...>, const S&... seed) const
            {
                static_assert((shapes_agree(expression::static_shape_of<typename Y::template node_t<O>>,
                                            array::traits<S>::static_shape)
                               && ...),
                              "xautodiff: the adjoint of a value must have the value's shape");
                constexpr array::family family =
                    std::max({Y::family, array::traits<X>::container_family..., array::traits<S>::container_family...});
                (require_shape("The adjoint of a value", shape_of(seed), m_shapes[O]), ...);
                using Request =
                    graph::adjoints_of<typename Y::nodes_type, graph::type_list<input<Id, int(sizeof...(X) + O), S>...>,
                                       input<Id, Wrt, argument_t<Wrt>>...>;
                const std::tuple given{&std::get<I>(m_x).get()..., &seed...};
                std::tuple<argument_t<Wrt>...> adjoint{};
                evaluate::evaluate_into<Request, typename Y::value_type, family>(m_y.nodes, given,
                                                                                 pointers_to(adjoint));
                return one_or_tuple(std::move(adjoint));
            }
        };

        template <class F, int... Wrt>
        struct pullback_maker
        {
            const F& f;

            template <class... X>
            constexpr auto operator()(const X&... x) const
            {
                static_assert(((Wrt >= 0 && Wrt < int(sizeof...(X))) && ...),
                              "xautodiff: vjp is asked with respect to an argument that is not there");
                if constexpr (need_containers<X...>)
                {
                    return with_containers(*this, x...);
                }
                else if constexpr (has_value_now<pullback_maker, F, X...>())
                {
                    (require_floating<std::tuple_element_t<std::size_t(Wrt), std::tuple<X...>>>(), ...);
                    return numeric(std::index_sequence_for<X...>{}, std::tuple<kept<X>...>(kept<X>(x)...));
                }
                else
                {
                    return symbolic(std::index_sequence_for<X...>{}, argument_nodes<pullback_maker>(x...));
                }
            }

        private:
            template <class V, class P>
            static constexpr auto with_value(V&& value, const P& pullback)
            {
                return value_and_pullback<std::remove_cvref_t<V>, P>{std::forward<V>(value), pullback};
            }

            template <std::size_t... I, class... X>
            constexpr auto numeric(std::index_sequence<I...>, const std::tuple<kept<X>...>& x) const
            {
                const auto y = returned_as_nodes<pullback_maker>(
                    f(std::get<I>(x).template as_input<input<pullback_maker, int(I), X>>()...));
                using Y = std::remove_const_t<decltype(y)>;
                constexpr array::family family = std::max({Y::family, array::traits<X>::container_family...});
                typename Y::template containers<family> value{};
                evaluate::evaluate_into<graph::values_of<typename Y::nodes_type>, typename Y::value_type, family>(
                    y.nodes, std::tuple{&std::get<I>(x).get()...}, pointers_to(value));
                const std::array shapes =
                    std::apply([](const auto&... v) { return std::array{shape_of(v)...}; }, value);
                return with_value(Y::in_form(std::move(value)),
                                  numeric_pullback<pullback_maker, Y, std::tuple<X...>, Wrt...>(y, x, shapes));
            }

            template <std::size_t... I, class... N>
            constexpr auto symbolic(std::index_sequence<I...>, const std::tuple<N...>& nodes) const
            {
                const auto y = trace_nodes<pullback_maker>(f, std::get<I>(nodes)...);
                using Y = std::remove_const_t<decltype(y)>;
                using inputs = expression::inputs<input<pullback_maker, int(I), stand_in<N>>...>;
                return with_value(f(std::get<I>(nodes)...),
                                  symbolic_pullback<inputs, Y, std::tuple<N...>, Wrt...>(y, nodes));
            }
        };
    }

    /// The value of f and its pullback, a function from an adjoint of the value to the adjoints of the arguments:
    /// `auto [y, pullback] = ad::vjp(f, x);`. `ad::vjp<0, 2>(f, x...)` asks for some of the arguments only.
    ///
    /// The pullback keeps copies of the arguments. A captured Variable or ad::cref counts as a constant.
    template <int... Wrt, class F, class... X>
    constexpr auto vjp(const F& f, const X&... x)
    {
        if constexpr (sizeof...(Wrt) == 0)
        {
            return [&]<int... I>(std::integer_sequence<int, I...>) {
                return functional::pullback_maker<F, I...>{f}(x...);
            }(std::make_integer_sequence<int, int(sizeof...(X))>{});
        }
        else
        {
            return functional::pullback_maker<F, Wrt...>{f}(x...);
        }
    }
}
