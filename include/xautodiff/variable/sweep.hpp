// SPDX-License-Identifier: BSD-3-Clause
// The backward sweep: from the root down the tape, in the order opposite to recording, which puts every result before its
// operands. One pass over memory; adjoints lie in the nodes. It does not recurse.
#pragma once

#include <xautodiff/variable/function.hpp>

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
    [[noreturn]] inline void throw_modified(const node_base& x, std::uint64_t expected)
    {
        throw error("one of the variables needed for gradient computation has been modified by an inplace operation: ["
                    + x.type().container->describe(x) + "]"
                    + (x.is_leaf() ? std::string()
                                   : ", which is output " + std::to_string(result_of(x)) + " of " + name_of(x) + ",")
                    + " is at version " + std::to_string(version_of(x)) + "; expected version "
                    + std::to_string(expected)
                    + " instead. Hint: it was changed through mutable_data() after the statement that reads it; "
                      "change it before that statement or after backward(), or give the statement a copy.");
    }

    /// Throws where an operand whose value the wanted adjoints read was changed since the statement ran.
    inline void require_unchanged(const node_base& n, std::uint64_t wanted)
    {
        const node_type& type = n.type();
        const operand* o = operands_of(n);
        const bool is_scalar = type.kind != statement_kind::expression;
        const std::uint64_t* versions = reinterpret_cast<const std::uint64_t*>(o + type.operands);
        for (unsigned k = 0; k < type.operands; ++k)
        {
            const std::uint64_t expected = !is_scalar ? o[k].version : n.has(flag::has_versions) ? versions[k] : 0;
            const node_base& x = *o[k].node();
            if ((type.uses[k].read_for & wanted) != 0 && version_of(x) != expected)
            {
                throw_modified(x, expected);
            }
        }
    }

    /// The adjoints of a statement that have somewhere to go, as bits (all from the 64th on share one).
    constexpr std::uint64_t adjoint_bit(unsigned output) { return std::uint64_t(1) << (output < 63 ? output : 63); }

    inline std::uint64_t wanted_adjoints(const node_base& n)
    {
        const node_type& type = n.type();
        const operand* o = operands_of(n);
        std::uint64_t out = 0;
        for (unsigned k = 0; k < type.operands; ++k)
        {
            out |= target_of(o[k]) != nullptr ? adjoint_bit(type.uses[k].output) : 0;
        }
        return out;
    }

    [[noreturn]] inline void throw_spent()
    {
        throw error("Trying to backward through the graph a second time (or directly access saved "
                    "tensors after they have already been freed). Saved intermediate values of the "
                    "graph are freed when you call .backward() or autograd.grad(). Specify "
                    "retain_graph=True if you need to backward through the graph a second time or if "
                    "you need to access saved tensors after calling backward.");
    }

    inline void require_own_gradient(const node_base& n)
    {
        if (n.has(flag::has_side) && n.side->is_foreign)
        {
            throw error(
                "this graph reaches a leaf of another thread, which still runs: gradients are accumulated by the "
                "thread that made the leaf; take them with ad::grad(y, x)");
        }
    }

    /// The adjoints of one backward pass. No gradient changes before `commit`: a pass that throws leaves no trace.
    class sweep
    {
    public:
        sweep() : m_outer(tape::here().running)
        {
            if (m_outer != nullptr)
            {
                m_outer->suspend();
            }
            tape::here().running = this;
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

        /// Adds to the adjoint of a node.
        template <class T>
        void deliver(node<T>& to, T&& part)
        {
            if (to.has(flag::reached))
            {
                accumulate_into(to.adjoint(), part);
            }
            else
            {
                // Noted first: what fails in between leaves a node that holds nothing.
                if (to.is_leaf())
                {
                    m_ends.push_back(&to);
                }
                to.start_adjoint(std::move(part));
                count(to);
            }
        }

        /// The adjoint that has arrived at a leaf, or at a node that `run` was told to keep; null if none has.
        template <class T>
        const T* arrived(node<T>& at) const
        {
            node<T>& n = local(at);
            return n.has(flag::reached) ? &n.adjoint() : nullptr;
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

        /// An adjoint on its way from one sweep to another.
        struct parcel
        {
            node_base* to;
            void* adjoint;
        };

        /// What arrived at leaves, those named excepted.
        inline std::vector<parcel> take_leaves(std::initializer_list<node_base*> except);
        inline void deliver(std::vector<parcel>&& parcels);

    private:
        sweep* m_outer;
        std::optional<reference> m_root;
        node_base* m_at = nullptr;              ///< the entry whose turn it is
        std::size_t m_pending = 0;              ///< entries that hold an adjoint and have yet to pass it on
        std::vector<node_base*> m_ends;         ///< others that hold one
        std::vector<node_base*> m_kept;         ///< flagged as such
        std::vector<node_base*> m_expressions;  ///< entries with an expression that this pass uses up
        std::vector<std::pair<node_base*, void*>> m_away;
        bool m_spends = false;

        void count(node_base& n)
        {
            if (!n.is_leaf())
            {
                ++m_pending;
                m_at = m_at == nullptr ? &n : m_at;
            }
        }

        template <class T>
        void deliver_rare(node<T>& n, const operand& o);
        template <class T>
        inline void pull_numbers(node<T>& n);
        inline node_base* pull_run(node_base& first);
        inline void pull_expression(node_base& n);
        inline bool pass(node_base& n);
        inline void clear() noexcept;
        inline void forget_spending() noexcept;
        inline void suspend();
        inline void resume() noexcept;

        /// Entries from `n` on that wait for their turn, and m_ends.
        template <class F>
        void for_each_holder(F f)
        {
            std::size_t left = m_pending;
            for (node_base* n = m_at; left != 0; n = tape::before(*n))
            {
                if (n->has(flag::reached))
                {
                    --left;
                    f(*n);
                }
            }
            for (node_base* n : m_ends)
            {
                f(*n);
            }
        }
    };

    /// Passes the adjoint of a statement on numbers to one operand. Where nothing flows, not even an infinity makes it a
    /// nan.
    template <class T>
    [[gnu::noinline]] void sweep::deliver_rare(node<T>& n, const operand& o)
    {
        node<T>& x = static_cast<node<T>&>(*o.node());
        if (x.has(flag::changed | flag::shares))
        {
            require_unchanged(n, wanted_adjoints(n));
        }
        if (target_of(o) != nullptr)
        {
            deliver(x, o.is_zero() ? T(0) : n.adjoint() * T(o.partial));
        }
    }

    /// A statement on numbers: its partial derivatives are known.
    template <class T>
    inline void sweep::pull_numbers(node<T>& n)
    {
        const operand* o = operands_of(n);
        for (unsigned k = 0; k < n.type().operands; ++k)
        {
            deliver_rare(n, o[k]);
        }
        if (m_spends && (n.type().reads & wanted_adjoints(n)) != 0)
        {
            n.set(flag::spent);
        }
    }

    /// The inner loop of everything: as `pass`, from n on for as long as there are ordinary statements on numbers.
    /// Returns the first entry that is something else; null where none is left.
    inline node_base* sweep::pull_run(node_base& first)
    {
        constexpr std::uint16_t turn = flag::reached | flag::has_side | flag::spent | flag::kept;
        // An operand's first adjoint is counted if it is an entry, and noted if it is a leaf.
        constexpr std::uint16_t before = flag::differentiable | flag::reached | flag::changed | flag::shares,
                                fresh = before | flag::recorded;
        std::size_t pending = m_pending;
        const std::uint16_t spends = m_spends ? ~std::uint16_t(0) : std::uint16_t(0);
        node_base* at = &first;
        for (;; at = tape::before(*at))
        {
            __builtin_prefetch(reinterpret_cast<char*>(at) - 2048, 1);
            const std::uint16_t flags = at->flags;
            if ((flags & turn) != flag::reached) [[unlikely]]
            {
                if ((flags & flag::reached) == 0)
                {
                    continue;
                }
                break;
            }
            const node_type& type = *at->plain_type;
            if (type.numbers == 0) [[unlikely]]
            {
                break;
            }
            node<double>& n = static_cast<node<double>&>(*at);
            const double a = n.adjoint();
            std::uint16_t spent = type.used_up & spends;
            for_each_operand(
                operands_of_numbers(n), type.numbers, [&](const operand& o) __attribute__((always_inline)) {
                    if ((o.where & (operand::constant_bit | operand::zero_bit)) == 0) [[likely]]
                    {
                        node<double>& x = *reinterpret_cast<node<double>*>(o.where);
                        const std::uint16_t its = x.flags;
                        if ((its & before) == (flag::differentiable | flag::reached)) [[likely]]
                        {
                            x.adjoint() += a * o.partial;
                            return;
                        }
                        if ((its & fresh) == (flag::differentiable | flag::recorded)) [[likely]]
                        {
                            x.start_adjoint(a * o.partial);
                            ++pending;
                            return;
                        }
                    }
                    m_at = at;
                    m_pending = pending;
                    deliver_rare(n, o);
                    pending = m_pending;
                    if ((type.reads & wanted_adjoints(n)) == 0)
                    {
                        spent = 0;
                    }
                });
            at->flags = std::uint16_t((flags & ~flag::reached) | spent);
            if (--pending == 0)
            {
                m_pending = 0;
                m_at = at;
                return nullptr;
            }
        }
        m_pending = pending;
        m_at = at;
        return at;
    }

    inline void sweep::pull_expression(node_base& n)
    {
        const node_type& type = n.type();
        type.pull(*this, n);
        if (m_spends && (type.reads & wanted_adjoints(n)) != 0)
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
        if (n.has(flag::spent)) [[unlikely]]
        {
            throw_spent();
        }
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
        for (unsigned k = 0; k < type.operands; ++k)
        {
            if (node_base* target = target_of(o[k]))
            {
                out[type.uses[k].output] = target;
            }
        }
        require_unchanged(n, wanted_adjoints(n));
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

    inline std::vector<sweep::parcel> sweep::take_leaves(std::initializer_list<node_base*> except)
    {
        std::vector<parcel> out;
        std::vector<node_base*> left;
        out.reserve(m_ends.size());
        left.reserve(m_ends.size());
        for (node_base* n : m_ends)
        {
            bool stays = !n->is_leaf();
            for (node_base* e : except)
            {
                stays = stays || e == n;
            }
            stays ? left.push_back(n) : out.push_back({n, nullptr});
        }
        m_ends.swap(left);
        for (parcel& p : out)
        {
            p.adjoint = p.to->type().container->take_adjoint(*p.to);
        }
        return out;
    }

    inline void sweep::deliver(std::vector<parcel>&& parcels)
    {
        for (const parcel& p : parcels)
        {
            if (!p.to->has(flag::reached))
            {
                m_ends.push_back(p.to);
            }
            p.to->type().container->add_adjoint(*p.to, p.adjoint);
        }
    }

    /// Another pass begins before this one is done, in a hook: it needs the nodes' room.
    inline void sweep::suspend()
    {
        for_each_holder(
            [this](node_base& n)
            {
                if (n.has(flag::reached))
                {
                    m_away.emplace_back(&n, nullptr);
                }
            });
        try
        {
            for (auto& [n, taken] : m_away)
            {
                taken = n->type().container->take_adjoint(*n);
            }
        }
        catch (...)
        {
            resume();
            throw;
        }
    }

    inline void sweep::resume() noexcept
    {
        for (const auto& [n, taken] : m_away)
        {
            if (taken != nullptr)
            {
                n->type().container->return_adjoint(*n, taken);
            }
        }
        m_away.clear();
    }
}
