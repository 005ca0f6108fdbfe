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

    /// Room for entries, filled from its end: so an entry tells by its own size, which its statement's type knows, where the
    /// one before lies.
    struct page
    {
        /// Alignment too, so that an entry finds its page. A little less is used: allocators need some bytes between pages.
        /// Large, since what asks for memory ahead of a walk does not see beyond a page's end. What is not written to of a
        /// page takes no memory.
        static constexpr std::size_t alignment = std::size_t(1) << 20, usual_size = alignment - 64;

        std::atomic<tape*> owner;
        page* older = nullptr;
        page* newer = nullptr;
        std::size_t size;
        std::size_t gone = 0;     ///< how much of it entries took that are gone
        std::uintptr_t youngest;  ///< its youngest entry, as soon as it is closed

        /// Where room begins, and how much there is on a page of the usual size.
        static constexpr std::size_t first = 64, room = usual_size - first - sizeof(node_base);
        /// An entry that takes more has a page of its own.
        static constexpr std::size_t largest = room < flag::largest_size ? room : flag::largest_size;

        page(tape* t, std::size_t s) : owner(t), size(s), youngest(end())
        {
            ::new (reinterpret_cast<char*>(this) + (end() - address())) node_base();
        }

        std::uintptr_t address() const { return reinterpret_cast<std::uintptr_t>(this); }

        /// Where room ends, and a mark without flags and size stands before the oldest entry.
        std::uintptr_t end() const { return address() + size - sizeof(node_base); }

        /// What an entry that takes so many bytes has in its flags.
        static constexpr std::uint32_t size_flags(std::size_t bytes)
        {
            return bytes <= largest ? flag::of_size(bytes) : 0;
        }

        /// What an entry takes.
        std::size_t size_of(const node_base& entry) const
        {
            return entry.size() != 0 ? entry.size() : end() - reinterpret_cast<std::uintptr_t>(&entry);
        }

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
