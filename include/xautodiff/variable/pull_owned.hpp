// SPDX-License-Identifier: BSD-3-Clause
// What a sweep does where each entry is all that refers to the next: the inner loop of most loops. A part of sweep.hpp.
#pragma once

#include <xautodiff/variable/sweep.hpp>

#include <utility>

namespace xautodiff::variable
{
    /// Passes the adjoints of n and of entries before it on, as long as each is all that refers to the next. That one needs no
    /// memory for its adjoint then, so entries are only read. Returns the one that holds the adjoint at last; n itself where it
    /// is none of those. What was found is left with the tape, for the time when they go.
    [[gnu::noinline]] inline node<double>* sweep::pull_owned(node<double>* n)
    {
        constexpr std::uint32_t looked_at = flag::reached | flag::constant | flag::changed | flag::shares;
        const auto takes_more = [](const node_base& x) { return (x.flags & looked_at) == flag::reached; };
        owned_run run;
        run.first = n;
        double adjoint = n->adjoint();
        n->clear(flag::reached);
        // What many entries in a row refer to beside each other is the same as a rule: its adjoint is in a register.
        node<double>* other = nullptr;
        double sum = 0;
        std::int32_t references = 0;
        const auto settle = [&]() __attribute__((always_inline))
        {
            if (other != nullptr)
            {
                other->adjoint() = sum;
                run.note(*std::exchange(other, nullptr), std::exchange(references, 0));
            }
        };
        node<double>* next = nullptr;
        const auto pull = [&](const auto&... operands) __attribute__((always_inline))
        {
            constexpr int count = sizeof...(operands);
            node_base* before = tape::before(*n, size_of_numbers(count));
            if (before->flags == 0) [[unlikely]]
            {
                // The mark at the end of a page.
                before = tape::before(*before);
            }
            const int links = before == nullptr ? 0 : links_to(*before, operands...);
            if (links == 0 || (before->flags & (looked_at | flag::recorded)) != flag::recorded)
            {
                return false;
            }
            node<double>* rest = nullptr;
            double rest_partial = 0, link_partial = 0;
            const auto sort = [&](const operand& o) __attribute__((always_inline))
            {
                const bool is_link = &o.plain_node() == before;
                rest = is_link ? rest : &static_cast<node<double>&>(o.plain_node());
                (is_link ? link_partial : rest_partial) = o.partial;
            };
            (sort(operands), ...);
            if (links == count - 1)
            {
                if (rest != other) [[unlikely]]
                {
                    if (!run.has_room() || !takes_more(*rest))
                    {
                        return false;
                    }
                    settle();
                    other = rest;
                    sum = rest->adjoint();
                }
                sum += adjoint * rest_partial;
                ++references;
            }
            else if (links < count)
            {
                if (!run.has_room()
                    || !((&operands.plain_node() == before || takes_more(operands.plain_node())) && ...))
                {
                    return false;
                }
                settle();
                const auto deliver = [&](const operand& o) __attribute__((always_inline))
                {
                    if (node_base& x = o.plain_node(); &x != before)
                    {
                        static_cast<node<double>&>(x).adjoint() += adjoint * o.partial;
                        run.note(x, 1);
                    }
                };
                (deliver(operands), ...);
            }
            if (links == 1) [[likely]]
            {
                adjoint *= link_partial;
            }
            else
            {
                // Nothing is added to 0, which would change the sign of another.
                const double whole = adjoint;
                bool is_first = true;
                const auto add = [&](const operand& o) __attribute__((always_inline))
                {
                    if (&o.plain_node() == before)
                    {
                        adjoint = std::exchange(is_first, false) ? whole * o.partial : adjoint + whole * o.partial;
                    }
                };
                (add(operands), ...);
            }
            next = static_cast<node<double>*>(before);
            return true;
        };
        // A pass that does not retain the graph marks entries as spent that read values. Here one is enough: the others are
        // not reached but through it.
        bool marks = m_spends;
        for (;;)
        {
            __builtin_prefetch(reinterpret_cast<char*>(n) + 4096);
            constexpr std::uint32_t asked = flag::reached | flag::spent | flag::has_side | flag::kept | flag::in_limbo;
            const std::uint32_t flags = n->flags;
            const operand* const o = operands_of_numbers(*n);
            const bool is_passed = is_usual<2>(flags, asked, 0) ? pull(o[0], o[1])
                                   : is_usual<1>(flags, asked, 0)
                                       ? pull(o[0])
                                       : is_usual<3>(flags, asked, 0) && pull(o[0], o[1], o[2]);
            if (!is_passed)
            {
                break;
            }
            if (marks)
            {
                marks = n->plain_type->reads == 0;
                n->set(marks ? 0 : flag::spent);
            }
            n = next;
        }
        settle();
        n->start_adjoint(adjoint);
        run.last = n;
        if (n != run.first)
        {
            keep_longest(run);
        }
        return n;
    }

    /// What frees a run at once is worth remembering for one: the longest.
    inline void sweep::keep_longest(const owned_run& run)
    {
        const std::size_t size = run.size();
        if (size >= owned_run::shortest && size > m_longest_run)
        {
            m_longest_run = size;
            tape::here().keep_run(run);
        }
    }
}
