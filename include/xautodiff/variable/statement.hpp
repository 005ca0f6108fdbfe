// SPDX-License-Identifier: BSD-3-Clause
// One statement on the tape: a whole static expression, with the pullback that is generated for it.
#pragma once

#include <xautodiff/evaluate/facade.hpp>
#include <xautodiff/variable/function.hpp>

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
            return std::any_of(reads<graph>.begin(), reads<graph>.end(), [](bool read) { return read; });
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

        /// The steps of a graph that hold Variables, in the order of the graph's outputs.
        template <const auto& Graph>
        static constexpr auto variable_steps = []
        {
            std::array<int, Graph.outputs.size()> out{};
            std::size_t n = 0;
            for (int i = 0; i < Graph.size(); ++i)
            {
                if (Graph[i].slot >= 0
                    && Graph.slots[std::size_t(Graph[i].slot)].kind == expression::leaf_kind::variable)
                {
                    out[n++] = i;
                }
            }
            return out;
        }();

        template <const auto& Graph, int Output>
        using container = typename graph::revealed_t<
            Graph.slots[std::size_t(Graph[variable_steps<Graph>[std::size_t(Output)]].slot)].identity>::container_type;

        /// Of each slot whether the pullback reads its value, the seed excepted.
        template <const auto& Graph>
        static constexpr auto reads = []
        {
            std::array<bool, Graph.slots.size() + 1> out{};
            const graph::flags valued = graph::valued_steps(Graph);
            for (int i = 0; i < Graph.size(); ++i)
            {
                const int slot = Graph[i].slot;
                if (slot >= 0 && Graph.slots[std::size_t(slot)].kind != expression::leaf_kind::input)
                {
                    out[std::size_t(slot)] = valued[std::size_t(i)];
                }
            }
            return out;
        }();

        /// Where the adjoint of each slot goes.
        /// Throws where a Variable whose value the pullback reads was changed since the statement ran.
        template <const auto& Graph>
        void collect(std::array<node_base*, Graph.slots.size() + 1>& targets) const
        {
            std::size_t n = 0;
            auto visit = [&](int occurrence, const auto& leaf)
            {
                using Leaf = std::remove_cvref_t<decltype(leaf)>;
                if constexpr (is_variable_leaf<Leaf>)
                {
                    const std::size_t slot = std::size_t(Graph.occurrence_slot[std::size_t(occurrence)]);
                    targets[slot] = adjoint_target(leaf.object, sequence()).get();
                    const std::uint64_t expected = m_versions[n++];
                    if (reads<Graph>[slot] && leaf.object->elements->version != expected)
                    {
                        throw_modified(*leaf.object, expected);
                    }
                }
            };
            evaluate::for_each_payload(m_node, visit);
        }

        template <bool Merge>
        bool pull_with(sweep& s, node<T>& result) const
        {
            using program = pullback<Merge>;
            constexpr const auto& graph = program::graph;
            std::array<node_base*, graph.slots.size() + 1> targets{};
            collect<graph>(targets);
            return [&]<std::size_t... O>(std::index_sequence<O...>)
            {
                const auto target = [&](std::size_t o)
                { return targets[std::size_t(graph[variable_steps<graph>[o]].slot)]; };
                std::tuple<container<graph, int(O)>...> adjoints{};
                const std::tuple<container<graph, int(O)>*...> results{
                    (target(O) != nullptr ? &std::get<O>(adjoints) : nullptr)...};
                constexpr array::family family =
                    std::max(expression::family_of<Node>, array::traits<T>::container_family);
                if (!evaluate::detail::run<program, expression::value_type_of<Node>, family>(
                        m_node, std::tuple<const T*>{s.arrived(result)}, results))
                {
                    return false;
                }
                const auto deliver = [&]<class C>(node_base* to, C& adjoint)
                {
                    if (to != nullptr)
                    {
                        s.deliver(static_cast<node<C>&>(*to), std::move(adjoint));
                    }
                };
                (deliver(target(O), std::get<O>(adjoints)), ...);
                return true;
            }(std::make_index_sequence<graph.outputs.size()>{});
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
        evaluate::compute_into(node, value);
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
