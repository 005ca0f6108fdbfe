// SPDX-License-Identifier: BSD-3-Clause
// One statement on the tape: a whole static expression, with the pullback that is generated for it.
#pragma once

#include <xautodiff/variable/kept_evaluator.hpp>
#include <xautodiff/variable/number_statement.hpp>

namespace xautodiff::variable
{
    /// A statement on arrays. Its entry keeps the expression behind the operands.
    template <class Node, class T>
    class array_statement
    {
    public:
        static handle<T> record(const Node& node)
        {
            settle_parting(tape::here());
            if (!recording() || !requires_grad(node))
            {
                handle<T> out = make_leaf<T>(T());
                compute(node, out->value);
                return out;
            }
            handle<T> out(&start(node));
            const bool consistent = compute(node, out->value);
            if constexpr (merges)
            {
                out->plain_type = consistent ? out->plain_type : &type<false>;
            }
            return out;
        }

    private:
        static constexpr std::size_t count = std::size_t(variable_count<Node>);
        using seed = expression::input<array_statement, 0, T>;
        using merged = graph::program<graph::value_of<Node>, true>;
        /// Whether some leaves are taken for one, and may turn out not to be. Otherwise nothing is compiled for that.
        static constexpr bool merges = merged::has_merged_payloads;
        template <bool Merge>
        using pullback = graph::program<graph::variable_adjoints_of<Node, seed>, Merge>;

        static constexpr array::family family =
            std::max(expression::family_of<Node>, array::traits<T>::container_family);
        static constexpr std::size_t operands_at = (sizeof(node<T>) + 7) / 8 * 8;
        static constexpr std::size_t expression_at =
            (operands_at + count * sizeof(operand) + alignof(Node) - 1) / alignof(Node) * alignof(Node);

        template <bool Merge>
        static constexpr node_type make_type()
        {
            using facts = statement_facts<pullback<Merge>::graph, 0>;
            return {&container_of<T>,
                    statement_kind::expression,
                    &pull<Merge>,
                    &derive,
                    &destroy_expression,
                    outline_of<Node>.data(),
                    facts::template uses_by_occurrence<Node>.data(),
                    nullptr,
                    facts::reads,
                    variable_count<Node>,
                    unsigned(count),
                    0,
                    unsigned(operands_at),
                    is_emptiable<T>};
        }

        template <bool Merge>
        static constexpr node_type type = make_type<Merge>();

        static Node& expression_of(node_base& n)
        {
            return *std::launder(reinterpret_cast<Node*>(reinterpret_cast<char*>(&n) + expression_at));
        }

        /// Whether a pullback reads the elements of an operand.
        static bool is_read(std::size_t i)
        {
            bool read = type<true>.uses[i].read_for != 0;
            if constexpr (merges)
            {
                read = read || type<false>.uses[i].read_for != 0;
            }
            return read;
        }

        /// Whether an entry's expression counts as a use of an operand. Not where its pullbacks don't read it, nor copy it for
        /// being of another type; unless the expression alone keeps it, as it was detached in place since it was written down.
        template <class Leaf>
        static bool counts_as_use(const Leaf& leaf, std::size_t i, const node_base& x)
        {
            return !std::same_as<typename Leaf::value_type, expression::value_type_of<Node>> || is_read(i)
                   || leaf.object.get() != &x;
        }

        static void destroy_expression(node_base& n) noexcept
        {
            const operand* o = operands_of(n);
            std::size_t i = 0;
            const auto balance = [&](const auto& leaf)
            {
                leaf.object->uses += counts_as_use(leaf, i, *o[i].node()) ? 0 : 1;
                ++i;
            };
            for_each_variable(expression_of(n), balance);
            expression_of(n).~Node();
            for (i = 0; i < count; ++i)
            {
                if (is_read(i))
                {
                    empty_if_unread(*o[i].node());
                }
            }
        }

        static void derive(traced_pass& pass, node_base& n, const traced& adjoint)
        {
            std::array<traced, std::size_t(graph::payload_count<Node>) + 1> payloads;
            const operand* o = operands_of(n);
            traced* at = payloads.data();
            auto read = [&](int, const auto& leaf)
            {
                if constexpr (is_variable_leaf<std::remove_cvref_t<decltype(leaf)>>)
                {
                    const operand& from = *o++;
                    using U = typename std::remove_cvref_t<decltype(leaf)>::container_type;
                    *at = target_of(from) != nullptr ? erased(static_cast<node<U>&>(*from.node()))
                                                     : traced(make_leaf<erased_array>(erased_elements(*leaf.object)));
                }
                else
                {
                    *at = detail::constant_of(leaf.payload());
                }
                ++at;
            };
            evaluate::for_each_payload(expression_of(n), read);
            derive_statement(pass, detail::replay<Node, 0>::run(payloads.data()), adjoint);
        }

        static node<T>& start(const Node& expression)
        {
            auto* n = append_node<T>(type<true>, expression_at + sizeof(Node),
                                     std::max({alignof(node<T>), alignof(Node), std::size_t(8)}));
            ::new (reinterpret_cast<char*>(n) + expression_at) Node(expression);
            operand* o = operands_of(*n);
            std::size_t i = 0;
            const auto note = [&](const auto& leaf)
            {
                node_base& x = current(*leaf.object);
                retain(x);
                const bool takes = flowing_variables<Node>[i] && x.is_differentiable();
                o->where = reinterpret_cast<std::uintptr_t>(&x) | (takes ? 0 : operand::constant_bit);
                o->version = std::uint32_t(version_of(x)) | static_cast<decltype(*leaf.object)&>(x).shape_mark();
                leaf.object->uses -= counts_as_use(leaf, i, x) ? 0 : 1;
                ++o;
                ++i;
            };
            for_each_variable(expression, note);
            return *n;
        }

        /// Returns false where leaves of one identity were not the same, so that nothing was merged.
        static bool compute(const Node& expression, T& value)
        {
            using V = expression::value_type_of<Node>;
            const auto results = std::tuple{&value};
            bool consistent = run_kept<merged, V, family>(expression, std::tuple<>{}, results);
            if constexpr (merges)
            {
                if (!consistent)
                {
                    run_kept<graph::program<graph::value_of<Node>, false>, V, family>(expression, std::tuple<>{},
                                                                                      results);
                }
            }
            return consistent;
        }

        template <const auto& Graph, int Output>
        using container = typename graph::revealed_t<
            Graph.slots[std::size_t(statement_facts<Graph, 0>::slots[std::size_t(Output)])].identity>::container_type;

        template <class Program>
        static constexpr bool may_run_in_place = []
        {
            if constexpr (Program::merges && !evaluate::is_static<Program, family>)
            {
                return is_one_loop<Program::graph>;
            }
            return false;
        }();

        /// Which of the adjoints that are wanted may be computed in the place of the one that has arrived: one that is the
        /// same, so that it is only handed on, or else the first; negative for none. All shapes must be one, and nobody else wait
        /// for what has arrived.
        template <class Program, std::size_t... O>
        static int in_place(node_base& n, node_base* const* to, std::index_sequence<O...>)
        {
            if constexpr (may_run_in_place<Program>)
            {
                const node<T>& typed = static_cast<node<T>&>(n);
                bool may = !n.has(flag::kept) && !(n.has(flag::has_side) && n.side->retains_grad);
                const auto look = [&](const auto& leaf) { may = may && leaf.object->has_shape_of(typed); };
                for_each_variable(expression_of(n), look);
                int first = -1;
                bool is_same = false;
                const auto consider = [&](auto o, node_base* target)
                {
                    constexpr bool same = is_argument<Program::graph, o()>;
                    constexpr bool fits = std::same_as<container<Program::graph, int(o())>, T>;
                    if (target != nullptr && !is_same && (same || (fits && first < 0)))
                    {
                        first = fits ? int(o()) : -1;
                        is_same = same;
                    }
                };
                (consider(std::integral_constant<std::size_t, O>{}, to[O]), ...);
                return may ? first : -1;
            }
            return -1;
        }

        template <bool Merge>
        static void pull(sweep& s, node_base& n)
        {
            using program = pullback<Merge>;
            [&]<std::size_t... O>(std::index_sequence<O...> all)
            {
                std::array<node_base*, sizeof...(O) + 1> to{};
                s.targets(n, to.data());
                std::tuple<container<program::graph, int(O)>...> adjoints{};
                T& arrived = static_cast<node<T>&>(n).adjoint();
                const int place = in_place<program>(n, to.data(), all);
                const auto room = [&]<class C>(std::size_t output, C& own) -> C*
                {
                    if constexpr (std::same_as<C, T>)
                    {
                        if (int(output) == place)
                        {
                            return &arrived;
                        }
                    }
                    return to[output] != nullptr ? &own : nullptr;
                };
                const std::tuple<container<program::graph, int(O)>*...> results{room(O, std::get<O>(adjoints))...};
                run_kept<program, expression::value_type_of<Node>, family>(expression_of(n),
                                                                           std::tuple<const T*>{&arrived}, results);
                const auto deliver = [&]<class C>(node_base* at, C* adjoint)
                {
                    if (at != nullptr)
                    {
                        s.deliver(static_cast<node<C>&>(*at), std::move(*adjoint));
                    }
                };
                (deliver(to[O], std::get<O>(results)), ...);
            }(std::make_index_sequence<program::graph.outputs.size()>{});
        }
    };

    /// Whether a value of one shape may be kept in a container of the other, as far as types tell.
    constexpr bool may_fit(const array::shape& value, const array::shape& container)
    {
        bool fits = value.rank == array::unknown || container.rank == array::unknown || value.rank == container.rank;
        for (int d = 0; fits && d < value.rank && d < container.rank; ++d)
        {
            fits = value[d] == array::unknown || container[d] == array::unknown || value[d] == container[d];
        }
        return fits;
    }

    /// Runs a statement and, where a gradient can flow and recording is on, puts it on the tape.
    /// An expression that is about to go is used up.
    template <class T, class X>
    handle<T> record(X&& node)
    {
        using Node = std::remove_cvref_t<X>;
        evaluate::require_values<Node>();
        static_assert(
            may_fit(expression::static_shape_of<Node>, array::traits<T>::static_shape),
            "xautodiff: the expression has another shape than the Variable that is to keep it; let the Variable's "
            "type be deduced (ad::Variable y = expression;) or name one that fits");
        if constexpr (evaluate::reads_input<Node>)
        {
            return make_leaf<T>(T());
        }
        else if constexpr (variable_count<Node> == 0)
        {
            handle<T> out = make_leaf<T>(T());
            evaluate::compute_into(node, out->value);
            return out;
        }
        else if constexpr (is_number_statement<Node, T>)
        {
            if constexpr (std::same_as<X, Node>)
            {
                return number_statement<Node, T, true>::record(std::move(node));
            }
            else
            {
                return number_statement<Node, T, true>::record(Node(node));
            }
        }
        else
        {
            return array_statement<Node, T>::record(node);
        }
    }
}
