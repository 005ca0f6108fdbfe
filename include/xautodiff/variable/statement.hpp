// SPDX-License-Identifier: BSD-3-Clause
// One statement on the tape: a whole static expression, with the pullback that is generated for it.
#pragma once

#include <xautodiff/evaluate/facade.hpp>
#include <xautodiff/variable/function.hpp>
#include <xautodiff/variable/grad_mode.hpp>

namespace xautodiff::variable
{
    template <class T>
    [[noreturn]] void throw_modified(const node<T>& operand, std::uint64_t expected)
    {
        using value_type = typename array::traits<T>::value_type;
        throw error(
            "one of the variables needed for gradient computation has been modified by an inplace operation: [torch."
            + std::string(std::same_as<value_type, float> ? "FloatTensor " : "DoubleTensor ")
            + to_string(shape_of(operand.elements->data)) + "]"
            + (operand.creator ? ", which is output 0 of " + operand.creator->name() + "," : std::string())
            + " is at version " + std::to_string(operand.elements->version) + "; expected version "
            + std::to_string(expected)
            + " instead. Hint: it was changed through mutable_data() after the statement that reads it; change it "
              "before that statement or after backward(), or give the statement a copy.");
    }

    /// An entry that can show its graph of operations.
    class traceable_entry : public entry
    {
    public:
        virtual function trace(const std::shared_ptr<const void>& owner) const = 0;
    };

    template <class Node, class T>
    class statement final : public traceable_entry
    {
    public:
        explicit statement(const Node& node) : m_node(node)
        {
            auto note = [this](int, const auto& leaf)
            {
                if constexpr (is_variable_leaf<std::remove_cvref_t<decltype(leaf)>>)
                {
                    m_versions.push_back(leaf.object->elements->version);
                }
            };
            evaluate::for_each_payload(m_node, note);
        }

        void pull(sweep& s, node_base& result) override
        {
            if (!pull_with<true>(s, static_cast<node<T>&>(result)))
            {
                pull_with<false>(s, static_cast<node<T>&>(result));
            }
        }

        void for_each_operand(const std::function<void(const std::shared_ptr<node_base>&)>& f) const override
        {
            auto visit = [&](int, const auto& leaf)
            {
                if constexpr (is_variable_leaf<std::remove_cvref_t<decltype(leaf)>>)
                {
                    if (const auto& operand = adjoint_target(leaf.object, sequence()))
                    {
                        f(operand);
                    }
                }
            };
            evaluate::for_each_payload(m_node, visit);
        }

        bool reads_values() const override
        {
            constexpr const auto& graph = pullback<true>::graph;
            const std::uint64_t outputs = wanted<graph>(targets<graph>());
            return std::any_of(readers<graph>.begin(), readers<graph>.end(),
                               [=](std::uint64_t reader) { return (reader & outputs) != 0; });
        }

        std::string name() const override { return trace(nullptr).name(); }

        function trace(const std::shared_ptr<const void>& owner) const override
        {
            return function_of(owner, m_node, sequence());
        }

    private:
        using seed = expression::input<statement, 0, T>;
        template <bool Merge>
        using pullback = graph::program<graph::variable_adjoints_of<Node, seed>, Merge>;

        Node m_node;
        std::vector<std::uint64_t> m_versions;

        /// The slots of a graph that hold Variables, in the order of the graph's outputs.
        template <const auto& Graph>
        static constexpr auto variable_slots = []
        {
            std::array<int, Graph.outputs.size()> out{};
            std::size_t n = 0;
            for (int i = 0; i < Graph.size(); ++i)
            {
                if (Graph[i].slot >= 0
                    && Graph.slots[std::size_t(Graph[i].slot)].kind == expression::leaf_kind::variable)
                {
                    out[n++] = Graph[i].slot;
                }
            }
            return out;
        }();

        template <const auto& Graph, int Output>
        using container = typename graph::revealed_t<
            Graph.slots[std::size_t(variable_slots<Graph>[std::size_t(Output)])].identity>::container_type;

        static constexpr std::uint64_t output_bit(std::size_t o) { return std::uint64_t(1) << (o < 63 ? o : 63); }

        /// Of each slot the outputs whose computation reads its value, as bits (all from the 64th on share one). The seed
        /// and parameters excepted: they do not change.
        template <const auto& Graph>
        static constexpr auto readers = []
        {
            std::array<std::uint64_t, Graph.slots.size() + 1> out{};
            std::vector<std::uint64_t> read_for(std::size_t(Graph.size()), 0);
            for (std::size_t o = 0; o < Graph.outputs.size(); ++o)
            {
                read_for[std::size_t(Graph.outputs[o])] |= output_bit(o);
            }
            for (int i = Graph.size() - 1; i >= 0; --i)
            {
                for (int k = 0; k < Graph[i].arity(); ++k)
                {
                    const std::size_t operand = std::size_t(Graph[i].operand[std::size_t(k)]);
                    read_for[operand] |= Graph[i].reads_shape_only(k) ? 0 : read_for[std::size_t(i)];
                }
                if (const int slot = Graph[i].slot; slot >= 0)
                {
                    const expression::leaf_kind kind = Graph.slots[std::size_t(slot)].kind;
                    out[std::size_t(slot)] =
                        kind == expression::leaf_kind::variable || kind == expression::leaf_kind::constant
                            ? read_for[std::size_t(i)]
                            : 0;
                }
            }
            return out;
        }();

        template <const auto& Graph>
        using slot_targets = std::array<node_base*, Graph.slots.size() + 1>;

        /// Calls f(leaf, slot, version when recorded) for every Variable that the statement reads.
        template <const auto& Graph, class F>
        void for_each_variable(F f) const
        {
            std::size_t n = 0;
            auto visit = [&](int occurrence, const auto& leaf)
            {
                if constexpr (is_variable_leaf<std::remove_cvref_t<decltype(leaf)>>)
                {
                    f(leaf, std::size_t(graph::occurrence_slot_of<Graph>[std::size_t(occurrence)]), m_versions[n++]);
                }
            };
            evaluate::for_each_payload(m_node, visit);
        }

        /// Where the adjoint of each slot goes.
        template <const auto& Graph>
        slot_targets<Graph> targets() const
        {
            slot_targets<Graph> out{};
            for_each_variable<Graph>([&](const auto& leaf, std::size_t slot, std::uint64_t)
                                     { out[slot] = adjoint_target(leaf.object, sequence()).get(); });
            return out;
        }

        /// The outputs that have somewhere to go, as bits.
        template <const auto& Graph>
        static std::uint64_t wanted(const slot_targets<Graph>& to)
        {
            std::uint64_t out = 0;
            for (std::size_t o = 0; o < variable_slots<Graph>.size(); ++o)
            {
                out |= to[std::size_t(variable_slots<Graph>[o])] != nullptr ? output_bit(o) : 0;
            }
            return out;
        }

        /// Throws where a Variable whose value is read for the wanted outputs was changed since the statement ran.
        template <const auto& Graph>
        void require_unchanged(std::uint64_t outputs) const
        {
            for_each_variable<Graph>(
                [&](const auto& leaf, std::size_t slot, std::uint64_t version)
                {
                    if ((readers<Graph>[slot] & outputs) != 0 && leaf.object->elements->version != version)
                    {
                        throw_modified(*leaf.object, version);
                    }
                });
        }

        template <bool Merge>
        bool pull_with(sweep& s, node<T>& result) const
        {
            using program = pullback<Merge>;
            const auto to = targets<program::graph>();
            require_unchanged<program::graph>(wanted<program::graph>(to));
            return [&]<std::size_t... O>(std::index_sequence<O...>)
            {
                const auto target = [&](std::size_t o) { return to[std::size_t(variable_slots<program::graph>[o])]; };
                std::tuple<container<program::graph, int(O)>...> adjoints{};
                const std::tuple<container<program::graph, int(O)>*...> results{
                    (target(O) != nullptr ? &std::get<O>(adjoints) : nullptr)...};
                constexpr array::family family =
                    std::max(expression::family_of<Node>, array::traits<T>::container_family);
                if (!evaluate::detail::run<program, expression::value_type_of<Node>, family>(
                        m_node, std::tuple<const T*>{s.arrived(result)}, results))
                {
                    return false;
                }
                const auto deliver = [&]<class C>(node_base* at, C& adjoint)
                {
                    if (at != nullptr)
                    {
                        s.deliver(static_cast<node<C>&>(*at), std::move(adjoint));
                    }
                };
                (deliver(target(O), std::get<O>(adjoints)), ...);
                return true;
            }(std::make_index_sequence<program::graph.outputs.size()>{});
        }
    };

    template <class T>
    function function_of(const handle<T>& object)
    {
        if (object->creator)
        {
            return static_cast<const traceable_entry&>(*object->creator).trace(object);
        }
        return object->requires_grad ? function("AccumulateGrad", {}) : function();
    }

    /// Runs a statement and, where a gradient can flow and recording is on, puts it on the tape.
    template <class T, class Node>
    handle<T> record(const Node& node)
    {
        evaluate::require_values<Node>();
        T value{};
        if constexpr (!evaluate::reads_input<Node>)
        {
            evaluate::compute_into(node, value);
        }
        auto object = std::make_shared<variable::node<T>>(std::move(value));
        if (recording() && requires_grad(node))
        {
            object->requires_grad = true;
            object->differentiable_since = 0;
            object->creator = std::make_unique<statement<Node, T>>(node);
        }
        return object;
    }
}
