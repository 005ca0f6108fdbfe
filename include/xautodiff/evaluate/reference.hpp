// SPDX-License-Identifier: BSD-3-Clause
// The reference evaluator: the chain rule as recursive templates over the nested type itself, node by node. No graph, no
// merging, nothing shared: slow, and plain to see that it is right. The tests hold the graph pipeline against it.
//
// It gives values and first derivatives. An expression may hold derivatives (a `differential`): they have a value here,
// but are not differentiated again.
#pragma once

#include <xautodiff/evaluate/payload.hpp>
#include <xautodiff/evaluate/reference_formula.hpp>
#include <xautodiff/evaluate/reference_value.hpp>

#include <boost/hana/at.hpp>

#include <tuple>
#include <vector>

namespace xautodiff::evaluate::reference
{
    /// What the leaves receive: an adjoint for each argument, and one for each payload leaf in the order of the nested type.
    /// Each has the shape of what it belongs to; zeros where nothing flows.
    template <class T>
    struct gradients
    {
        std::vector<dense<T>> input;
        std::vector<dense<T>> leaf;
    };

    namespace detail
    {
        template <class N>
        inline constexpr int node_count = 1;
        template <class Op, class... X>
        inline constexpr int node_count<expression::apply<Op, X...>> = 1 + (node_count<X> + ... + 0);
        template <class Mode, class Body, class Inputs, class... X>
        inline constexpr int node_count<expression::differential<Mode, Body, Inputs, X...>> =
            1 + (node_count<X> + ... + 0);

        template <class N>
        concept parameter_leaf = expression::leaf<N> && N::kind == expression::leaf_kind::parameter;

        /// Every input is an argument of this run.
        struct all_inputs
        {
            template <class N>
            static constexpr bool contains = true;
        };

        /// The body of a differential has inputs of its own, and may read those of the formula around it.
        template <class Inputs>
        struct own_inputs;
        template <class... Input>
        struct own_inputs<expression::inputs<Input...>>
        {
            template <class N>
            static constexpr bool contains = (std::same_as<N, Input> || ...);
        };

        /// Calls f(child, its number, where its payloads begin) for each child of a node, and returns all that f returns.
        template <class... X, class F>
        constexpr auto for_each_child(const boost::hana::basic_tuple<X...>& children, int node, int payload, F&& f)
        {
            std::array<int, sizeof...(X)> number{}, begin{};
            std::size_t i = 0;
            ++node;
            ((number[i] = node, begin[i] = payload, ++i, node += node_count<X>, payload += graph::payload_count<X>),
             ...);
            return [&]<std::size_t... K>(std::index_sequence<K...>) {
                return f(std::tie(boost::hana::at_c<K>(children)...), number, begin, std::index_sequence<K...>{});
            }(std::index_sequence_for<X...>{});
        }
    }
}
