// SPDX-License-Identifier: BSD-3-Clause
// The tape's entries: what a Variable that was computed owns, and how long chains of them are freed without recursion.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace xautodiff::variable
{
    class sweep;
    struct node_base;

    /// A record of one statement: one static expression, its operands' handles, and the pullback generated for it.
    class entry
    {
    public:
        entry() : m_sequence(counter().fetch_add(1, std::memory_order_relaxed)) {}
        entry(const entry&) = delete;
        entry& operator=(const entry&) = delete;
        virtual ~entry() = default;

        /// Takes the adjoint of the result from the sweep and gives it the adjoints of the operands.
        virtual void pull(sweep& s, node_base& result) = 0;
        /// The operands that adjoints go to.
        virtual void for_each_operand(const std::function<void(const std::shared_ptr<node_base>&)>& f) const = 0;
        /// Whether `pull` reads values, which are not kept for a second pass unless that is asked for.
        virtual bool reads_values() const = 0;
        virtual std::string name() const = 0;

        /// Operands are older than what is made of them: descending numbers are a topological order.
        std::uint64_t sequence() const { return m_sequence; }
        /// The number of the next statement.
        static std::uint64_t next_sequence() { return counter().load(std::memory_order_relaxed); }

        bool is_spent = false;
        entry* next_released = nullptr;

    private:
        std::uint64_t m_sequence;

        // One for all threads: an operand may come from another.
        static std::atomic<std::uint64_t>& counter()
        {
            static std::atomic<std::uint64_t> n{1};
            return n;
        }
    };

    /// Frees an entry and all entries that only it kept alive, one after the other: however long the chain, the stack stays flat.
    inline void release(std::unique_ptr<entry> e) noexcept
    {
        // Freeing an entry frees its operands, which come back here: they wait in a list instead.
        static thread_local entry* waiting = nullptr;
        static thread_local bool busy = false;
        if (!e)
        {
            return;
        }
        e->next_released = waiting;
        waiting = e.release();
        if (busy)
        {
            return;
        }
        busy = true;
        while (waiting != nullptr)
        {
            std::unique_ptr<entry> next(waiting);
            waiting = next->next_released;
        }
        busy = false;
    }
}
