// SPDX-License-Identifier: BSD-3-Clause
// The backward sweep: from the root down the tape, in the order opposite to recording, which puts every result before its
// operands. One pass over memory. It does not recurse.
#pragma once

#include <xautodiff/variable/adjoints.hpp>
#include <xautodiff/variable/entry_checks.hpp>

#include <initializer_list>
#include <optional>
#include <vector>

namespace xautodiff
{
    /// `out.backward({.retain_graph = true})`
    struct backward_options
    {
        /// Keep what a second backward through the same entries needs.
        bool retain_graph = false;
        /// Record the backward pass itself, so that gradients can be differentiated: see grad_variable(). Implies
        /// retain_graph.
        bool create_graph = false;
    };
}

namespace xautodiff::variable
{
    /// The adjoints of one backward pass. No gradient changes before `commit`: a pass that throws leaves no trace.
    class sweep : public adjoints
    {
    public:
        sweep() : m_outer(tape::here().running)
        {
            if (m_outer != nullptr)
            {
                m_outer->suspend();
            }
            tape::here().running = this;
            settle_parting(tape::here());
        }

        sweep(const sweep&) = delete;
        sweep& operator=(const sweep&) = delete;

        ~sweep()
        {
            clear();
            tape::here().running = m_outer;
            if (m_outer != nullptr)
            {
                m_outer->resume();
            }
        }

        /// Goes through the entries behind `root`, whose adjoint has been delivered. `keep` names nodes whose adjoint is
        /// asked for. With `spend`, entries that read values are used up: to be confirmed by `spend()`.
        template <class T>
        void run(const handle<T>& root, std::initializer_list<node_base*> keep, bool spend = false)
        {
            run(static_cast<node_base&>(*root), keep, spend);
        }

        inline void run(node_base& root, std::initializer_list<node_base*> keep, bool spend);

        /// Adds what arrived at leaves, and where it is retained, to the gradients.
        inline void commit();

        /// Frees what the entries passed have kept for backward.
        inline void spend() noexcept;

        /// Of a statement that is pulled: where the adjoints go, by output. Throws where they cannot be computed any more.
        inline void targets(node_base& n, node_base** out) const;

    private:
        sweep* m_outer;
        std::optional<reference> m_root;
        std::vector<node_base*> m_kept;         ///< flagged as such
        std::vector<node_base*> m_expressions;  ///< entries with an expression that this pass uses up
        bool m_spends = false;
        std::size_t m_longest_run = 0;  ///< in bytes, of those that were left with the tape

        template <class T>
        void deliver_rare(node<T>& n, const operand& o);
        template <class T>
        inline void pull_numbers(node<T>& n);
        std::size_t pull_rarely(node<double>& n, const operand& o, std::size_t pending);
        std::size_t pull_each(node<double>& n, std::size_t pending);
        static bool pull_usual(const node<double>& n, const operand& o, std::size_t& pending);
        inline node_base* pull_run(node_base& first);
        node<double>* pull_owned(node<double>* n);
        inline void keep_longest(const owned_run& run);
        inline void pull_expression(node_base& n);
        inline bool pass(node_base& n);
        inline void clear() noexcept;
        inline void forget_spending() noexcept;
    };

    inline void sweep::pull_expression(node_base& n)
    {
        n.type().pull(*this, n);
        if (m_spends && reads_for_wanted(n))
        {
            m_expressions.push_back(&n);
            n.set(flag::spent);
        }
    }

    /// One entry's turn. Returns whether there is another.
    inline bool sweep::pass(node_base& n)
    {
        bool stays = n.has(flag::kept);
        if (n.has(flag::has_side)) [[unlikely]]
        {
            stays |= n.side->retains_grad;
            if (n.side->has_hooks)
            {
                n.type().container->run_hooks(n);
            }
        }
        require_unspent(n);
        switch (n.type().kind)
        {
        case statement_kind::doubles:
            pull_numbers(static_cast<node<double>&>(n));
            break;
        case statement_kind::floats:
            pull_numbers(static_cast<node<float>&>(n));
            break;
        default:
            pull_expression(n);
        }
        if (stays)
        {
            m_ends.push_back(&n);
        }
        else
        {
            n.type().container->destroy_adjoint(n);
        }
        return --m_pending != 0;
    }

    inline void sweep::run(node_base& root, std::initializer_list<node_base*> keep, bool spend)
    {
        m_root.emplace(root);
        m_spends = spend;
        m_kept.reserve(keep.size());
        for (node_base* n : keep)
        {
            if (!n->is_leaf() && !n->has(flag::kept) && tape::owns(*n))
            {
                n->set(flag::kept);
                m_kept.push_back(n);
            }
        }
        if (m_pending != 0)
        {
            node_base* n = m_at;
            while ((n = pull_run(*n)) != nullptr && pass(*n))
            {
                n = tape::before(*n);
            }
        }
        for (std::size_t i = 0; i < m_ends.size(); ++i)
        {
            node_base& n = *m_ends[i];
            if (n.is_leaf() && n.has(flag::has_side) && n.side->has_hooks)
            {
                n.type().container->run_hooks(n);
            }
        }
    }

    inline void sweep::targets(node_base& n, node_base** out) const
    {
        const node_type& type = n.type();
        const operand* o = operands_of(n);
        std::uint64_t wanted = 0;
        for (unsigned k = 0; k < type.operands; ++k)
        {
            if (node_base* target = target_of(o[k]))
            {
                out[type.uses[k].output] = target;
                wanted |= adjoint_bit(type.uses[k].output);
            }
        }
        require_unchanged(n, wanted);
    }

    inline void sweep::commit()
    {
        const auto takes_it = [](const node_base& n)
        { return n.is_leaf() || (n.has(flag::has_side) && n.side->retains_grad); };
        for (node_base* n : m_ends)
        {
            require_own_gradient(*n);
            if (takes_it(*n))
            {
                n->type().container->prepare_gradient(*n);
            }
        }
        for (node_base* n : m_ends)
        {
            if (takes_it(*n))
            {
                n->type().container->commit_gradient(*n);
            }
        }
    }

    inline void sweep::spend() noexcept
    {
        m_spends = false;
        for (node_base* n : m_expressions)
        {
            n->type().destroy_expression(*n);
            n->set(flag::bare);
        }
        m_expressions.clear();
    }

    inline void sweep::clear() noexcept
    {
        if (m_spends)
        {
            forget_spending();
        }
        for_each_holder(
            [](node_base& n)
            {
                if (n.has(flag::reached))
                {
                    n.type().container->destroy_adjoint(n);
                }
                n.type().container->drop_prepared(n);
            });
        for (node_base* n : m_kept)
        {
            n->clear(flag::kept);
        }
    }

    /// A pass that failed: the entries it went through, which are those that the root reaches down to the one that failed,
    /// are not used up.
    inline void sweep::forget_spending() noexcept
    {
        if (!m_root || (*m_root)->is_leaf())
        {
            return;
        }
        std::size_t marked = 1;
        bool passed = true;
        (*m_root)->set(flag::marked);
        for (node_base* n = m_root->get(); marked != 0; n = tape::before(*n))
        {
            passed = passed && (n != m_at || m_pending == 0);
            if (!n->has(flag::marked))
            {
                continue;
            }
            --marked;
            n->clear(flag::marked);
            if (passed)
            {
                n->clear(flag::spent);
                const operand* o = operands_of(*n);
                for (unsigned k = 0; k < n->type().operands; ++k)
                {
                    node_base* target = target_of(o[k]);
                    if (target != nullptr && !target->is_leaf() && !target->has(flag::marked))
                    {
                        target->set(flag::marked);
                        ++marked;
                    }
                }
            }
        }
    }
}

#include <xautodiff/variable/pull_numbers.hpp>
#include <xautodiff/variable/pull_owned.hpp>
