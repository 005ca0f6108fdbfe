// SPDX-License-Identifier: BSD-3-Clause
// One statement on the tape: a whole static expression, with the pullback that is generated for it.
#pragma once

#include <xautodiff/evaluate/facade.hpp>
#include <xautodiff/variable/function.hpp>

namespace xautodiff::variable
{
    [[noreturn]] inline void throw_modified(const std::string& type, const array::shape& shape, std::uint64_t now,
                                            std::uint64_t expected)
    {
        throw error(
            "one of the variables needed for gradient computation has been modified by an inplace operation: [torch."
            + type + " " + to_string(shape) + "] is at version " + std::to_string(now) + "; expected version "
            + std::to_string(expected)
            + " instead. Hint: the backtrace further above shows the operation that failed to compute its gradient. "
              "The variable in "
              "question was changed in there or anywhere later. Good luck!");
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
                    f(leaf.object);
                }
            };
            evaluate::for_each_payload(m_node, visit);
        }

        std::string name() const override { return trace(nullptr).name(); }
        function trace(const std::shared_ptr<const void>& owner) const override { return function_of(owner, m_node); }

    private:
        using seed = expression::input<statement, 0, T>;

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

        /// Throws where a Variable whose value the pullback reads was changed since the statement ran.
        template <const auto& Graph>
        void collect(std::array<node_base*, Graph.slots.size() + 1>& objects) const
        {
            const graph::flags read = graph::valued_steps(Graph);
            std::size_t n = 0;
            auto visit = [&](int occurrence, const auto& leaf)
            {
                using Leaf = std::remove_cvref_t<decltype(leaf)>;
                if constexpr (is_variable_leaf<Leaf>)
                {
                    const int slot = Graph.occurrence_slot[std::size_t(occurrence)];
                    objects[std::size_t(slot)] = leaf.object.get();
                    const auto& elements = *leaf.object->elements;
                    const std::uint64_t expected = m_versions[n++];
                    bool is_read = false;
                    for (int i = 0; i < Graph.size(); ++i)
                    {
                        is_read = is_read || (Graph[i].slot == slot && read[std::size_t(i)]);
                    }
                    if (is_read && elements.version != expected)
                    {
                        throw_modified(std::same_as<typename Leaf::value_type, float> ? "FloatTensor" : "DoubleTensor",
                                       shape_of(elements.data), elements.version, expected);
                    }
                }
            };
            evaluate::for_each_payload(m_node, visit);
        }

        template <bool Merge>
        bool pull_with(sweep& s, node<T>& result) const
        {
            using program = graph::program<graph::variable_adjoints_of<Node, seed>, Merge>;
            constexpr const auto& graph = program::graph;
            std::array<node_base*, graph.slots.size() + 1> objects{};
            collect<graph>(objects);
            return [&]<std::size_t... O>(std::index_sequence<O...>)
            {
                const auto object = [&](std::size_t o)
                { return objects[std::size_t(graph[variable_steps<graph>[o]].slot)]; };
                std::tuple<container<graph, int(O)>...> adjoints{};
                const std::tuple<container<graph, int(O)>*...> results{
                    (object(O)->requires_grad ? &std::get<O>(adjoints) : nullptr)...};
                constexpr array::family family =
                    std::max(expression::family_of<Node>, array::traits<T>::container_family);
                if (!evaluate::detail::run<program, expression::value_type_of<Node>, family>(
                        m_node, std::tuple<const T*>{s.arrived(result)}, results))
                {
                    return false;
                }
                const auto deliver = [&]<class C>(node_base* to, C& adjoint)
                {
                    if (to->requires_grad)
                    {
                        s.deliver(static_cast<node<C>&>(*to), std::move(adjoint));
                    }
                };
                (deliver(object(O), std::get<O>(adjoints)), ...);
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
            object->creator = std::make_unique<statement<Node, T>>(node);
        }
        return object;
    }
}
