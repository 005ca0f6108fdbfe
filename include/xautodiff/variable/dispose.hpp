// SPDX-License-Identifier: BSD-3-Clause
// How nodes go: when the last reference does, and, however long the chain behind them is, on a flat stack.
#pragma once

#include <xautodiff/variable/tape.hpp>

namespace xautodiff::variable
{
    namespace detail
    {
        /// Where a node that waits to be freed has the next one: in place of its adjoint.
        inline node_base*& next_waiting(node_base& n)
        {
            return *reinterpret_cast<node_base**>(reinterpret_cast<char*>(&n) + sizeof(node_base));
        }

        inline void free_elements(node_base& n, const node_type& type) noexcept
        {
            if (type.container->destroy_value != nullptr)
            {
                type.container->destroy_value(n);
            }
            tape::free_memory(n);
        }

        [[gnu::noinline]] inline bool drop_side(node_base& n, const node_type& type) noexcept
        {
            side_base& s = *n.side;
            n.set(flag::released);
            if (node_base* replacement = std::exchange(s.replacement, nullptr))
            {
                release(*replacement);
            }
            if (node_base* graph = std::exchange(s.gradient_graph, nullptr))
            {
                release(*graph);
            }
            if (node_base* shown = std::exchange(s.elements, nullptr))
            {
                n.clear(flag::shares);
                if (s.is_foreign)
                {
                    tape::remote(*shown, -1);
                }
                else if (--shown->side->element_users == 0 && shown->has(flag::released))
                {
                    const node_type& shown_type = shown->type();
                    shown_type.container->destroy_side(shown->side);
                    shown->clear(flag::has_side);
                    free_elements(*shown, shown_type);
                }
            }
            if (s.element_users > 0)
            {
                return false;
            }
            type.container->destroy_side(&s);
            n.clear(flag::has_side);
            return true;
        }

        /// Whether a node without references can go; if expressions use it, it waits for them.
        inline bool may_go(node_base& n, tape& t) noexcept
        {
            if (t.has_remote()) [[unlikely]]
            {
                // Another thread may have made a copy.
                ++n.references;
                t.apply_remote();
                if (--n.references != 0)
                {
                    return false;
                }
            }
            // One that has waited and was referred to again in between is still in the list.
            if (n.uses == 0 && !n.has(flag::in_limbo)) [[likely]]
            {
                return true;
            }
            t.await_expressions(n);
            return false;
        }

        /// Puts a node without references among those to be freed.
        inline void wait_if_free(node_base& n, tape& t) noexcept
        {
            if (may_go(n, t))
            {
                next_waiting(n) = t.waiting;
                t.waiting = &n;
            }
        }

        inline void free_node(node_base& n, tape& t) noexcept
        {
            const node_type& type = n.type();
            if (type.destroy_expression != nullptr && !n.has(flag::bare))
            {
                type.destroy_expression(n);
            }
            if (n.has(flag::recorded))
            {
                // What was recorded before goes next, as a rule.
                __builtin_prefetch(reinterpret_cast<char*>(&n) + 2048, 1);
            }
            const operand* o = reinterpret_cast<const operand*>(reinterpret_cast<char*>(&n) + type.operands_at);
            for (unsigned i = 0; i < type.operands; ++i)
            {
                node_base& x = *o[i].node();
                if (--x.references == 0)
                {
                    wait_if_free(x, t);
                }
            }
            if (n.has(flag::has_side)) [[unlikely]]
            {
                if (!drop_side(n, type))
                {
                    return;
                }
            }
            free_elements(n, type);
        }

        /// Whether a node is an entry on doubles and no more: then it has only to let go of its operands.
        inline bool is_plain_number(const node_base& n)
        {
            return (n.flags & (flag::doubles | flag::has_side | flag::in_limbo)) == flag::doubles;
        }

        /// The same of an entry with so many operands, whatever they get of its adjoint, and nothing behind them.
        template <unsigned Operands>
        bool is_usual_number(const node_base& n)
        {
            return is_usual<Operands>(n.flags & ~flag::partial, flag::has_side | flag::in_limbo | flag::heads_run, 0);
        }

        /// Frees the run that begins with n, and returns what goes next; n itself where the run is not known any more.
        [[gnu::noinline]] inline node_base* free_run(node_base& n, tape& t) noexcept
        {
            const owned_run run = t.take_run(n);
            if (run.first == nullptr)
            {
                return &n;
            }
            for (const owned_run::other& o : run.others)
            {
                if (o.node != nullptr && (o.node->references -= o.references) == 0)
                {
                    wait_if_free(*o.node, t);
                }
            }
            run.for_each_page([](page& p, std::size_t bytes) { tape::free_entries(p, bytes); });
            return run.last;
        }

        /// Frees such an entry, then the one that only it referred to, and so on: the end of most loops. Nothing is written to
        /// an entry that goes this way. Whether other threads have made copies is asked before the first one: to copy what a
        /// run comes to later they would need a Variable of it, which counts, and no code of a user's runs in between.
        inline void free_numbers(node_base& first, tape& t) noexcept
        {
            // What ended since this one was put here, as a hook, may have held a Variable that another thread has copied.
            if (t.has_remote()) [[unlikely]]
            {
                t.apply_remote();
            }
            page* current = page::of(first);
            std::size_t freed = 0;
            // A page of which nothing was freed here may have gone with a run.
            const auto report = [&]
            {
                if (freed != 0)
                {
                    tape::free_entries(*current, std::exchange(freed, 0));
                }
            };
            const auto count_freed = [&](const node_base& n, std::size_t size) __attribute__((always_inline))
            {
                if (page* p = page::of(n); p != current) [[unlikely]]
                {
                    report();
                    current = p;
                }
                freed += size;
            };
            node_base* next = nullptr;
            const auto let_go = [&](node_base & x) __attribute__((always_inline))
            {
                if (next == nullptr && x.references == 1 && x.uses == 0)
                {
                    next = &x;
                }
                else if (--x.references == 0) [[unlikely]]
                {
                    wait_if_free(x, t);
                }
            };
            for (node_base* n = &first; n != nullptr; n = next)
            {
                __builtin_prefetch(reinterpret_cast<char*>(n) + 4096);
                const operand* o = operands_of_numbers(*n);
                next = nullptr;
                if (is_usual_number<2>(*n)) [[likely]]
                {
                    let_go(*o[0].node());
                    let_go(*o[1].node());
                    count_freed(*n, size_of_numbers(2));
                }
                else if (is_usual_number<1>(*n))
                {
                    let_go(*o[0].node());
                    count_freed(*n, size_of_numbers(1));
                }
                else if (is_usual_number<3>(*n))
                {
                    let_go(*o[0].node());
                    let_go(*o[1].node());
                    let_go(*o[2].node());
                    count_freed(*n, size_of_numbers(3));
                }
                else if (n->has(flag::heads_run))
                {
                    next = free_run(*n, t);
                }
                else if (is_plain_number(*n))
                {
                    for (const operand* end = o + n->plain_type->operands; o != end; ++o)
                    {
                        let_go(*o->node());
                    }
                    count_freed(*n, page::of(*n)->size_of(*n));
                }
                else
                {
                    n->references = 0;
                    wait_if_free(*n, t);
                }
            }
            report();
        }
    }

    /// Frees a node and all that only it kept alive, one after the other: however long the chain, the stack stays flat.
    inline void dispose(node_base& n) noexcept
    {
        tape& t = tape::here();
        detail::wait_if_free(n, t);
        if (t.is_freeing)
        {
            return;
        }
        t.is_freeing = true;
        while (node_base* next = t.waiting)
        {
            t.waiting = detail::next_waiting(*next);
            detail::is_plain_number(*next) ? detail::free_numbers(*next, t) : detail::free_node(*next, t);
        }
        t.is_freeing = false;
    }

    /// Gives the elements of an entry back if nobody will read them any more.
    inline void empty_if_unread(node_base& n) noexcept
    {
        if (!n.has(flag::has_side | flag::emptied) && n.uses == 0 && n.plain_type->may_be_emptied
            && static_cast<emptiable&>(n).variables == 0)
        {
            n.plain_type->container->drop_elements(n);
        }
    }

    /// The same for the entry that waits for it.
    inline void settle_parting(tape& t) noexcept
    {
        if (node_base* n = std::exchange(t.parting, nullptr))
        {
            empty_if_unread(*n);
        }
    }

    /// The last Variable of an entry has gone. As a rule it was assigned another value: then the expression that this was
    /// computed from uses the elements until the end of the statement, and it is the next one that gives them back.
    [[gnu::noinline]] inline void part_with(emptiable& n) noexcept
    {
        tape& t = tape::here();
        // Another thread may have made a copy.
        if (!t.has_remote())
        {
            settle_parting(t);
            n.uses == 0 ? empty_if_unread(n) : static_cast<void>(t.parting = &n);
        }
    }

    /// A counted reference of this thread to a node; never null.
    class reference
    {
    public:
        explicit reference(node_base& n) : m_node(&n) { retain(n); }
        reference(const reference& other) : m_node(other.m_node) { retain(*m_node); }
        reference& operator=(const reference& other)
        {
            retain(*other.m_node);
            release(*std::exchange(m_node, other.m_node));
            return *this;
        }
        ~reference() { release(*m_node); }

        node_base& operator*() const { return *m_node; }
        node_base* operator->() const { return m_node; }
        node_base* get() const { return m_node; }

    private:
        node_base* m_node;
    };
}
