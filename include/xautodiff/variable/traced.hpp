// SPDX-License-Identifier: BSD-3-Clause
// Values whose operations are recorded one by one, for derivatives of derivatives. The rules of the operations run on them as
// they run on symbols of a graph, so there is one function for each operation and none for each formula or container.
#pragma once

#include <xautodiff/graph/lower.hpp>
#include <xautodiff/variable/erased_array.hpp>
#include <xautodiff/variable/grad_mode.hpp>
#include <xautodiff/variable/sweep.hpp>

#include <unordered_map>

namespace xautodiff::variable
{
    /// A value whose operations are computed and recorded as they are written.
    struct traced : math::traced
    {
        handle<erased_array> object;

        traced() = default;
        explicit traced(handle<erased_array> o) : object(std::move(o)) {}
        traced(math::none) {}
        traced(double number) : object(make_leaf<erased_array>(erased_array{{}, {number}, {}})) {}
        explicit traced(const array::parameters& p) : object(make_leaf<erased_array>(erased_array{{}, {}, p})) {}

        template <class U>
        explicit traced(const array::array_ref<const U>& elements) : object(make_leaf<erased_array>())
        {
            array::traits<erased_array>::resize(object->value, elements.shape);
            array::copy(array::traits<erased_array>::ref(object->value), elements);
        }

        explicit operator bool() const { return bool(object); }
        const array::shape& shape() const { return object->value.shape; }
        array::array_ref<const double> ref() const
        {
            return array::traits<erased_array>::ref(std::as_const(object->value));
        }
        bool is_number(double v) const
        {
            const node<erased_array>& n = *object;
            return n.is_leaf() && !n.is_differentiable() && n.value.shape.rank == 0 && n.value.data[0] == v;
        }

        template <class Op, class... X>
        static traced record(const X&... x);
    };

    /// What an operation's rule gives: for each operand its part of the adjoint, empty where nothing flows.
    using traced_rule = void (*)(const traced& adjoint, const traced& y, const traced* x, traced* parts);

    /// A backward pass that is itself recorded.
    class traced_pass
    {
    public:
        /// One that is `suspicious` runs no hooks, and throws at the first nan.
        explicit traced_pass(traced_pass* outer = nullptr, bool suspicious = false)
            : m_outer(outer), m_suspicious(suspicious)
        {
        }

        /// Adds to the adjoint of a node.
        void deliver(node_base& operand, const traced& part)
        {
            node_base& to = receiver(operand);
            const auto [at, is_new] = m_adjoints.try_emplace(&to, part);
            if (!is_new)
            {
                at->second = at->second + part;
            }
            else if (to.is_leaf())
            {
                m_ends.emplace_back(to);
            }
            else
            {
                ++m_pending;
            }
        }

        /// The adjoint that has arrived at a node; empty if none has.
        traced arrived(node_base& at) const
        {
            const auto found = m_adjoints.find(&at);
            return found == m_adjoints.end() ? traced() : found->second;
        }

        inline void run(node_base& root);

        /// The pass that a statement's own operations are part of.
        traced_pass& whole() { return m_outer == nullptr ? *this : *m_outer; }

        bool is_suspicious() const { return m_suspicious; }

        /// Everything that keeps a gradient.
        const std::vector<reference>& ends() const { return m_ends; }

    private:
        std::unordered_map<node_base*, traced> m_adjoints;
        std::vector<reference> m_ends;
        std::size_t m_pending = 0;
        traced_pass* m_outer;
        bool m_suspicious;

        void run_hooks(node_base& n, traced& adjoint) const
        {
            if (n.has(flag::has_side) && n.side->has_hooks && !m_suspicious)
            {
                n.type().container->run_hooks_on(n, adjoint);
            }
        }
    };

    inline void traced_pass::run(node_base& root)
    {
        const reference held(root);
        for (node_base* n = root.is_leaf() ? nullptr : &root; m_pending != 0; n = tape::before(*n))
        {
            const auto found = m_adjoints.find(n);
            if (found == m_adjoints.end())
            {
                continue;
            }
            --m_pending;
            run_hooks(*n, found->second);
            if (n->has(flag::has_side) && n->side->retains_grad)
            {
                m_ends.emplace_back(*n);
            }
            require_unspent(*n);
            require_unchanged(*n, wanted_adjoints(*n));
            const traced adjoint = found->second;
            n->type().derive(*this, *n, adjoint);
        }
        for (const reference& leaf : m_ends)
        {
            if (leaf->is_leaf())
            {
                run_hooks(*leaf, m_adjoints.find(leaf.get())->second);
            }
        }
    }
}
