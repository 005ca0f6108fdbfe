// SPDX-License-Identifier: BSD-3-Clause
// Counted references to nodes: an expression's, and a Variable's.
#pragma once

#include <xautodiff/variable/typed_node.hpp>

namespace xautodiff::variable
{
    [[noreturn, gnu::noinline]] inline void throw_used_up() { throw error("this expression was moved from"); }

    /// What expressions hold, a node of this thread; none once the expression was moved from, which whoever asks is told. Counted apart, and without asking whether it was the last: so the
    /// compiler sees that the many copies made while an expression is written down cancel out.
    template <class T>
    class operand_handle
    {
    public:
        explicit operand_handle(node<T>& n) : m_node(&n) { ++n.uses; }
        operand_handle(const operand_handle& other) : m_node(&*other) { ++m_node->uses; }
        operand_handle(operand_handle&& other) noexcept : m_node(std::exchange(other.m_node, nullptr)) {}
        operand_handle& operator=(operand_handle other) noexcept
        {
            std::swap(m_node, other.m_node);
            return *this;
        }
        [[gnu::always_inline]] ~operand_handle()
        {
            if (m_node != nullptr)
            {
                --m_node->uses;
            }
        }

        node<T>& operator*() const
        {
            if (m_node == nullptr) [[unlikely]]
            {
                throw_used_up();
            }
            return *m_node;
        }
        node<T>* operator->() const { return &**this; }
        node<T>* get() const { return m_node; }

        /// Leaves the use to be ended by the caller.
        void forget() { m_node = nullptr; }

    private:
        node<T>* m_node;
    };

    /// What a handle without a node refers to: of no thread, so that asking whether a node is this thread's is enough.
    template <class T>
    struct no_node
    {
        alignas(node<T>) static inline constinit unsigned char bytes[sizeof(node<T>)]{};
        static_assert(std::uint32_t(tape_number::none) == 0);

        static node<T>* address() { return reinterpret_cast<node<T>*>(bytes); }
    };

    /// What a Variable holds: may be empty, and may refer to a node of another thread.
    template <class T>
    class handle
    {
    public:
        handle() = default;
        /// Takes over one reference.
        explicit handle(node<T>* n) : m_node(n) { count(); }
        handle(const handle& other) : m_node(other.m_node) { tape::is_plain(*m_node) ? share_own() : share_rarely(); }
        handle(handle&& other) noexcept : m_node(other.release()) {}
        handle& operator=(handle other) noexcept
        {
            std::swap(m_node, other.m_node);
            return *this;
        }
        [[gnu::always_inline]] ~handle() { tape::is_plain(*m_node) ? leave(*m_node) : leave_rarely(*m_node); }

        /// A second reference that no user sees.
        handle share() const
        {
            retain(*m_node);
            return handle(m_node);
        }

        /// Hands the reference over to the caller.
        node<T>* release() noexcept { return std::exchange(m_node, no_node<T>::address()); }

        node<T>* get() const { return m_node; }
        node<T>& operator*() const { return *m_node; }
        node<T>* operator->() const { return m_node; }
        explicit operator bool() const { return m_node != no_node<T>::address(); }

    private:
        node<T>* m_node = no_node<T>::address();

        void count()
        {
            if constexpr (is_emptiable<T>)
            {
                ++m_node->variables;
            }
        }

        void share_own()
        {
            retain(*m_node);
            count();
            m_node->set(flag::copied);
        }

        [[gnu::noinline]] void share_rarely()
        {
            if (*this)
            {
                tape::owns(*m_node) ? share_own() : tape::remote(*m_node, 1);
            }
        }

        static void leave(node<T>& n) noexcept
        {
            if constexpr (is_emptiable<T>)
            {
                if (--n.variables == 0 && n.references > 1 && n.has_many_elements())
                {
                    part_with(n);
                }
            }
            variable::release(n);
        }

        [[gnu::noinline]] static void leave_rarely(node<T>& n) noexcept
        {
            if (&n != no_node<T>::address())
            {
                tape::owns(n) ? leave(n) : tape::remote(n, -1);
            }
        }
    };
}
