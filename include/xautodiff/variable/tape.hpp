// SPDX-License-Identifier: BSD-3-Clause
// Where nodes live, and when they go. Recorded statements lie one behind the other on pages, so that a backward pass walks
// over memory; a page whose entries have all gone is used again. Counts are plain numbers, since a node belongs to one
// thread; what other threads do to them is queued (see `remote`).
#pragma once

#include <xautodiff/variable/node.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

namespace xautodiff::variable
{
    class tape;

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

    inline void dispose(node_base& n) noexcept;

    inline void retain(node_base& n) { ++n.references; }

    inline void release(node_base& n) noexcept
    {
        if (--n.references == 0) [[unlikely]]
        {
            dispose(n);
        }
    }

    /// The nodes of one thread.
    class tape
    {
    public:
        tape() = default;
        tape(const tape&) = delete;
        tape& operator=(const tape&) = delete;

        /// That of this thread.
        static tape& here()
        {
            tape* t = this_thread;
            if (t == nullptr) [[unlikely]]
            {
                return start();
            }
            return *t;
        }

        /// Whether this thread owns a node. It takes over what a thread that has ended left behind.
        static bool owns(node_base& n)
        {
            if (n.home != this_number) [[unlikely]]
            {
                return take_over(n);
            }
            return true;
        }
        /// Whether a node is this thread's and not detached: what there is to ask before it is used.
        static bool is_plain(const node_base& n) { return n.home == this_number; }

        std::uint32_t number() const { return m_number; }

        /// Room for an entry behind all others. `entry_alignment` is at least 8.
        [[gnu::always_inline]] void* allocate(std::size_t bytes, std::size_t entry_alignment, std::uint16_t& distance)
        {
            if (m_is_untidy.load(std::memory_order_relaxed)) [[unlikely]]
            {
                tidy();
            }
            std::uintptr_t at = entry_alignment <= 8 ? m_top : aligned(m_top, entry_alignment);
            if (at + bytes > m_end) [[unlikely]]
            {
                at = add_page(bytes, entry_alignment);
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

        /// Room for a node that is no entry.
        void* allocate_outside(std::size_t bytes, std::size_t alignment)
        {
            alignment = alignment < alignof(prefix) ? alignof(prefix) : alignment;
            const std::size_t offset = (sizeof(prefix) + alignment - 1) / alignment * alignment;
            char* block = static_cast<char*>(::operator new(offset + bytes, std::align_val_t(alignment)));
            ::new (block + offset - sizeof(prefix)) prefix{this, alignment};
            ++m_outside;
            return block + offset;
        }

        /// Undoes `allocate_outside`.
        static void free_outside(void* memory) noexcept
        {
            char* const at = static_cast<char*>(memory);
            const prefix& before = *std::launder(reinterpret_cast<prefix*>(at - sizeof(prefix)));
            const std::size_t alignment = before.alignment;
            before.owner.load(std::memory_order_relaxed)->forget_outside();
            const std::size_t offset = (sizeof(prefix) + alignment - 1) / alignment * alignment;
            ::operator delete(at - offset, std::align_val_t(alignment));
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

        static void free_memory(node_base& n) noexcept
        {
            if (n.has(flag::recorded))
            {
                n.flags = 0;
                free_entries(*page::of(n), 1);
            }
            else
            {
                free_outside(&n);
            }
        }

        /// Counts entries of a page as gone.
        static void free_entries(page& p, std::size_t count) noexcept
        {
            if ((p.live -= count) == 0) [[unlikely]]
            {
                p.owner.load(std::memory_order_relaxed)->retire(&p);
            }
        }

        /// Adds to the count of another thread's node: its owner does, when it next records something.
        [[gnu::noinline]] static void remote(node_base& n, int difference)
        {
            const std::lock_guard lock(ownership());
            tape* t = owner_of(n).load(std::memory_order_relaxed)->root();
            t->m_remote.emplace_back(&n, difference);
            t->m_has_remote.store(true, std::memory_order_relaxed);
            t->m_is_untidy.store(true, std::memory_order_release);
        }

        /// A node that expressions alone use, to be freed when they don't any more. Without memory for the list its is lost.
        void await_expressions(node_base& n) noexcept
        {
            if (n.has(flag::in_limbo))
            {
                return;
            }
            n.set(flag::in_limbo);
            try
            {
                m_limbo.push_back(&n);
                m_is_untidy.store(true, std::memory_order_relaxed);
            }
            catch (...)
            {
            }
        }

        /// Nodes of this thread that stand for leaves of others.
        std::unordered_map<node_base*, node_base*>& foreign() { return m_foreign; }

        node_base* waiting = nullptr;  ///< nodes to be freed
        bool is_freeing = false;
        sweep* running = nullptr;

        /// Bytes that this thread's pages take up, those in reserve too.
        std::size_t reserved_bytes() const { return (m_pages + m_reserve_size) * page::alignment; }

    private:
        // Of the youngest page; all 0 where there is none to write on.
        std::uintptr_t m_top = 0;   ///< where free space begins
        std::uintptr_t m_end = 0;   ///< where it ends
        std::uintptr_t m_last = 0;  ///< the youngest entry; on an empty page where its first one will begin
        std::atomic<bool> m_is_untidy{false};
        page* m_youngest = nullptr;
        page* m_reserve = nullptr;  ///< pages without entries
        std::size_t m_pages = 0, m_reserve_size = 0;
        std::size_t m_most = 0, m_limit = 64;  ///< most pages in use of late; how many to keep in reserve
        std::size_t m_outside = 0;
        std::atomic<bool> m_has_remote{false};
        std::vector<std::pair<node_base*, int>> m_remote;
        std::vector<node_base*> m_limbo;  ///< nodes that expressions alone use
        std::unordered_map<node_base*, node_base*> m_foreign;
        bool m_is_orphan = false;
        tape* m_heir = nullptr;

        std::uint32_t m_number = next_number();

        static inline constinit thread_local tape* this_thread = nullptr;
        static inline constinit thread_local std::uint32_t this_number = ~std::uint32_t(0);

        static std::uintptr_t aligned(std::uintptr_t at, std::size_t alignment)
        {
            return (at + alignment - 1) & ~(alignment - 1);
        }

        static std::uint32_t next_number()
        {
            static std::atomic<std::uint32_t> n{0};
            return ++n;
        }

        static std::mutex& ownership()
        {
            // Never destroyed: Variables of static storage may go later.
            static std::mutex& m = *new std::mutex;
            return m;
        }

        struct ending
        {
            ~ending()
            {
                if (this_thread != nullptr)
                {
                    this_thread->end();
                }
            }
        };

        [[gnu::noinline]] static tape& start()
        {
            this_thread = new tape;
            this_number = this_thread->m_number;
            static thread_local ending at_end;
            static_cast<void>(at_end);
            return *this_thread;
        }

        tape* root()
        {
            tape* t = this;
            while (t->m_heir != nullptr)
            {
                t = t->m_heir;
            }
            return t;
        }

        /// For a node whose owner is not known to be this thread.
        [[gnu::noinline]] static bool take_over(node_base& n)
        {
            std::atomic<tape*>& owner = owner_of(n);
            tape& mine = here();
            if (owner.load(std::memory_order_relaxed) == &mine)
            {
                n.home = n.has(flag::detached) ? 0 : mine.m_number;
                return true;
            }
            std::unique_lock lock(ownership());
            tape* named = owner.load(std::memory_order_relaxed);
            tape* t = named->root();
            if (t != &mine)
            {
                if (!t->m_is_orphan)
                {
                    return false;
                }
                mine.inherit(*t);
            }
            // A node outside of pages still names its first tape; from here on it does not need it.
            if (named != &mine && owner.load(std::memory_order_relaxed) == named)
            {
                owner.store(&mine, std::memory_order_relaxed);
                ++mine.m_outside;
                --named->m_outside;
                named->delete_if_empty();
            }
            lock.unlock();
            n.home = n.has(flag::detached) ? 0 : mine.m_number;
            mine.tidy();
            return true;
        }

        void inherit(tape& other)
        {
            other.m_heir = this;
            page* oldest = nullptr;
            for (page* p = other.m_youngest; p != nullptr; p = p->older)
            {
                p->owner.store(this, std::memory_order_relaxed);
                oldest = p;
            }
            if (oldest != nullptr)
            {
                other.close_page();
                // What is inherited knows nothing of what is here: it goes before the oldest.
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
            for (const auto& change : other.m_remote)
            {
                m_remote.push_back(change);
            }
            other.m_remote.clear();
            m_limbo.insert(m_limbo.end(), other.m_limbo.begin(), other.m_limbo.end());
            other.m_limbo.clear();
            m_has_remote.store(!m_remote.empty(), std::memory_order_relaxed);
            for (const auto& [leaf, stand_in] : other.m_foreign)
            {
                m_remote.emplace_back(stand_in, -1);
                m_has_remote.store(true, std::memory_order_relaxed);
            }
            other.m_foreign.clear();
            m_is_untidy.store(true, std::memory_order_relaxed);
        }

        void end()
        {
            for (const auto& [leaf, stand_in] : std::exchange(m_foreign, {}))
            {
                release(*stand_in);
            }
            tidy();
            free_reserve(0);
            const std::lock_guard lock(ownership());
            this_thread = nullptr;
            this_number = ~std::uint32_t(0);
            m_is_orphan = true;
            delete_if_empty();
        }

        void delete_if_empty()
        {
            if ((m_is_orphan || m_heir != nullptr) && m_outside == 0 && m_pages == 0 && m_remote.empty()
                && m_limbo.empty())
            {
                free_reserve(0);
                delete this;
            }
        }

        void forget_outside()
        {
            if (--m_outside == 0 && m_heir != nullptr)
            {
                const std::lock_guard lock(ownership());
                delete_if_empty();
            }
        }

        std::size_t m_patience = 0;

        /// What other threads asked for, and what expressions have ceased to use since. The latter is looked at so
        /// seldom that it costs a constant for each node.
        [[gnu::noinline]] void tidy()
        {
            m_is_untidy.exchange(false, std::memory_order_acquire);
            if (m_has_remote.load(std::memory_order_relaxed))
            {
                apply_remote();
            }
            if (m_patience-- == 0)
            {
                std::vector<node_base*> waited;
                waited.swap(m_limbo);
                for (node_base* n : waited)
                {
                    n->clear(flag::in_limbo);
                    if (n->references == 0)
                    {
                        dispose(*n);
                    }
                }
                m_patience = m_limbo.size();
            }
            if (!m_limbo.empty())
            {
                m_is_untidy.store(true, std::memory_order_relaxed);
            }
        }

    public:
        bool has_remote() const { return m_has_remote.load(std::memory_order_relaxed); }

        [[gnu::noinline]] void apply_remote()
        {
            std::vector<std::pair<node_base*, int>> changes;
            {
                const std::lock_guard lock(ownership());
                changes.swap(m_remote);
                m_has_remote.store(false, std::memory_order_relaxed);
            }
            // What was added first: a copy is made before what it was copied from goes.
            for (const auto& [n, difference] : changes)
            {
                if (difference > 0)
                {
                    n->references += difference;
                    n->set(flag::copied);
                }
            }
            for (const auto& [n, difference] : changes)
            {
                if (difference < 0)
                {
                    release(*n);
                }
            }
        }

    private:
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
        [[gnu::noinline]] std::uintptr_t add_page(std::size_t bytes, std::size_t entry_alignment)
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
                p = ::new (memory) page(this, size);
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

        static void delete_page(page* p) { ::operator delete(p, std::align_val_t(page::alignment)); }
    };

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
                __builtin_prefetch(reinterpret_cast<char*>(&n) - 2048, 1);
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
    }

    namespace detail
    {
        /// Whether a node is an entry on numbers and no more: then it has only to let go of its operands.
        inline bool is_plain_number(const node_base& n)
        {
            return (n.flags & (flag::recorded | flag::has_side | flag::in_limbo)) == flag::recorded
                   && n.plain_type->numbers != 0;
        }

        /// Frees such an entry, then the one that only it referred to, and so on: the end of most loops.
        inline void free_numbers(node_base& first, tape& t) noexcept
        {
            page* current = page::of(first);
            std::size_t freed = 0;
            for (node_base* n = &first;;)
            {
                __builtin_prefetch(reinterpret_cast<char*>(n) - 2048, 1);
                if (page* p = page::of(*n); p != current) [[unlikely]]
                {
                    tape::free_entries(*current, std::exchange(freed, 0));
                    current = p;
                }
                node_base* next = nullptr;
                for_each_operand(
                    operands_of_numbers(*n),
                    n->plain_type->numbers, [&](const operand& o) __attribute__((always_inline)) {
                        node_base& x = *o.node();
                        if (--x.references == 0)
                        {
                            next == nullptr ? static_cast<void>(next = &x) : wait_if_free(x, t);
                        }
                    });
                n->flags = 0;
                ++freed;
                if (next == nullptr)
                {
                    break;
                }
                if (!is_plain_number(*next) || next->uses != 0 || t.has_remote()) [[unlikely]]
                {
                    wait_if_free(*next, t);
                    break;
                }
                n = next;
            }
            tape::free_entries(*current, freed);
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
