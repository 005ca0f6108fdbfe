// SPDX-License-Identifier: BSD-3-Clause
// The nodes of one thread. Counts are plain numbers, since a node belongs to one thread; what other threads do to them is
// queued (see `remote`).
#pragma once

#include <xautodiff/variable/page_list.hpp>

#include <atomic>
#include <cstddef>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

namespace xautodiff::variable
{
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
    class tape : page_list
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
            return page_list::allocate(*this, bytes, entry_alignment, distance);
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

        static void free_memory(node_base& n) noexcept
        {
            if (n.has(flag::recorded))
            {
                n.flags = 0;
                if (tape& t = here(); t.parting == &n)
                {
                    t.parting = nullptr;
                }
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

        using page_list::before;
        using page_list::reserved_bytes;
        using page_list::take_back;

        node_base* waiting = nullptr;  ///< nodes to be freed
        node_base* parting = nullptr;  ///< an entry whose last Variable went while elements were in use
        bool is_freeing = false;
        sweep* running = nullptr;

    private:
        std::atomic<bool> m_is_untidy{false};
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
            page_list::inherit(other, *this);
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
            parting = nullptr;
            free_reserve(0);
            const std::lock_guard lock(ownership());
            this_thread = nullptr;
            this_number = ~std::uint32_t(0);
            m_is_orphan = true;
            delete_if_empty();
        }

        void delete_if_empty()
        {
            if ((m_is_orphan || m_heir != nullptr) && m_outside == 0 && has_no_pages() && m_remote.empty()
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
                    if (n->type().may_be_emptied)
                    {
                        static_cast<emptiable&>(*n).variables += std::uint32_t(difference);
                    }
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
    };
}

// What frees nodes needs the tape, and the tape needs it.
#include <xautodiff/variable/dispose.hpp>
