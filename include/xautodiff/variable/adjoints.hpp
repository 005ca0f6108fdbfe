// SPDX-License-Identifier: BSD-3-Clause
// The adjoints of one backward pass. They lie in the nodes; here is known which nodes hold one.
#pragma once

#include <xautodiff/variable/function.hpp>

#include <initializer_list>
#include <utility>
#include <vector>

namespace xautodiff::variable
{
    class adjoints
    {
    public:
        adjoints() = default;
        adjoints(const adjoints&) = delete;
        adjoints& operator=(const adjoints&) = delete;

        /// Adds to the adjoint of a node.
        template <class T>
        void deliver(node<T>& operand, T&& part)
        {
            node<T>& to = static_cast<node<T>&>(receiver(operand));
            if (to.has(flag::reached))
            {
                accumulate_into(to.adjoint(), part);
            }
            else
            {
                // Noted first: what fails in between leaves a node that holds nothing.
                if (to.is_leaf())
                {
                    m_ends.push_back(&to);
                }
                to.start_adjoint(std::move(part));
                count(to);
            }
        }

        /// The adjoint that has arrived at a leaf, or at a node that `run` was told to keep; null if none has.
        template <class T>
        const T* arrived(node<T>& at) const
        {
            node<T>& n = local(at);
            return n.has(flag::reached) ? &n.adjoint() : nullptr;
        }

        /// An adjoint on its way from one sweep to another.
        struct parcel
        {
            node_base* to;
            void* adjoint;
        };

        /// What arrived at leaves, those named excepted.
        std::vector<parcel> take_leaves(std::initializer_list<node_base*> except)
        {
            std::vector<parcel> out;
            std::vector<node_base*> left;
            out.reserve(m_ends.size());
            left.reserve(m_ends.size());
            for (node_base* n : m_ends)
            {
                bool stays = !n->is_leaf();
                for (node_base* e : except)
                {
                    stays = stays || e == n;
                }
                stays ? left.push_back(n) : out.push_back({n, nullptr});
            }
            m_ends.swap(left);
            for (parcel& p : out)
            {
                p.adjoint = p.to->type().container->take_adjoint(*p.to);
            }
            return out;
        }

        void deliver(std::vector<parcel>&& parcels)
        {
            for (const parcel& p : parcels)
            {
                if (!p.to->has(flag::reached))
                {
                    m_ends.push_back(p.to);
                }
                p.to->type().container->add_adjoint(*p.to, p.adjoint);
            }
        }

        /// Another pass begins before this one is done, in a hook: it needs the nodes' room.
        void suspend()
        {
            for_each_holder(
                [this](node_base& n)
                {
                    if (n.has(flag::reached))
                    {
                        m_away.emplace_back(&n, nullptr);
                    }
                });
            try
            {
                for (auto& [n, taken] : m_away)
                {
                    taken = n->type().container->take_adjoint(*n);
                }
            }
            catch (...)
            {
                resume();
                throw;
            }
        }

        void resume() noexcept
        {
            for (const auto& [n, taken] : m_away)
            {
                if (taken != nullptr)
                {
                    n->type().container->return_adjoint(*n, taken);
                }
            }
            m_away.clear();
        }

    protected:
        node_base* m_at = nullptr;       ///< the entry whose turn it is
        std::size_t m_pending = 0;       ///< entries that hold an adjoint and have yet to pass it on
        std::vector<node_base*> m_ends;  ///< others that hold one

        /// Entries from `n` on that wait for their turn, and m_ends.
        template <class F>
        void for_each_holder(F f)
        {
            std::size_t left = m_pending;
            for (node_base* n = m_at; left != 0; n = tape::before(*n))
            {
                if (n->has(flag::reached))
                {
                    --left;
                    f(*n);
                }
            }
            for (node_base* n : m_ends)
            {
                f(*n);
            }
        }

    private:
        std::vector<std::pair<node_base*, void*>> m_away;

        void count(node_base& n)
        {
            if (!n.is_leaf())
            {
                ++m_pending;
                m_at = m_at == nullptr ? &n : m_at;
            }
        }
    };
}
