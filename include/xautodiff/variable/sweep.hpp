// SPDX-License-Identifier: BSD-3-Clause
// The backward sweep over the tape's entries. It does not recurse.
#pragma once

#include <xautodiff/variable/node.hpp>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace xautodiff
{
    /// `out.backward({.retain_graph = true})`
    struct backward_options
    {
        /// Keep what a second backward through the same entries needs.
        bool retain_graph = false;
        /// Record the backward pass itself, so that gradients can be differentiated. Not available yet: throws error.
        bool create_graph = false;
    };
}

namespace xautodiff::variable
{
    /// The adjoints of one backward pass. Nothing outside changes before `commit`: a pass that throws leaves no trace.
    class sweep
    {
    public:
        /// Adds to the adjoint of a node.
        template <class T>
        void deliver(node<T>& to, T&& part)
        {
            std::unique_ptr<adjoint_base>& at = m_adjoints[&to];
            if (!at)
            {
                at = std::make_unique<adjoint<T>>(to, std::move(part));
            }
            else
            {
                accumulate_into(static_cast<adjoint<T>&>(*at).value, part);
            }
        }

        /// The adjoint that has arrived at a node; null if none has.
        template <class T>
        const T* arrived(node<T>& at) const
        {
            const auto found = m_adjoints.find(&at);
            return found == m_adjoints.end() ? nullptr : &static_cast<const adjoint<T>&>(*found->second).value;
        }

        /// Runs the entries behind `root` in topological order. `keep` names nodes whose adjoint must not be dropped.
        void run(const std::shared_ptr<node_base>& root, const std::unordered_set<node_base*>& keep)
        {
            m_nodes = topological_order(root);
            for (const std::shared_ptr<node_base>& n : m_nodes)
            {
                const auto found = m_adjoints.find(n.get());
                if (found == m_adjoints.end())
                {
                    continue;
                }
                found->second->run_hooks();
                if (n->creator)
                {
                    if (n->creator->is_spent)
                    {
                        throw error("Trying to backward through the graph a second time (or directly access saved "
                                    "tensors after they have already been freed). Saved intermediate values of the "
                                    "graph are freed when you call .backward() or autograd.grad(). Specify "
                                    "retain_graph=True if you need to backward through the graph a second time or if "
                                    "you need to access saved tensors after calling backward.");
                    }
                    n->creator->pull(*this, *n);
                    if (!n->retains_grad && keep.count(n.get()) == 0)
                    {
                        m_adjoints.erase(n.get());
                    }
                }
            }
        }

        /// Adds what arrived at leaves, and where it is retained, to the gradients.
        void commit()
        {
            for (const std::shared_ptr<node_base>& n : m_nodes)
            {
                const auto found = m_adjoints.find(n.get());
                if (found != m_adjoints.end() && (n->is_leaf() || n->retains_grad))
                {
                    found->second->prepare();
                }
            }
            for (const std::shared_ptr<node_base>& n : m_nodes)
            {
                const auto found = m_adjoints.find(n.get());
                if (found != m_adjoints.end() && (n->is_leaf() || n->retains_grad))
                {
                    found->second->commit();
                }
            }
        }

        /// Marks the entries passed as used up.
        void spend()
        {
            for (const std::shared_ptr<node_base>& n : m_nodes)
            {
                if (n->creator)
                {
                    n->creator->is_spent = n->creator->reads_values();
                }
            }
        }

    private:
        struct adjoint_base
        {
            virtual ~adjoint_base() = default;
            virtual void run_hooks() = 0;
            virtual void prepare() = 0;
            virtual void commit() noexcept = 0;
        };

        template <class T>
        struct adjoint final : adjoint_base
        {
            node<T>& at;
            T value;
            std::optional<T> sum;

            adjoint(node<T>& n, T&& v) : at(n), value(std::move(v)) {}

            void run_hooks() override
            {
                // A copy, as a hook may remove itself.
                const auto hooks = at.hooks;
                for (const auto& [id, hook] : hooks)
                {
                    if (std::optional<T> replaced = hook(value))
                    {
                        if (!(shape_of(*replaced) == shape_of(value)))
                        {
                            throw error("hook has changed the size of value: from " + to_string(shape_of(value))
                                        + " to " + to_string(shape_of(*replaced)));
                        }
                        value = std::move(*replaced);
                    }
                }
            }

            // Everything that can throw comes before anything that can be seen.
            void prepare() override
            {
                sum.emplace(std::move(value));
                if (at.grad)
                {
                    accumulate_into(*sum, *at.grad);
                }
            }

            void commit() noexcept override { std::swap(at.grad, sum); }
        };

        std::unordered_map<node_base*, std::unique_ptr<adjoint_base>> m_adjoints;
        std::vector<std::shared_ptr<node_base>> m_nodes;

        /// Everything that `root` depends on and that requires a gradient: results before operands, leaves last.
        static std::vector<std::shared_ptr<node_base>> topological_order(const std::shared_ptr<node_base>& root)
        {
            std::vector<std::shared_ptr<node_base>> out{root};
            std::unordered_set<node_base*> seen{root.get()};
            for (std::size_t i = 0; i < out.size(); ++i)
            {
                if (out[i]->creator)
                {
                    out[i]->creator->for_each_operand(
                        [&](const std::shared_ptr<node_base>& operand)
                        {
                            if (seen.insert(operand.get()).second)
                            {
                                out.push_back(operand);
                            }
                        });
                }
            }
            std::stable_sort(
                out.begin(), out.end(),
                [](const auto& a, const auto& b)
                { return (a->creator ? a->creator->sequence() : 0) > (b->creator ? b->creator->sequence() : 0); });
            return out;
        }
    };
}
