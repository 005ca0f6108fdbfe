// SPDX-License-Identifier: BSD-3-Clause
// The reference evaluator: the chain rule as recursive templates over the nested type itself, node by node. No graph, no
// merging, nothing shared: slow, and plain to see that it is right. The tests hold the graph pipeline against it.
//
// It gives values and first derivatives. An expression may hold derivatives (`differential`): they have a value here, but
// are not differentiated again.
#pragma once

#include <xautodiff/evaluate/reference_node.hpp>
#include <xautodiff/expression/static_shape.hpp>

namespace xautodiff::evaluate::reference
{
    namespace detail
    {
        template <class T>
        constexpr const values<T>& to_values(const values<T>& arguments)
        {
            return arguments;
        }

        template <class T, class... Argument>
        constexpr values<T> to_values(const std::tuple<Argument...>& arguments)
        {
            return std::apply([](const auto&... x) { return values<T>{to_dense<T>(x)...}; }, arguments);
        }
    }

    /// The value of an expression whose inputs stand for `arguments`: a tuple of containers, or a vector of dense values.
    template <class Node, class Arguments = std::tuple<>>
    constexpr auto value(const Node& node, const Arguments& arguments = {})
    {
        using T = expression::value_type_of<Node>;
        return detail::evaluate<T, detail::all_inputs>(node, detail::to_values<T>(arguments), math::none{}).value;
    }

    /// The adjoints of everything that the expression reads, for an adjoint `seed` that broadcasts to its shape.
    template <class Node, class Seed, class Arguments = std::tuple<>>
    constexpr auto gradient(const Node& node, const Seed& seed, const Arguments& arguments = {})
    {
        using T = expression::value_type_of<Node>;
        return detail::gradient<T, detail::all_inputs>(node, to_dense<T>(seed), detail::to_values<T>(arguments),
                                                       math::none{});
    }

    /// The tangent of the expression where its inputs have the given tangents: containers shaped like the arguments, or
    /// math::none for an argument that does not vary.
    template <class Node, class Arguments, class... Tangent>
    constexpr auto tangent(const Node& node, const Arguments& arguments, const std::tuple<Tangent...>& tangents)
    {
        using T = expression::value_type_of<Node>;
        const auto dense_or_none = []<class X>(const X& t)
        {
            if constexpr (std::same_as<X, math::none>)
            {
                return t;
            }
            else
            {
                return to_dense<T>(t);
            }
        };
        return detail::tangent<T, detail::all_inputs>(
            node, detail::to_values<T>(arguments),
            std::apply([&](const auto&... t) { return std::tuple{dense_or_none(t)...}; }, tangents), math::none{});
    }
}
