// SPDX-License-Identifier: BSD-3-Clause
// The pages of a tape, from the oldest to the youngest. Entries lie one behind the other, so that a backward pass walks over
// memory; a page whose entries have all gone is used again.
#pragma once

#include <xautodiff/variable/open_room.hpp>
#include <xautodiff/variable/page.hpp>

#include <algorithm>
#include <utility>

namespace xautodiff::variable
{
    /// Where an entry is made.
    struct place
    {
        void* memory;
        std::size_t size;     ///< up to the entry before
        std::uint32_t flags;  ///< by which the entry tells
    };

    class page_list
    {
    public:
        /// Undoes the last allocation, whose entry could not be made.
        void take_back(const place& p) noexcept
        {
            this_room.top += p.size;
            if (m_youngest->size != page::usual_size && is_empty(*m_youngest))
            {
                // Made for this entry alone: others would begin too far from where such a page does.
                retire(m_youngest);
            }
        }

        /// What was recorded before: an entry, or the mark at the end of its page. Null behind the last of these.
        static node_base* before(node_base& entry)
        {
            if (const std::size_t size = entry.size(); size != 0) [[likely]]
            {
                return before(entry, size);
            }
            page* p = page::of(entry)->older;
            return p == nullptr ? nullptr : node_at(p->youngest);
        }

        /// The same where the entry's size is known.
        static node_base* before(node_base& entry, std::size_t size)
        {
            return node_at(reinterpret_cast<std::uintptr_t>(&entry) + size);
        }

        /// Bytes that this thread's pages take up, those in reserve too.
        std::size_t reserved_bytes() const { return (m_pages + m_reserve_size) * page::alignment; }

        bool has_no_pages() const { return m_pages == 0; }

        /// Counts what an entry took as gone.
        void give_up(page& p, std::size_t bytes)
        {
            p.gone += bytes;
            if (is_empty(p)) [[unlikely]]
            {
                retire(&p);
            }
        }

        [[gnu::noinline]] void retire(page* p)
        {
            p == m_youngest && p->size == page::usual_size ? open_page() : remove(p);
            if (m_pages <= 1)
            {
                // What rounds of late needed is kept for the next ones.
                m_to_keep = std::max(m_most, m_to_keep / 2);
                m_most = 1;
                free_reserve(m_to_keep);
            }
        }

        void free_reserve(std::size_t wanted)
        {
            while (m_reserve_size > wanted)
            {
                delete_page(std::exchange(m_reserve, m_reserve->older));
                --m_reserve_size;
            }
            if (wanted == 0 && m_youngest != nullptr && is_empty(*m_youngest))
            {
                close_page();
                page* p = std::exchange(m_youngest, m_youngest->older);
                if (m_youngest != nullptr)
                {
                    m_youngest->newer = nullptr;
                }
                --m_pages;
                delete_page(p);
            }
        }

        /// Takes the pages of a thread that has ended. They know nothing of what is here: they go before the oldest.
        void inherit(page_list& other, tape& heir)
        {
            page* oldest = nullptr;
            for (page* p = other.m_youngest; p != nullptr; p = p->older)
            {
                p->owner.store(&heir, std::memory_order_relaxed);
                oldest = p;
            }
            if (oldest == nullptr)
            {
                return;
            }
            page* mine = m_youngest;
            while (mine != nullptr && mine->older != nullptr)
            {
                mine = mine->older;
            }
            (mine == nullptr ? m_youngest : mine->older) = other.m_youngest;
            other.m_youngest->newer = mine;
            m_pages += other.m_pages;
            other.m_youngest = nullptr;
            other.m_pages = 0;
        }

    protected:
        /// Room for an entry in front of all others, on a page of `owner`, which is this thread's. Leaves the limit as it is.
        place make_room(tape& owner, std::size_t bytes, std::size_t alignment)
        {
            if (this_room.top == 0 || !shares_page(bytes, alignment)
                || aligned_down(this_room.top - bytes, alignment) < lowest())
            {
                add_page(owner, bytes, alignment);
            }
            const std::uintptr_t at = aligned_down(this_room.top - bytes, alignment);
            const std::size_t size = std::exchange(this_room.top, at) - at;
            return {reinterpret_cast<void*>(at), size, shares_page(bytes, alignment) ? flag::of_size(size) : 0};
        }

        /// The limit where nobody has to look.
        std::uintptr_t lowest() const { return m_youngest->address() + page::first; }

        void close_page()
        {
            if (this_room.top != 0)
            {
                m_youngest->youngest = std::exchange(this_room.top, 0);
                this_room.close();
            }
        }

    private:
        page* m_youngest = nullptr;
        page* m_reserve = nullptr;  ///< pages without entries
        std::size_t m_pages = 0, m_reserve_size = 0;
        std::size_t m_most = 0, m_to_keep = 4;  ///< most pages in use of late; how many to keep in reserve

        static node_base* node_at(std::uintptr_t address)
        {
            return std::launder(reinterpret_cast<node_base*>(address));
        }

        /// What may be lost where an entry needs more than the usual alignment.
        static std::size_t padding_of(std::size_t alignment) { return alignment <= 8 ? 0 : alignment - 8; }

        static bool shares_page(std::size_t bytes, std::size_t alignment)
        {
            return bytes + padding_of(alignment) <= page::largest;
        }

        static std::uintptr_t aligned_down(std::uintptr_t at, std::size_t alignment) { return at & ~(alignment - 1); }

        bool is_empty(const page& p) const
        {
            const bool is_open = &p == m_youngest && this_room.top != 0;
            return p.gone == p.end() - (is_open ? this_room.top : p.youngest);
        }

        void remove(page* p)
        {
            if (p == m_youngest)
            {
                close_page();
            }
            (p->newer != nullptr ? p->newer->older : m_youngest) = p->older;
            if (p->older != nullptr)
            {
                p->older->newer = p->newer;
            }
            --m_pages;
            if (p->size == page::usual_size && m_reserve_size < m_to_keep + m_most)
            {
                p->older = std::exchange(m_reserve, p);
                ++m_reserve_size;
            }
            else
            {
                delete_page(p);
            }
        }

        void open_page()
        {
            m_youngest->gone = 0;
            this_room.top = m_youngest->end();
        }

        /// A new page with room for so many bytes.
        [[gnu::noinline]] void add_page(tape& owner, std::size_t bytes, std::size_t alignment)
        {
            page* p;
            // An entry of a page of its own begins where it begins, so that it finds the page.
            const std::size_t needed = page::usual_size - page::room + padding_of(alignment) + bytes;
            const bool is_usual = shares_page(bytes, alignment);
            if (m_reserve != nullptr && is_usual)
            {
                p = std::exchange(m_reserve, m_reserve->older);
                --m_reserve_size;
            }
            else
            {
                const std::size_t size = is_usual ? page::usual_size : needed;
                void* memory = ::operator new(size, std::align_val_t(page::alignment));
                p = ::new (memory) page(&owner, size);
            }
            close_page();
            page* old = m_youngest;
            p->older = old;
            p->newer = nullptr;
            if (old != nullptr)
            {
                old->newer = p;
            }
            m_youngest = p;
            ++m_pages;
            m_most = m_pages > m_most ? m_pages : m_most;
            open_page();
            if (old != nullptr && is_empty(*old))
            {
                retire(old);
            }
        }

        static void delete_page(page* p) { ::operator delete(p, std::align_val_t(page::alignment)); }
    };
}
