// SPDX-License-Identifier: BSD-3-Clause
// The memory of nodes: entries lie one behind the other on pages, what is no entry has a block of its own.
#pragma once

#include <xautodiff/variable/node.hpp>

#include <atomic>
#include <cstddef>
#include <new>

namespace xautodiff::variable
{
    class tape;

    /// Room for entries, in the order of recording.
    struct page
    {
        /// Alignment too, so that an entry finds its page. A little less is used: allocators need some bytes between pages.
        static constexpr std::size_t alignment = std::size_t(1) << 16, usual_size = alignment - 64;

        std::atomic<tape*> owner;
        page* older = nullptr;
        page* newer = nullptr;
        std::size_t size;
        std::size_t last = 0;  ///< where the youngest entry begins, as soon as there are younger pages
        std::size_t live = 0;

        static constexpr std::size_t first = 64;

        page(tape* t, std::size_t s) : owner(t), size(s) {}

        node_base* at(std::size_t offset)
        {
            return std::launder(reinterpret_cast<node_base*>(reinterpret_cast<char*>(this) + offset));
        }
        std::uintptr_t address() const { return reinterpret_cast<std::uintptr_t>(this); }

        static page* of(std::uintptr_t entry)
        {
            return reinterpret_cast<page*>(entry & ~std::uintptr_t(alignment - 1));
        }
        static page* of(const node_base& entry) { return of(reinterpret_cast<std::uintptr_t>(&entry)); }
    };

    /// In front of a node that is not on a tape.
    struct alignas(16) prefix
    {
        std::atomic<tape*> owner;
        std::size_t alignment;

        static prefix& of(const node_base& n)
        {
            return *std::launder(
                reinterpret_cast<prefix*>(reinterpret_cast<char*>(const_cast<node_base*>(&n)) - sizeof(prefix)));
        }
    };

    inline std::atomic<tape*>& owner_of(const node_base& n)
    {
        return n.has(flag::recorded) ? page::of(n)->owner : prefix::of(n).owner;
    }
}
