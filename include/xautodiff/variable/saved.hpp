// SPDX-License-Identifier: BSD-3-Clause
// What the forward step of an operation of the user's keeps for its pullback.
#pragma once

#include <xautodiff/variable/argument.hpp>

namespace xautodiff
{
    namespace variable
    {
        /// While a pullback runs that is itself recorded: the entries of the operation's results, and the nodes that
        /// forward gave for them, by which it may have saved them.
        class results_on_record
        {
        public:
            results_on_record(node_base* const* given, node_base* const* entries, std::size_t count)
                : m_given(given), m_entries(entries), m_count(count), m_outer(std::exchange(running(), this))
            {
            }
            ~results_on_record() { running() = m_outer; }
            results_on_record(const results_on_record&) = delete;
            results_on_record& operator=(const results_on_record&) = delete;

            node_base* entry_of(const node_base* n) const
            {
                for (std::size_t k = 0; k < m_count; ++k)
                {
                    if (m_given[k] == n)
                    {
                        return m_entries[k];
                    }
                }
                return nullptr;
            }

            static const results_on_record*& running()
            {
                static thread_local const results_on_record* r = nullptr;
                return r;
            }

        private:
            node_base* const* m_given;
            node_base* const* m_entries;
            std::size_t m_count;
            const results_on_record* m_outer;
        };
    }

    /// A member of an operation's context: an operand or a result that forward keeps for pullback, `c.x = x;`. The elements
    /// are not copied, so they must not change until then: that is seen by their version.
    template <class T>
    class saved
    {
    public:
        saved() = default;
        template <class Tag>
        saved(const Variable<T, Tag>& v)
            : m_node(variable::same_variable(variable::local(*v.object())).object().share())
        {
            m_version = variable::version_of(*m_node);
        }

        /// False before a Variable was saved.
        explicit operator bool() const { return bool(m_node); }

        /// The Variable, on record as it was. Throws error where its elements have been changed since.
        Variable<T> get() const
        {
            if (!m_node)
            {
                throw error("this operation's forward has saved nothing here");
            }
            if (variable::version_of(*m_node) != m_version)
            {
                variable::throw_modified(*m_node, m_version);
            }
            if (const auto* results = variable::results_on_record::running())
            {
                if (variable::node_base* entry = results->entry_of(m_node.get()))
                {
                    return variable::same_variable(static_cast<variable::node<T>&>(*entry));
                }
            }
            // Handles of a node that was detached in place since mean another one.
            return m_node->has(variable::flag::detached)
                       ? Variable<T>(variable::as_container<T>(variable::erased(*m_node)))
                       : variable::same_variable(*m_node);
        }

    private:
        variable::handle<T> m_node;
        std::uint64_t m_version = 0;
    };
}
