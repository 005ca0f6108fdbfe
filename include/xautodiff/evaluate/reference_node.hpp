// SPDX-License-Identifier: BSD-3-Clause
// The nodes of the nested type as the reference evaluator sees them: each with its value, with the adjoint that it hands
// down to its operands, and with the tangent that it makes of theirs.
#pragma once

#include <xautodiff/evaluate/payload.hpp>
#include <xautodiff/evaluate/reference_formula.hpp>
#include <xautodiff/evaluate/reference_rules.hpp>
#include <xautodiff/expression/static_shape.hpp>

#include <boost/hana/unpack.hpp>

namespace xautodiff::evaluate::reference
{
    /// What the leaves receive: an adjoint for each argument, and one for each payload leaf in the order of the nested type.
    /// Each has the shape of what it belongs to; zeros where nothing flows. `live` is 0 where all that reached an argument
    /// had passed through a branch that a `where` does not take, else 1.
    template <class T>
    struct gradients
    {
        std::vector<dense<T>> input;
        std::vector<dense<T>> leaf;
        std::vector<dense<T>> live;
    };

    namespace detail
    {
        template <class N>
        concept parameter_leaf = expression::leaf<N> && N::kind == expression::leaf_kind::parameter;

        template <class N>
        concept input_leaf = expression::leaf<N> && N::kind == expression::leaf_kind::input;

        template <class T>
        using values = std::vector<dense<T>>;
        using flags = std::vector<char>;

        /// The inputs of a formula, any of them, by position.
        struct all_inputs
        {
            template <class N>
            static constexpr bool contain = true;
        };

        /// The inputs of a differential's body; others that it reads belong to the formula around it.
        template <class Inputs>
        struct own_inputs;
        template <class... Input>
        struct own_inputs<expression::inputs<Input...>>
        {
            template <class N>
            static constexpr bool contain = (std::same_as<N, Input> || ...);
        };

        /// What the inputs stand for.
        template <class T, class Inputs, class Outer>
        struct scope
        {
            const values<T>& arguments;
            const Outer& outer;

            template <class Input>
            constexpr const dense<T>& value() const
            {
                if constexpr (Inputs::template contain<Input>)
                {
                    return arguments[std::size_t(Input::position)];
                }
                else
                {
                    return outer.template value<Input>();
                }
            }
        };

        /// Where adjoints arrive.
        template <class T, class Inputs>
        struct sink
        {
            gradients<T>& to;
            flags& reached;

            template <class Input>
            constexpr void input(const dense<T>& adjoint, const dense<T>& live)
            {
                if constexpr (Inputs::template contain<Input>)
                {
                    constexpr auto at = std::size_t(Input::position);
                    dense<T> total = adjoint, any_live = live;
                    if (reached[at])
                    {
                        total = to.input[at] + adjoint;
                        any_live = math::where(live, 1, to.live[at]);
                    }
                    to.input[at] = total;
                    to.live[at] = any_live;
                    reached[at] = true;
                }
            }
        };

        /// Where tangents, dense or math::none, come from.
        template <class Inputs, class... Tangent>
        struct source
        {
            const std::tuple<Tangent...>& tangents;

            template <class Input>
            constexpr auto input() const
            {
                if constexpr (Inputs::template contain<Input>)
                {
                    return std::get<std::size_t(Input::position)>(tangents);
                }
                else
                {
                    return math::none{};
                }
            }
        };

        /// A node with its value, and its operands with theirs. `payload` counts the payload leaves seen so far.
        ///
        /// With its adjoint a node is handed where it is live: 0 in the branch that a `where` above it does not take. What is
        /// dead stays 0 on its way down, whatever partial derivative it meets.
        template <class T, class N>
        struct evaluated;

        template <class T, input_leaf N>
        struct evaluated<T, N>
        {
            dense<T> value;

            constexpr evaluated(const N&, const auto& scope, int&) : value(scope.template value<N>()) {}
            constexpr void pull(const dense<T>& adjoint, const dense<T>& live, auto to) const
            {
                to.template input<N>(adjoint, live);
            }
            constexpr auto push(auto from) const { return from.template input<N>(); }
        };

        template <class T, parameter_leaf N>
        struct evaluated<T, N>
        {
            array::parameters value;

            constexpr evaluated(const N& node, const auto&, int& payload) : value(node.value)
            {
                payload += graph::payload_count<N>;
            }
            constexpr auto push(auto) const { return math::none{}; }
        };

        template <class T, expression::leaf N>
            requires(!input_leaf<N> && !parameter_leaf<N>)
        struct evaluated<T, N>
        {
            dense<T> value;
            int occurrence;

            constexpr evaluated(const N& node, const auto&, int& payload) : occurrence(payload)
            {
                if constexpr (graph::payload_count<N> != 0)
                {
                    value = to_dense<T>(node.payload());
                    ++payload;
                }
                else
                {
                    value = dense<T>(T(N::value));
                }
            }

            constexpr void pull(const dense<T>& adjoint, const dense<T>&, auto to) const
            {
                if constexpr (graph::payload_count<N> != 0)
                {
                    to.to.leaf[std::size_t(occurrence)] = adjoint;
                }
            }
            constexpr auto push(auto) const { return math::none{}; }
        };

        template <class T, class Inputs, class Node, class Outer>
        constexpr auto evaluate(const Node& node, const values<T>& arguments, const Outer& outer);
        template <class T, class Inputs, class Node, class Outer>
        constexpr gradients<T> gradient(const Node& node, const dense<T>& seed, const values<T>& arguments,
                                        const Outer& outer, const dense<T>& live = dense<T>(T(1)));
        template <class T, class Inputs, class Node, class Outer, class... Tangent>
        constexpr dense<T> tangent(const Node& node, const values<T>& arguments, const std::tuple<Tangent...>& tangents,
                                   const Outer& outer);

        template <class T, class Op, class... X>
        struct evaluated<T, expression::apply<Op, X...>>
        {
            std::tuple<evaluated<T, X>...> operands;
            dense<T> value;

            constexpr evaluated(const expression::apply<Op, X...>& node, const auto& scope, int& payload)
                : operands(boost::hana::unpack(
                    node.operands, [&](const X&... x)
                    { return std::tuple<evaluated<T, X>...>{evaluated<T, X>(x, scope, payload)...}; })),
                  value(
                      std::apply([](const auto&... x) { return dense<T>::template record<Op>(x.value...); }, operands))
            {
            }

            constexpr void pull(const dense<T>& adjoint, const dense<T>& live, auto to) const
            {
                const auto flow =
                    [&]<class Flowing>(const auto& operand, const std::pair<Flowing, dense<T>>& contribution)
                {
                    if constexpr (math::traced_value<Flowing>)
                    {
                        const auto& [flowing, alive] = contribution;
                        const array::shape& s = operand.value.shape();
                        operand.pull(math::where(alive, flowing, 0).sum_to(s),
                                     alive.broadcast(flowing.shape()).sum_to(s) > 0, to);
                    }
                };
                if constexpr (!op::stops_derivatives<Op>)
                {
                    std::apply(
                        [&](const auto&... x)
                        {
                            std::apply([&](const auto&... contribution) { (flow(x, contribution), ...); },
                                       contributions(adjoint, live, x.value...));
                        },
                        operands);
                }
            }

            constexpr auto push(auto from) const
            {
                return std::apply(
                    [&](const auto&... x)
                    {
                        const auto flowing = tangent_along(std::tie(x.value...), x.push(from)...);
                        if constexpr (math::traced_value<decltype(flowing)>)
                        {
                            return flowing.broadcast(value.shape());
                        }
                        else
                        {
                            return math::none{};
                        }
                    },
                    operands);
            }

        private:
            /// What flows to each operand, and where that is live.
            constexpr auto contributions(const dense<T>& adjoint, const dense<T>& live, const auto&... x) const
            {
                return [&]<std::size_t... K>(std::index_sequence<K...>)
                {
                    if constexpr (graph::composed_operation<Op>)
                    {
                        const auto g = gradient<T, all_inputs>(composition<Op>(x...), adjoint,
                                                               values<T>{dense_or_zero(x)...}, math::none{}, live);
                        return std::make_tuple(std::pair{adjoint_of(x, g.input[K]), g.live[K]}...);
                    }
                    else
                    {
                        const auto flowing = math::pullback<Op>(adjoint, value, x...);
                        const auto alive = live_operands<Op>(live, value, x...);
                        return std::make_tuple(std::pair{std::get<K>(flowing), alive[K]}...);
                    }
                }(std::index_sequence_for<X...>{});
            }

            template <class... Value, class... Tangent>
            constexpr auto tangent_along(const std::tuple<const Value&...>& x, const Tangent&... tangents) const
            {
                if constexpr (graph::composed_operation<Op>)
                {
                    return std::apply(
                        [&](const auto&... operand)
                        {
                            return evaluate<T, all_inputs>(composition<Op>(operand...),
                                                           values<T>{dense_or_zero(operand)...}, math::none{})
                                .push(source<all_inputs, Tangent...>{std::tie(tangents...)});
                        },
                        x);
                }
                else
                {
                    return pushforward<Op>(value, x, tangents...);
                }
            }

            // Parameters are no inputs of a composed operation's formula: their places stay empty.
            static constexpr const dense<T>& dense_or_zero(const dense<T>& x) { return x; }
            static constexpr dense<T> dense_or_zero(const array::parameters&) { return {}; }
            static constexpr const dense<T>& adjoint_of(const dense<T>&, const dense<T>& adjoint) { return adjoint; }
            static constexpr math::none adjoint_of(const array::parameters&, const dense<T>&) { return {}; }
        };

        template <class T, class Mode, class Body, class... Input, class... X>
        struct evaluated<T, expression::differential<Mode, Body, expression::inputs<Input...>, X...>>
        {
            dense<T> value;

            constexpr evaluated(const expression::differential<Mode, Body, expression::inputs<Input...>, X...>& node,
                                const auto& scope, int& payload)
            {
                payload += graph::payload_count<Body>;
                values<T> arguments =
                    boost::hana::unpack(node.arguments, [&](const X&... x)
                                        { return values<T>{evaluated<T, X>(x, scope, payload).value...}; });
                value = differentiate(Mode{}, node.body, arguments, scope);
            }

            static constexpr dense<T> differentiate(expression::primal_mode, const Body& body,
                                                    const values<T>& arguments, const auto& scope)
            {
                return evaluate<T, own_inputs<expression::inputs<Input...>>>(body, arguments, scope).value;
            }

            template <int Position>
            static constexpr dense<T> differentiate(expression::reverse_mode<Position>, const Body& body,
                                                    const values<T>& arguments, const auto& scope)
            {
                using inputs = own_inputs<expression::inputs<Input...>>;
                return gradient<T, inputs>(body, dense<T>(T(1)), arguments, scope).input[std::size_t(Position)];
            }

            static constexpr dense<T> differentiate(expression::forward_mode, const Body& body,
                                                    const values<T>& arguments, const auto& scope)
            {
                using inputs = own_inputs<expression::inputs<Input...>>;
                return [&]<std::size_t... I>(std::index_sequence<I...>)
                {
                    const std::tuple tangents{arguments[I + sizeof...(Input)]...};
                    return tangent<T, inputs>(body, arguments, tangents, scope);
                }(std::index_sequence_for<Input...>{});
            }

            template <class To>
            constexpr void pull(const dense<T>&, To) const
            {
                static_assert(!sizeof(To), "xautodiff: the reference evaluator does not differentiate a derivative");
            }
            template <class From>
            constexpr math::none push(From) const
            {
                static_assert(!sizeof(From), "xautodiff: the reference evaluator does not differentiate a derivative");
                return {};
            }
        };

        template <class T, class Inputs, class Node, class Outer>
        constexpr auto evaluate(const Node& node, const values<T>& arguments, const Outer& outer)
        {
            int payload = 0;
            return evaluated<T, Node>(node, scope<T, Inputs, Outer>{arguments, outer}, payload);
        }

        template <class T, class Inputs, class Node, class Outer>
        constexpr gradients<T> gradient(const Node& node, const dense<T>& seed, const values<T>& arguments,
                                        const Outer& outer, const dense<T>& live)
        {
            gradients<T> out;
            for (const dense<T>& x : arguments)
            {
                out.input.emplace_back(x.shape());
                out.live.emplace_back(x.shape(), T(1));
            }
            auto add_leaf = [&]<class Leaf>(int, const Leaf& leaf)
            {
                if constexpr (parameter_leaf<Leaf>)
                {
                    out.leaf.emplace_back(array::shape{0});
                }
                else
                {
                    out.leaf.emplace_back(to_dense<T>(leaf.payload()).shape());
                }
            };
            for_each_payload(node, add_leaf);
            const auto root = evaluate<T, Inputs>(node, arguments, outer);
            flags reached(arguments.size(), false);
            const array::shape& s = root.value.shape();
            root.pull(seed.broadcast(s), live.broadcast(s), sink<T, Inputs>{out, reached});
            return out;
        }

        template <class T, class Inputs, class Node, class Outer, class... Tangent>
        constexpr dense<T> tangent(const Node& node, const values<T>& arguments, const std::tuple<Tangent...>& tangents,
                                   const Outer& outer)
        {
            const auto root = evaluate<T, Inputs>(node, arguments, outer);
            return or_zeros(root.push(source<Inputs, Tangent...>{tangents}), root.value);
        }
    }
}
