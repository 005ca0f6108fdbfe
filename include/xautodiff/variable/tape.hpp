// SPDX-License-Identifier: BSD-3-Clause
// The nodes of one thread. Counts are plain numbers, since a node belongs to one thread; what other threads do to them is
// queued (see `remote`).
#pragma once

#include <xautodiff/variable/grad_mode.hpp>
#include <xautodiff/variable/owned_run.hpp>
#include <xautodiff/variable/page_list.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <iterator>
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

        /// That of this thread, once it has a tape.
        static tape_number number() { return this_number; }

        /// Room on this thread's tape for an entry that needs no more than the usual alignment; `bytes` is a multiple of 8, at
        /// most page::largest.
        /// The entry's size is page::size_flags(bytes). Returns false where there is more to do: see `allocate`.
        [[gnu::always_inline]] static bool try_allocate(std::size_t bytes, void*& memory)
        {
            const std::uintptr_t at = this_room.top - bytes;
            if (at < this_room.limit.load(std::memory_order_relaxed)) [[unlikely]]
            {
                return false;
            }
            this_room.top = at;
            // What will be written soon: memory that was not in use lately is far away.
            __builtin_prefetch(reinterpret_cast<char*>(at) - 8192, 1);
            memory = reinterpret_cast<void*>(at);
            return true;
        }

        /// The same, always.
        [[gnu::always_inline]] static void* allocate(std::size_t bytes)
        {
            void* memory;
            const bool is_made = bytes <= page::largest && try_allocate(bytes, memory);
            return is_made ? memory : here().allocate_slowly(bytes, 8).memory;
        }

        /// Room for any entry.
        [[gnu::always_inline]] static place allocate(std::size_t bytes, std::size_t alignment)
        {
            bytes = (bytes + 7) & ~std::size_t(7);
            if (alignment <= 8)
            {
                return {allocate(bytes), bytes, page::size_flags(bytes)};
            }
            return here().allocate_slowly(bytes, alignment);
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
                // The size stays: walks pass over entries that are gone.
                n.clear(~flag::size_mask);
                if (tape& t = here(); t.parting == &n)
                {
                    t.parting = nullptr;
                }
                page& p = *page::of(n);
                free_entries(p, p.size_of(n));
            }
            else
            {
                free_outside(&n);
            }
        }

        /// Counts entries of a page that took so many bytes as gone.
        static void free_entries(page& p, std::size_t bytes) noexcept
        {
            p.owner.load(std::memory_order_relaxed)->give_up(p, bytes);
        }

        /// Adds to the count of another thread's node: its owner does, when it next records something.
        [[gnu::noinline]] static void remote(node_base& n, int difference)
        {
            const std::lock_guard lock(ownership());
            tape* t = owner_of(n).load(std::memory_order_relaxed)->root();
            t->m_remote.emplace_back(&n, difference);
            t->m_has_remote.store(true, std::memory_order_relaxed);
            t->request_tidying();
        }

        /// A node that expressions alone use, to be freed when they don't any more. Without memory for the list it is lost.
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
                request_tidying();
            }
            catch (...)
            {
            }
        }

        /// The node of this thread that stands for another's leaf; null where there is none yet.
        node_base* stand_in_of(node_base& leaf) const
        {
            const auto found = m_foreign.find(&leaf);
            return found == m_foreign.end() ? nullptr : found->second;
        }

        /// Keeps such a node for the next time. Those that nothing else refers to go whenever there are twice as many as were left
        /// the last time.
        void keep_stand_in(node_base& leaf, node_base& n)
        {
            if (m_foreign.size() >= m_most_foreign)
            {
                for (auto at = m_foreign.begin(); at != m_foreign.end();)
                {
                    node_base& old = *at->second;
                    const bool is_unused = old.references == 1 && old.uses == 0;
                    at = is_unused ? m_foreign.erase(at) : std::next(at);
                    is_unused ? release(old) : void();
                }
                m_most_foreign = std::max(2 * m_foreign.size(), std::size_t(16));
            }
            m_foreign.emplace(&leaf, &n);
            retain(n);
        }

        std::size_t stand_ins() const { return m_foreign.size(); }

        /// Entries that go with the first of them.
        void keep_run(const owned_run& run)
        {
            m_run = run;
            run.first->set(flag::heads_run);
        }

        /// The run whose first entry goes. Of an older one nothing is known any more.
        owned_run take_run(node_base& first)
        {
            first.clear(flag::heads_run);
            return m_run.first == &first ? std::exchange(m_run, {}) : owned_run();
        }

        bool has_run() const { return m_run.first != nullptr; }

        /// To be called before an entry gets another reference by who knows it from an entry that refers to it.
        void forget_run() { m_run.first = nullptr; }

        using page_list::before;
        using page_list::reserved_bytes;
        using page_list::take_back;

        node_base* waiting = nullptr;  ///< nodes to be freed
        node_base* parting = nullptr;  ///< an entry whose last Variable went while elements were in use
        bool is_freeing = false;
        sweep* running = nullptr;

    private:
        std::atomic<bool> m_is_untidy{false};
        std::atomic<std::uintptr_t>* m_limit_of_thread = &this_room.limit;  ///< null when the thread has ended
        std::size_t m_outside = 0;
        std::atomic<bool> m_has_remote{false};
        std::vector<std::pair<node_base*, int>> m_remote;
        std::vector<node_base*> m_limbo;                       ///< nodes that expressions alone use
        std::unordered_map<node_base*, node_base*> m_foreign;  ///< for leaves of others, nodes that stand for them
        std::size_t m_most_foreign = 16;
        owned_run m_run;
        bool m_is_orphan = false;
        tape* m_heir = nullptr;

        tape_number m_number = next_number();

        static inline constinit thread_local tape* this_thread = nullptr;
        static inline constinit thread_local int endings = 0;  ///< objects that end this thread's tapes
        static inline constinit thread_local tape_number this_number = tape_number::unborn;

        static tape_number next_number()
        {
            static std::atomic<std::uint32_t> n{0};
            return tape_number(++n);
        }

        /// Any allocation that is not the usual one: of a new page, after tidying, or with an alignment.
        [[gnu::noinline]] place allocate_slowly(std::size_t bytes, std::size_t alignment)
        {
            if (m_is_untidy.load(std::memory_order_relaxed))
            {
                tidy();
            }
            const place p = make_room(*this, bytes, alignment);
            // Here the limit is stored before the flag is looked at, in request_tidying the other way round: so whichever
            // thread comes second sees what the first one wrote, and no request waits for the page to be full.
            this_room.limit.store(lowest());
            if (m_is_untidy.load() || !recording())
            {
                this_room.limit.store(open_room::closed);
            }
            return p;
        }

        /// Called by the tape's own thread, or under the lock.
        void request_tidying()
        {
            m_is_untidy.store(true);
            if (m_limit_of_thread != nullptr)
            {
                m_limit_of_thread->store(open_room::closed);
            }
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

        /// Ends the tape with its thread. What ends after that, as an object that the thread has built before, may start
        /// another tape, for which there has to be another object to end it.
        template <int Round = 0>
        static bool end_with_thread()
        {
            if (endings > Round)
            {
                if constexpr (Round + 1 < 8)
                {
                    return end_with_thread<Round + 1>();
                }
                return false;
            }
            ++endings;
            static thread_local ending at_end;
            static_cast<void>(at_end);
            return true;
        }

        [[gnu::noinline]] static tape& start()
        {
            tape* made = new tape;
            if (!end_with_thread())
            {
                // This one is left behind, and the thread's memory goes.
                made->m_limit_of_thread = nullptr;
            }
            this_number = made->m_number;
            return *(this_thread = made);
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
                n.home = n.has(flag::detached) ? tape_number::none : mine.m_number;
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
            n.home = n.has(flag::detached) ? tape_number::none : mine.m_number;
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
            request_tidying();
        }

        void end()
        {
            for (const auto& [leaf, stand_in] : std::exchange(m_foreign, {}))
            {
                release(*stand_in);
            }
            m_patience = 0;
            tidy();
            parting = nullptr;
            free_reserve(0);
            close_page();
            const std::lock_guard lock(ownership());
            m_limit_of_thread = nullptr;
            this_thread = nullptr;
            this_number = tape_number::unborn;
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
                request_tidying();
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
            forget_run();
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
    };
}

// What frees nodes needs the tape, and the tape needs it.
#include <xautodiff/variable/dispose.hpp>
