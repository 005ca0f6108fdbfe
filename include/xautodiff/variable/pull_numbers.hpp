// SPDX-License-Identifier: BSD-3-Clause
// What a sweep does at entries of statements on numbers, whose partial derivatives are known. A part of sweep.hpp.
#pragma once

#include <xautodiff/variable/sweep.hpp>

namespace xautodiff::variable
{
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
        if (m_spends && reads_for_wanted(n))
        {
            n.set(flag::spent);
        }
    }

    /// Passes an adjoint of a statement on doubles to an operand as most are: an entry or a leaf that holds an adjoint, or an
    /// entry that holds none yet and is counted. A leaf is noted when it gets its first one. Returns false for all others.
    [[gnu::always_inline]] inline bool sweep::pull_usual(const node<double>& n, const operand& o, std::size_t& pending)
    {
        constexpr std::uint32_t looked_at =
            flag::recorded | flag::reached | flag::constant | flag::changed | flag::shares;
        node<double>& x = static_cast<node<double>&>(o.plain_node());
        const std::uint32_t its = x.flags & looked_at;
        if (its == flag::reached || its == (flag::reached | flag::recorded)) [[likely]]
        {
            x.adjoint() += n.adjoint() * o.partial;
            return true;
        }
        if (its == flag::recorded) [[likely]]
        {
            x.start_adjoint(n.adjoint() * o.partial);
            ++pending;
            return true;
        }
        return false;
    }

    /// The same where something is to be done or asked first. Returns how many entries wait then.
    [[gnu::noinline]] inline std::size_t sweep::pull_rarely(node<double>& n, const operand& o, std::size_t pending)
    {
        m_at = &n;
        m_pending = pending;
        deliver_rare(n, o);
        return m_pending;
    }

    /// All adjoints of such a statement, where not all operands get one.
    [[gnu::noinline]] inline std::size_t sweep::pull_each(node<double>& n, std::size_t pending)
    {
        const operand* o = operands_of_numbers(n);
        const unsigned count = n.plain_type->operands;
        std::uint64_t wanted = 0;
        for (unsigned k = 0; k < count; ++k)
        {
            const node_base& x = *o[k].node();
            const bool is_unwanted = o[k].is_constant() && !x.has(flag::changed | flag::shares);
            if (!is_unwanted && !(o[k].is_plain() && pull_usual(n, o[k], pending)))
            {
                pending = pull_rarely(n, o[k], pending);
            }
            wanted |= target_of(o[k]) != nullptr ? adjoint_bit(k) : 0;
        }
        const bool is_used_up = m_spends && (n.plain_type->reads & wanted) != 0;
        n.clear(flag::reached);
        n.set(is_used_up ? flag::spent : 0);
        return pending;
    }

    /// The inner loop of everything: as `pass`, from n on for as long as there are ordinary statements on doubles.
    /// Returns the first entry that is something else; null where none is left.
    inline node_base* sweep::pull_run(node_base& first)
    {
        // Added to an entry's flags when it has had its turn: without an adjoint any more, and spent where this pass spends.
        // Whether it reads anything at all, without which that means nothing, is asked by who would object.
        constexpr std::uint32_t passed = 0 - flag::reached;
        const std::uint32_t usual_change = m_spends ? passed + flag::spent : passed;
        std::size_t pending = m_pending;
        node<double>* n = static_cast<node<double>*>(&first);
        for (;;)
        {
            __builtin_prefetch(reinterpret_cast<char*>(n) + 2048, 1);
            std::uint32_t change = usual_change;
            const auto pull = [&](const operand& o) __attribute__((always_inline))
            {
                if (!pull_usual(*n, o, pending)) [[unlikely]]
                {
                    pending = pull_rarely(*n, o, pending);
                    change = reads_for_wanted(*n) ? change : passed;
                }
            };
            constexpr std::uint32_t asked = flag::reached | flag::spent | flag::has_side | flag::kept;
            const std::uint32_t flags = n->flags;
            const operand* const o = operands_of_numbers(*n);
            node_base* next;
            const auto pull_all = [&](const auto&... operands) __attribute__((always_inline))
            {
                next = tape::before(*n, size_of_numbers(sizeof...(operands)));
                if (links_to(*next, operands...) != 0)
                {
                    node<double>* const reached = pull_owned(n);
                    if (reached != n)
                    {
                        n = reached;
                        return false;
                    }
                }
                (pull(operands), ...);
                return true;
            };
            if (is_usual<2>(flags, asked, flag::reached)) [[likely]]
            {
                if (!pull_all(o[0], o[1]))
                {
                    continue;
                }
            }
            else if (is_usual<1>(flags, asked, flag::reached))
            {
                if (!pull_all(o[0]))
                {
                    continue;
                }
            }
            else if (is_usual<3>(flags, asked, flag::reached))
            {
                if (!pull_all(o[0], o[1], o[2]))
                {
                    continue;
                }
            }
            else if ((flags & flag::reached) == 0)
            {
                n = static_cast<node<double>*>(tape::before(*n));
                continue;
            }
            else if ((flags & (flag::doubles | flag::has_side | flag::kept)) == flag::doubles && !is_spent(*n))
            {
                n->clear(flag::spent);
                if (n->has(flag::partial))
                {
                    pending = pull_each(*n, pending);
                    change = 0;
                }
                else
                {
                    const unsigned count = n->plain_type->operands;
                    for (unsigned k = 0; k < count; ++k)
                    {
                        pull(o[k]);
                    }
                }
                next = tape::before(*n);
            }
            else
            {
                break;
            }
            n->flags += change;
            if (--pending == 0)
            {
                m_pending = 0;
                m_at = n;
                return nullptr;
            }
            n = static_cast<node<double>*>(next);
        }
        m_pending = pending;
        m_at = n;
        return n;
    }
}
