// SPDX-License-Identifier: BSD-3-Clause
// Runs a request on an expression object: chooses the evaluator, checks that merged leaves agree, and falls back to the
// unmerged graph where they do not.
#pragma once

#include <xautodiff/evaluate/array_evaluator.hpp>
#include <xautodiff/evaluate/static_evaluator.hpp>

#include <tuple>

namespace xautodiff::evaluate
{
    /// Which matrix product arrays of a family use; blas_product.hpp gives xtensor's BLAS.
    template <array::family Family>
    struct product_for
    {
        using type = op::loop_product;
    };

    template <array::family Family>
    using product_of = typename product_for<Family>::type;

    /// Whether a program runs on what the types know, without an evaluator's run-time state.
    template <class Program, array::family Family>
    inline constexpr bool is_static = Family != array::family::xtensor && has_static_shapes<Program::graph>;

    /// What runs a program on arrays. One without merging is hardly ever run: its code is to be small.
    template <class Program, class T, array::family Family>
    using evaluator_of = array_evaluator<Program::graph, T, product_of<Family>,
                                         Program::merges ? graph::scheduling::likely : graph::scheduling::stepwise>;

    namespace detail
    {
        /// Puts payloads into a static evaluator; remembers whether merged ones were equal.
        template <const auto& Graph, class T>
        struct static_filler
        {
            static_evaluator<Graph, T>& machine;
            bool consistent = true;
            /// The objects that Variables are: equal values do not make two of them one.
            std::array<const void*, Graph.slots.size() + 1> origin{};

            template <class Leaf>
            constexpr void operator()(int occurrence, const Leaf& leaf)
            {
                const int slot = graph::occurrence_slot_of<Graph>[std::size_t(occurrence)];
                const bool first = graph::first_occurrence_of<Graph>[std::size_t(slot)] == occurrence;
                if constexpr (Leaf::kind == expression::leaf_kind::variable)
                {
                    const void*& at = origin[std::size_t(slot)];
                    consistent = consistent && (first || at == leaf.origin());
                    at = leaf.origin();
                }
                if constexpr (Leaf::kind == expression::leaf_kind::parameter)
                {
                    array::parameters& at = machine.slot_parameters(slot);
                    consistent = consistent && (first || at == leaf.payload());
                    at = first ? leaf.payload() : at;
                }
                else if constexpr (array::scalar_value<decltype(leaf.payload())>)
                {
                    const T value = T(leaf.payload());
                    T& at = *machine.slot_data(slot);
                    consistent = consistent && (first || same_payload(at, value));
                    at = first ? value : at;
                }
                else
                {
                    const auto take = [&](const auto& elements, array::index size)
                    {
                        T* at = machine.slot_data(slot);
                        for (array::index i = 0; i < size; ++i)
                        {
                            const T element = T(elements[i]);
                            consistent = consistent && (first || same_payload(at[i], element));
                            at[i] = first ? element : at[i];
                        }
                    };
                    if constexpr (requires {
                                      typename array::traits<std::remove_cvref_t<decltype(leaf.value)>>::element;
                                  })
                    {
                        // Loaded: a constant expression cannot reach the second row of a std::array through its payload.
                        using traits = array::traits<std::remove_cvref_t<decltype(leaf.value)>>;
                        typename traits::value_type elements[std::size_t(traits::static_shape.size()) + 1]{};
                        traits::load(leaf.value, elements);
                        take(elements, traits::static_shape.size());
                    }
                    else
                    {
                        const auto elements = leaf.payload();
                        take(elements.data, elements.size());
                    }
                }
            }
        };

        template <class Program, class T, class Node, class Arguments, class Results>
        constexpr bool run_static(const Node& node, const Arguments& arguments, Results& results)
        {
            constexpr const auto& graph = Program::graph;
            static_evaluator<graph, T> machine;
            [&]<std::size_t... S>(std::index_sequence<S...>)
            {
                const auto fill = [&]<std::size_t Slot>(std::integral_constant<std::size_t, Slot>)
                {
                    constexpr graph::slot s = graph.slots[Slot];
                    if constexpr (s.kind == expression::leaf_kind::input)
                    {
                        const auto& argument = *std::get<std::size_t(s.position)>(arguments);
                        using traits = array::traits<std::remove_cvref_t<decltype(argument)>>;
                        if constexpr (std::same_as<typename traits::value_type, T>)
                        {
                            traits::load(argument, machine.slot_data(int(Slot)));
                        }
                        else
                        {
                            typename traits::value_type buffer[std::size_t(traits::static_shape.size()) + 1];
                            traits::load(argument, buffer);
                            std::copy_n(buffer, traits::static_shape.size(), machine.slot_data(int(Slot)));
                        }
                    }
                    else if constexpr (s.fixed != nullptr)
                    {
                        machine.slot_parameters(int(Slot)) = *s.fixed;
                    }
                };
                (fill(std::integral_constant<std::size_t, S>{}), ...);
            }(std::make_index_sequence<graph.slots.size()>{});
            static_filler<graph, T> filler{machine};
            for_each_payload(node, filler);
            if (!filler.consistent)
            {
                return false;
            }
            machine.run();
            [&]<std::size_t... O>(std::index_sequence<O...>)
            {
                const auto store = [&]<class C>(C& out, const T* from)
                {
                    using traits = array::traits<C>;
                    if constexpr (std::same_as<typename traits::value_type, T>)
                    {
                        traits::store(out, from);
                    }
                    else
                    {
                        typename traits::value_type buffer[std::size_t(traits::static_shape.size()) + 1];
                        std::copy_n(from, traits::static_shape.size(), buffer);
                        traits::store(out, buffer);
                    }
                };
                ((std::get<O>(results) ? store(*std::get<O>(results), machine.output_data(int(O))) : void()), ...);
            }(std::make_index_sequence<graph.outputs.size()>{});
            return true;
        }

        /// Where shapes depend on numbers that types don't know. Its name is what compilers say of a constant that does.
        template <class Evaluator, class Node, class Arguments, class Results>
        bool not_in_constant_expressions_unless_axes_and_extents_are_written_as_0_c(const Node& node,
                                                                                    const Arguments& arguments,
                                                                                    const Results& results)
        {
            Evaluator evaluator;
            return evaluator.run(node, arguments, results);
        }

        template <class Program, class T, array::family Family, class Node, class Arguments, class Results>
        constexpr bool run(const Node& node, const Arguments& arguments, Results& results)
        {
            if constexpr (is_static<Program, Family>)
            {
                return run_static<Program, T>(node, arguments, results);
            }
            else
            {
                return not_in_constant_expressions_unless_axes_and_extents_are_written_as_0_c<
                    evaluator_of<Program, T, Family>>(node, arguments, results);
            }
        }
    }

    /// Runs the unmerged graph, where the merged one was not consistent with the payloads.
    template <class Request, class T, array::family Family, class Node, class Arguments, class Results>
    constexpr void run_unmerged_unless([[maybe_unused]] bool consistent, [[maybe_unused]] const Node& node,
                                       [[maybe_unused]] const Arguments& arguments,
                                       [[maybe_unused]] const Results& results)
    {
        if constexpr (graph::program<Request, true>::has_merged_payloads)
        {
            if (!consistent)
            {
                detail::run<graph::program<Request, false>, T, Family>(node, arguments, results);
            }
        }
    }

    /// Runs Request on `node`. `arguments` is a tuple of pointers to what the inputs stand for, by position; `results` a tuple
    /// of pointers to the containers that receive the outputs. T is the number type to compute with.
    template <class Request, class T, array::family Family, class Node, class... Argument, class... Result>
    constexpr void evaluate_into(const Node& node, const std::tuple<const Argument*...>& arguments,
                                 const std::tuple<Result*...>& results)
    {
        const bool consistent = detail::run<graph::program<Request, true>, T, Family>(node, arguments, results);
        run_unmerged_unless<Request, T, Family>(consistent, node, arguments, results);
    }
}
