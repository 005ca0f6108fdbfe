// SPDX-License-Identifier: BSD-3-Clause
// Turns the samples of operations.hpp into nodes of the nested type and checks the laws on each. `Operands` says in what
// containers: `container<I>(x)` is operand number I, `constant<I>(x)` the leaf for one that is not differentiated,
// `parameter(p)` the leaf for parameters, `result<Node>` the container for a node's value.
#pragma once

#include <xautodiff/evaluate/evaluate.hpp>

#include "laws.hpp"
#include "operations.hpp"

namespace xautodiff::law
{
    struct formula;

    template <int Position, class C>
    using input = expression::input<formula, Position, C>;

    /// One graph for everything: the members of graph_results, each adjoint and derivative once for every input.
    template <class Node, class Seed, class Inputs, class Tangents>
    struct everything_of;

    template <class Node, class Seed, class... Input, class... Tangent>
    struct everything_of<Node, Seed, graph::type_list<Input...>, graph::type_list<Tangent...>>
    {
        static constexpr graph::draft build(bool merge)
        {
            graph::lowering l(graph::payload_count<Node>, merge);
            const auto or_zeros = [&](graph::symbol s, int like)
            { return s ? s : l.steps.broadcast(l.steps.literal(0), l.steps.at(like)); };

            const std::vector<int> sources{l.lower<Input>().index...};
            const std::vector<graph::symbol> tangents{l.lower<Tangent>()...};
            const graph::symbol seed = l.lower<Seed>();
            const graph::symbol y = l.lower<Node>();
            const graph::symbol tangent = graph::forward(l.steps, {y.index}, sources, tangents)[0];
            std::vector<graph::symbol> out{y, or_zeros(tangent, y.index)};
            graph::detail::append_adjoints(l, y, seed, sources, out);

            std::vector<int> adjoints;
            graph::symbol along = l.steps.literal(0);
            for (std::size_t i = 0; i < sources.size(); ++i)
            {
                adjoints.push_back(out[2 + i].index);
                along = along + math::sum(out[2 + i] * tangents[i]);
            }
            const auto forwards = graph::forward(l.steps, adjoints, sources, tangents);
            for (std::size_t i = 0; i < sources.size(); ++i)
            {
                out.push_back(or_zeros(forwards[i], sources[i]));
            }
            graph::detail::append_adjoints(l, along, l.steps.literal(1), sources, out);
            return graph::without_dead_steps(l, out);
        }
    };

    template <class C>
    C from_dense(const dense& from)
    {
        C to{};
        array::traits<C>::resize(to, from.shape());
        array::copy(array::traits<C>::ref(to), from.ref());
        return to;
    }

    template <class Operands, class Node, class... C>
    void check_node(const Node& node, const C&... arguments)
    {
        namespace reference = evaluate::reference;
        const auto to_dense = [](const auto& c) { return reference::to_dense<double>(c); };
        using result = typename Operands::template result<Node>;
        constexpr int count = int(sizeof...(C));
        [&]<std::size_t... I>(std::index_sequence<I...>)
        {
            const values x{to_dense(arguments)...};
            const values t{direction(x[I].shape(), int(I))...};
            const reference_functions plain{[&](const values& at) { return reference::value(node, at); },
                                            [&](const values& at, const values& along)
                                            { return reference::tangent(node, at, std::tie(along[I]...)); },
                                            [&](const values& at, const dense& seed)
                                            { return reference::gradient(node, seed, at).input; }};
            const dense w = direction(plain.value(x).shape(), count);

            using request = everything_of<Node, input<2 * count, result>, graph::type_list<input<int(I), C>...>,
                                          graph::type_list<input<count + int(I), C>...>>;
            const result seed = from_dense<result>(w);
            const std::tuple<C...> along{from_dense<C>(t[I])...};
            result y{}, tangent{};
            std::tuple<C...> adjoint{}, forwards{}, backwards{};
            evaluate::evaluate_into<request, double, Operands::family>(
                node, std::tuple{&arguments..., &std::get<I>(along)..., &seed},
                std::tuple{&y, &tangent, &std::get<I>(adjoint)..., &std::get<I>(forwards)...,
                           &std::get<I>(backwards)...});
            check_laws({to_dense(y),
                        to_dense(tangent),
                        {to_dense(std::get<I>(adjoint))...},
                        {to_dense(std::get<I>(forwards))...},
                        {to_dense(std::get<I>(backwards))...}},
                       plain, x, t, w);
        }(std::index_sequence_for<C...>{});
    }

    template <class X>
    inline constexpr bool is_input = array::container<X>;

    /// How many inputs there are among the first `Operand` operands.
    template <std::size_t Operand, class... X>
    inline constexpr int input_position = []
    {
        int position = 0;
        std::size_t k = 0;
        ((position += k++ < Operand && is_input<X>), ...);
        return position;
    }();

    template <class Operands, int Operand, int Position, class X>
    auto make_leaf(const X& x)
    {
        if constexpr (is_input<X>)
        {
            return input<Position, std::remove_cvref_t<decltype(Operands::template container<Operand>(x))>>();
        }
        else if constexpr (requires { x.value; })
        {
            return Operands::template constant<Operand>(x.value);
        }
        else
        {
            return Operands::parameter(x);
        }
    }

    template <class Operands, int Operand, class X>
    auto make_argument(const X& x)
    {
        if constexpr (is_input<X>)
        {
            return std::tuple{Operands::template container<Operand>(x)};
        }
        else
        {
            return std::tuple{};
        }
    }

    template <class Operands, class... X>
    void check_operands(const std::tuple<X...>& operands, const auto& make_node)
    {
        [&]<std::size_t... K>(std::index_sequence<K...>)
        {
            const auto node = make_node(make_leaf<Operands, int(K), input_position<K, X...>>(std::get<K>(operands))...);
            std::apply([&](const auto&... argument) { check_node<Operands>(node, argument...); },
                       std::tuple_cat(make_argument<Operands, int(K)>(std::get<K>(operands))...));
        }(std::index_sequence_for<X...>{});
    }

    template <class Operands, class Op, class... X>
    void check_sample(const sample<Op, X...>& s)
    {
        CAPTURE(Op::name);
        check_operands<Operands>(s.operands, []<class... Leaf>(const Leaf&... leaf)
                                 { return expression::apply<Op, Leaf...>(leaf...); });
    }

    template <class Operands, class Mask, class... X>
    void check_sample(const mask_sample<Mask, X...>& s)
    {
        CAPTURE(Mask::name);
        check_operands<Operands>(s.operands,
                                 []<class A, class B>(const A& a, const B& b)
                                 {
                                     using mask = expression::apply<Mask, A, B>;
                                     return expression::apply<op::multiply, mask, A>(mask(a, b), a);
                                 });
    }

    /// All samples of one of the lists.
    template <class Operands, class... Sample>
    void check_every(const std::tuple<Sample...>& samples)
    {
        [&]<std::size_t... I>(std::index_sequence<I...>)
        { (check_sample<Operands>(std::get<I>(samples)), ...); }(std::index_sequence_for<Sample...>{});
    }
}
