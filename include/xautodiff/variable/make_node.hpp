// SPDX-License-Identifier: BSD-3-Clause
// How nodes are made: leaves, entries, detached ones, and those that stand for another thread's.
#pragma once

#include <xautodiff/variable/container_functions.hpp>
#include <xautodiff/variable/handle.hpp>

namespace xautodiff::variable
{
    /// A node that no statement made.
    template <class T, class... A>
    handle<T> make_leaf(A&&... value)
    {
        tape& t = tape::here();
        void* memory = t.allocate_outside(sizeof(node<T>), alignof(node<T>));
        try
        {
            return handle<T>(::new (memory)
                                 node<T>(leaf_type<T>, flag::constant, t.number(), std::forward<A>(value)...));
        }
        catch (...)
        {
            tape::free_outside(memory);
            throw;
        }
    }

    /// An entry on this thread's tape, of some bytes in all.
    template <class T, class... A>
    node<T>* append_node(const node_type& type, std::size_t bytes, std::size_t alignment, A&&... value)
    {
        const place at = tape::allocate(bytes, alignment);
        const auto make = [&] {
            return ::new (at.memory)
                node<T>(type, flag::recorded | at.flags, tape::number(), std::forward<A>(value)...);
        };
        if constexpr (std::is_nothrow_constructible_v<T, A...>)
        {
            return make();
        }
        else
        {
            try
            {
                return make();
            }
            catch (...)
            {
                tape::here().take_back(at);
                throw;
            }
        }
    }

    /// A leaf that shows the elements of n.
    template <class T>
    handle<T> make_detached(node<T>& n)
    {
        if constexpr (array::scalar_value<T>)
        {
            if (tape::owns(n) && !n.is_leaf() && !n.has(flag::shares))
            {
                // The number moves into the leaf: one that is kept shall not keep a page of entries.
                handle<T> out = make_leaf<T>(n.value);
                side_base& shown = side_of(*out);
                side_base& mine = side_of(n);
                shown.version = mine.version;
                n.has(flag::changed) ? out->set(flag::changed) : void();
                shown.element_users = 1;
                mine.elements = out.get();
                n.set(flag::shares);
                return out;
            }
        }
        handle<T> out = make_leaf<T>(T());
        side_base& s = side_of(*out);
        if (tape::owns(n))
        {
            node<T>& shown = static_cast<node<T>&>(elements_of(n));
            ++side_of(shown).element_users;
            s.elements = &shown;
        }
        else
        {
            tape::remote(n, 1);
            s.elements = &n;
            s.is_foreign = true;
        }
        out->set(flag::shares);
        return out;
    }

    /// What stands for a node of another thread in this one.
    template <class T>
    [[gnu::noinline]] node<T>& stand_in(node<T>& n)
    {
        if (!n.is_leaf())
        {
            throw error(
                "this Variable was computed by another thread, which still runs: its graph is used there alone; "
                "take its value with detach() or data(), or compute it here");
        }
        node_base* found = tape::here().stand_in_of(n);
        if (found == nullptr)
        {
            handle<T> made = make_detached(n);
            made->side->stands_in = true;
            tape::here().keep_stand_in(n, *made);
            found = made.get();
        }
        n.is_differentiable() ? found->clear(flag::constant) : found->set(flag::constant);
        return static_cast<node<T>&>(*found);
    }

    /// What stands for n in this thread: n itself where it is its own.
    template <class T>
    node<T>& local(node<T>& n)
    {
        if (!tape::owns(n)) [[unlikely]]
        {
            return stand_in(n);
        }
        return n;
    }

    /// The node that takes an adjoint for n. One that stood for another thread's leaf in a thread that has ended, whose graph is
    /// this one's now, leads to what stands for that leaf here, if anything does: the leaf itself where it is this thread's.
    inline node_base& receiver(node_base& n)
    {
        if (n.has(flag::shares) && n.side->stands_in) [[unlikely]]
        {
            node_base& leaf = *n.side->elements;
            node_base* const here = tape::owns(leaf) ? &leaf : tape::here().stand_in_of(leaf);
            return here == nullptr ? n : *here;
        }
        return n;
    }

    /// Handles of n mean `other` from here on.
    inline void set_replacement(side_base& s, node_base& n, node_base& other)
    {
        retain(other);
        s.replacement = &other;
        n.set(flag::detached);
        n.home = tape_number::none;
    }
}
