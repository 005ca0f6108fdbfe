// SPDX-License-Identifier: BSD-3-Clause
// From a function or an expression to a graph that can be written down: what ad::formula and ad::to_dot share.
#pragma once

#include <xautodiff/functional/written_result.hpp>
#include <xautodiff/graph/readable.hpp>

namespace xautodiff::functional
{
    namespace detail
    {
        /// Takes down what constants and parameters hold, and whether leaves of one slot hold the same.
        template <const auto& Graph>
        struct leaf_reader
        {
            std::vector<graph::leaf_text> leaves;
            std::vector<std::vector<double>> elements;
            bool consistent = true;

            constexpr leaf_reader() : leaves(Graph.slots.size()), elements(Graph.slots.size())
            {
                for (std::size_t i = 0; i < leaves.size(); ++i)
                {
                    if (Graph.slots[i].fixed != nullptr)
                    {
                        leaves[i].parameters = *Graph.slots[i].fixed;
                    }
                }
            }

            template <class Leaf>
            constexpr void operator()(int occurrence, const Leaf& leaf)
            {
                const std::size_t slot = std::size_t(Graph.occurrence_slot[std::size_t(occurrence)]);
                const bool first = Graph.slots[slot].occurrence == occurrence;
                graph::leaf_text& text = leaves[slot];
                if constexpr (Leaf::kind == expression::leaf_kind::parameter)
                {
                    consistent = consistent && (first || text.parameters == leaf.payload());
                    text.parameters = leaf.payload();
                }
                else if constexpr (Leaf::kind == expression::leaf_kind::constant)
                {
                    if constexpr (array::scalar_value<decltype(leaf.payload())>)
                    {
                        const double value = double(leaf.payload());
                        consistent = consistent && (first || evaluate::same_payload(text.value, value));
                        text.is_number = true;
                        text.is_float = std::same_as<typename Leaf::value_type, float>;
                        text.value = value;
                    }
                    else
                    {
                        const std::vector<double> now = elements_of_leaf(leaf);
                        consistent = consistent && (first || elements[slot] == now);
                        elements[slot] = now;
                    }
                }
            }

            template <class Leaf>
            static constexpr std::vector<double> elements_of_leaf(const Leaf& leaf)
            {
                std::vector<double> out;
                if constexpr (requires { typename array::traits<std::remove_cvref_t<decltype(leaf.value)>>::element; })
                {
                    using traits = array::traits<std::remove_cvref_t<decltype(leaf.value)>>;
                    typename traits::value_type loaded[std::size_t(traits::static_shape.size()) + 1]{};
                    traits::load(leaf.value, loaded);
                    for (array::index i = 0; i < traits::static_shape.size(); ++i)
                    {
                        out.push_back(double(loaded[i]));
                    }
                }
                else
                {
                    const auto payload = leaf.payload();
                    out.resize(std::size_t(payload.size()));
                    const array::array_ref<double> to(out.data(), payload.shape);
                    array::copy(to, payload);
                }
                return out;
            }
        };

        constexpr graph::text argument_name(int position)
        {
            graph::text out;
            if (position < 3)
            {
                out += char('x' + position);
            }
            else
            {
                (out += 'x').append_integer(position);
            }
            return out;
        }

        /// Numbers alone have a value to write; arrays and Variables are called c0, c1, ... and v0, v1, ...
        template <const auto& Graph>
        constexpr void name_leaves(std::vector<graph::leaf_text>& leaves)
        {
            int constants = 0, variables = 0;
            for (std::size_t i = 0; i < leaves.size(); ++i)
            {
                const graph::slot& s = Graph.slots[i];
                if (s.kind == expression::leaf_kind::input)
                {
                    leaves[i].name = argument_name(s.position);
                }
                else if (s.kind == expression::leaf_kind::variable)
                {
                    (leaves[i].name += 'v').append_integer(variables++);
                }
                else if (s.kind == expression::leaf_kind::constant && !leaves[i].is_number)
                {
                    (leaves[i].name += 'c').append_integer(constants++);
                }
            }
        }

        template <class Program, class Outputs>
        constexpr graph::readable read_program(const Outputs& nodes, bool& consistent)
        {
            constexpr const auto& g = Program::graph;
            leaf_reader<g> reader;
            evaluate::for_each_payload(nodes, reader);
            consistent = reader.consistent;
            name_leaves<g>(reader.leaves);
            graph::readable out;
            out.steps.assign(g.steps.begin(), g.steps.end());
            out.outputs.assign(g.outputs.begin(), g.outputs.end());
            out.leaves = reader.leaves;
            return out;
        }

        template <class F, class... C>
        concept takes = requires(const F& f, const input<F, 0, C>&... x) { f(x...); };

        /// How many arguments a function takes: the fewest numbers that it can be called with.
        template <class F, class... C>
        constexpr int count_arguments()
        {
            if constexpr (requires { typename F::differentiated; })
            {
                return count_arguments<typename F::differentiated>();
            }
            else if constexpr (sizeof...(C) > 0 && takes<F, C...>)
            {
                return int(sizeof...(C));
            }
            else
            {
                static_assert(sizeof...(C) < 12,
                              "xautodiff: this cannot be called with expressions: the function must be a "
                              "generic callable such as [](auto x) { ... }");
                return count_arguments<F, C..., double>();
            }
        }
    }

    /// The graph of the values of some nodes.
    template <class... N>
    constexpr graph::readable read_graph(const graph::outputs<N...>& nodes)
    {
        using request = graph::values_of<graph::outputs<N...>>;
        bool consistent = true;
        graph::readable out = detail::read_program<graph::program<request, true>>(nodes, consistent);
        if (!consistent)
        {
            out = detail::read_program<graph::program<request, false>>(nodes, consistent);
        }
        return out;
    }

    template <class F>
    struct reading
    {
    };

    /// The graph of f of arguments of the types C... .
    template <class... C, class F>
    constexpr graph::readable read_function_of(const F& f)
    {
        return [&]<std::size_t... I>(std::index_sequence<I...>)
        {
            const auto result = f(input<reading<F>, int(I), C>()...);
            using R = std::remove_const_t<decltype(result)>;
            graph::readable out =
                std::apply([]<class... N>(const N&... n) { return read_graph(graph::outputs<N...>(n...)); },
                           nodes_of_results<reading<F>>(result));
            frame_results<R>(out.frame);
            return out;
        }(std::index_sequence_for<C...>{});
    }

    template <class... C, class F>
    constexpr graph::readable read_function(const F& f)
    {
        if constexpr (sizeof...(C) != 0)
        {
            return read_function_of<C...>(f);
        }
        else
        {
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return read_function_of<std::enable_if_t<(I + 1 > 0), double>...>(f);
            }(std::make_index_sequence<std::size_t(detail::count_arguments<F>())>{});
        }
    }

    /// A callable that is known from its type: it captures nothing, and so do those that a transform wraps.
    template <class F>
    inline constexpr bool is_stateless = std::is_empty_v<F> && std::is_default_constructible_v<F>;
    template <class F>
        requires requires { typename F::differentiated; }
    inline constexpr bool is_stateless<F> = is_stateless<typename F::differentiated>;
}
