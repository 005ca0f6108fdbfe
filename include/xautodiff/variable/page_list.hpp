// SPDX-License-Identifier: BSD-3-Clause
// The pages of a tape, from the oldest to the youngest. Entries lie one behind the other, so that a backward pass walks over
// memory; a page whose entries have all gone is used again.
#pragma once

#include <xautodiff/variable/page.hpp>

#include <utility>

namespace xautodiff::variable
{
    class page_list
    {
    public:
        /// Room for an entry behind all others, on a page of `owner`. `entry_alignment` is at least 8.
        [[gnu::always_inline]] void* allocate(tape& owner, std::size_t bytes, std::size_t entry_alignment,
                                              std::uint16_t& distance)
        {
            std::uintptr_t at = entry_alignment <= 8 ? m_top : aligned(m_top, entry_alignment);
            if (at + bytes > m_end) [[unlikely]]
            {
                at = add_page(owner, bytes, entry_alignment);
            }
            if (entry_alignment > page::first && is_page_empty())
            {
                m_last = at;
            }
            distance = std::uint16_t((at - m_last) / 8);
            m_last = at;
            m_top = at + ((bytes + 7) & ~std::size_t(7));
            ++page::of(at)->live;
            // What will be written soon: memory that was not in use lately is far away.
            __builtin_prefetch(reinterpret_cast<char*>(at) + 2048, 1);
            return reinterpret_cast<char*>(at);
        }

        /// Undoes the last `allocate`, whose entry could not be made.
        void take_back(void* memory, std::uint16_t distance) noexcept
        {
            const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(memory);
            m_top = at;
            m_last = at - 8 * std::size_t(distance);
            --m_youngest->live;
        }

        /// The entry that was recorded before; null where there is none.
        static node_base* before(node_base& entry)
        {
            if (entry.distance != 0)
            {
                return std::launder(
                    reinterpret_cast<node_base*>(reinterpret_cast<char*>(&entry) - 8 * std::size_t(entry.distance)));
            }
            page* p = page::of(entry)->older;
            return p == nullptr ? nullptr : p->at(p->last);
        }

        /// Bytes that this thread's pages take up, those in reserve too.
        std::size_t reserved_bytes() const { return (m_pages + m_reserve_size) * page::alignment; }

        bool has_no_pages() const { return m_pages == 0; }

        [[gnu::noinline]] void retire(page* p)
        {
            if (p == m_youngest && p->size == page::usual_size)
            {
                open_page();
                return;
            }
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
            if (p->size == page::usual_size && m_reserve_size < m_limit + m_most)
            {
                p->older = std::exchange(m_reserve, p);
                ++m_reserve_size;
            }
            else
            {
                delete_page(p);
            }
            if (m_pages <= 1)
            {
                // What the last round needed is kept for the next one.
                m_limit = m_most;
                m_most = 1;
                free_reserve(m_limit);
            }
        }

        void free_reserve(std::size_t wanted)
        {
            while (m_reserve_size > wanted)
            {
                delete_page(std::exchange(m_reserve, m_reserve->older));
                --m_reserve_size;
            }
            if (wanted == 0 && m_youngest != nullptr && m_youngest->live == 0)
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

        /// Takes the pages of another thread. They know nothing of what is here: they go before the oldest.
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
            other.close_page();
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

    private:
        // Of the youngest page; all 0 where there is none to write on.
        std::uintptr_t m_top = 0;   ///< where free space begins
        std::uintptr_t m_end = 0;   ///< where it ends
        std::uintptr_t m_last = 0;  ///< the youngest entry; on an empty page where its first one will begin
        page* m_youngest = nullptr;
        page* m_reserve = nullptr;  ///< pages without entries
        std::size_t m_pages = 0, m_reserve_size = 0;
        std::size_t m_most = 0, m_limit = 64;  ///< most pages in use of late; how many to keep in reserve

        static std::uintptr_t aligned(std::uintptr_t at, std::size_t alignment)
        {
            return (at + alignment - 1) & ~(alignment - 1);
        }

        bool is_page_empty() const { return m_last == m_top; }

        void close_page()
        {
            if (!is_page_empty())
            {
                m_youngest->last = m_last - m_youngest->address();
            }
            m_top = m_end = m_last = 0;
        }

        void open_page()
        {
            m_top = m_last = m_youngest->address() + page::first;
            m_end = m_youngest->address() + m_youngest->size;
        }

        /// Where the first entry of a new page begins, which has room for so many bytes.
        [[gnu::noinline]] std::uintptr_t add_page(tape& owner, std::size_t bytes, std::size_t entry_alignment)
        {
            page* p;
            const std::size_t needed = aligned(page::first, entry_alignment) + bytes;
            const bool is_usual = needed <= page::usual_size;
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
            if (old != nullptr && old->live == 0)
            {
                retire(old);
            }
            return aligned(m_top, entry_alignment);
        }

        static void delete_page(page* p) { ::operator delete(p, std::align_val_t(page::alignment)); }
    };
}
