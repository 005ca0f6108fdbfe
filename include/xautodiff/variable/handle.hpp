// SPDX-License-Identifier: BSD-3-Clause
// Counted references to nodes: an expression's, and a Variable's.
#pragma once

#include <xautodiff/variable/typed_node.hpp>

namespace xautodiff::variable
{
    /// What expressions hold, a node of this thread. Counted apart, and without asking whether it was the last: so the
    /// compiler sees that the many copies made while an expression is written down cancel out.
    template <class T>
    class operand_handle
    {
    public:
        explicit operand_handle(node<T>& n) : m_node(&n) { ++n.uses; }
        operand_handle(const operand_handle& other) : m_node(other.m_node) { ++m_node->uses; }
        operand_handle(operand_handle&& other) noexcept : m_node(std::exchange(other.m_node, nullptr)) {}
        operand_handle& operator=(const operand_handle& other)
        {
            ++other.m_node->uses;
            --m_node->uses;
            m_node = other.m_node;
            return *this;
        }
        ~operand_handle()
        {
            if (m_node != nullptr)
            {
                --m_node->uses;
            }
        }

        node<T>& operator*() const { return *m_node; }
        node<T>* operator->() const { return m_node; }
        node<T>* get() const { return m_node; }

    private:
        node<T>* m_node;
    };

    /// What a Variable holds: may be null, and may refer to a node of another thread.
    template <class T>
    class handle
    {
    public:
        handle() = default;
        /// Takes over one reference.
        explicit handle(node<T>* n) : m_node(n) { count(); }
        handle(const handle& other) : m_node(other.m_node)
        {
            if (m_node != nullptr)
            {
                if (tape::owns(*m_node)) [[likely]]
                {
                    retain(*m_node);
                    count();
                    m_node->set(flag::copied);
                }
                else
                {
                    tape::remote(*m_node, 1);
                }
            }
        }
        handle(handle&& other) noexcept : m_node(std::exchange(other.m_node, nullptr)) {}
        handle& operator=(handle other) noexcept
        {
            std::swap(m_node, other.m_node);
            return *this;
        }
        ~handle()
        {
            if (m_node != nullptr)
            {
                if (tape::owns(*m_node)) [[likely]]
                {
                    leave();
                }
                else
                {
                    tape::remote(*m_node, -1);
                }
            }
        }

        /// A second reference that no user sees.
        handle share() const
        {
            retain(*m_node);
            return handle(m_node);
        }

        node<T>* get() const { return m_node; }
        node<T>& operator*() const { return *m_node; }
        node<T>* operator->() const { return m_node; }
        explicit operator bool() const { return m_node != nullptr; }

    private:
        node<T>* m_node = nullptr;

        void count()
        {
            if constexpr (is_emptiable<T>)
            {
                ++m_node->variables;
            }
        }

        void leave() noexcept
        {
            if constexpr (is_emptiable<T>)
            {
                if (--m_node->variables == 0 && m_node->references > 1 && m_node->has_many_elements())
                {
                    part_with(*m_node);
                }
            }
            release(*m_node);
        }
    };
}
