// SPDX-License-Identifier: BSD-3-Clause
// A node that holds a T: elements, adjoint, gradient, hooks.
#pragma once

#include <xautodiff/array/kernels.hpp>
#include <xautodiff/array/traits.hpp>
#include <xautodiff/variable/tape.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xautodiff::variable
{
    /// Room for the adjoint, which is there only while a sweep runs. At least a pointer wide: see next_waiting.
    template <class T>
    struct alignas(8) adjoint_slot
    {
        static constexpr bool in_place = alignof(T) <= 16;
        alignas(in_place ? alignof(T) : 8) unsigned char bytes[in_place ? (sizeof(T) < 8 ? 8 : sizeof(T)) : 8];
    };

    template <class T>
    struct node : node_base
    {
        using hook = std::function<std::optional<T>(const T&)>;
        using hook_list = std::vector<std::pair<int, hook>>;

        adjoint_slot<T> slot;
        T value;

        template <class... A>
        node(const node_type& t, std::uint16_t f, std::uint32_t h, A&&... a)
            : node_base(t, f, h), value(std::forward<A>(a)...)
        {
        }

        T& adjoint()
        {
            if constexpr (adjoint_slot<T>::in_place)
            {
                return *std::launder(reinterpret_cast<T*>(slot.bytes));
            }
            else
            {
                return **reinterpret_cast<T**>(slot.bytes);
            }
        }

        /// Starts the life of the adjoint.
        template <class A>
        void start_adjoint(A&& a)
        {
            if constexpr (adjoint_slot<T>::in_place)
            {
                ::new (slot.bytes) T(std::forward<A>(a));
            }
            else
            {
                ::new (slot.bytes) T*(new T(std::forward<A>(a)));
            }
            set(flag::reached);
        }

        void end_adjoint() noexcept
        {
            if constexpr (adjoint_slot<T>::in_place)
            {
                adjoint().~T();
            }
            else
            {
                delete &adjoint();
            }
            clear(flag::reached);
        }

        T& elements() { return static_cast<node&>(elements_of(*this)).value; }
        const T& elements() const { return static_cast<const node&>(elements_of(*this)).value; }
    };

    template <class T>
    struct side final : side_base
    {
        std::optional<T> grad, prepared;
        /// Shared, as handles of hooks may outlive the node.
        std::shared_ptr<typename node<T>::hook_list> hooks;
        int hooks_registered = 0;
    };

    /// The rare part of a node, made if need be.
    template <class T>
    side<T>& side_of(node<T>& n)
    {
        if (!n.has(flag::has_side))
        {
            auto* s = new side<T>;
            s->type = n.plain_type;
            n.side = s;
            n.set(flag::has_side);
        }
        return static_cast<side<T>&>(*n.side);
    }

    /// total += part, of equal shapes.
    template <class T>
    void accumulate_into(T& total, const T& part)
    {
        if constexpr (array::scalar_value<T>)
        {
            total += part;
        }
        else
        {
            array::add_to(array::traits<T>::ref(total), array::traits<T>::ref(part));
        }
    }

    template <class T>
    array::shape shape_of(const T& value)
    {
        return array::traits<T>::ref(value).shape;
    }

    inline void require_same_shape(const array::shape& before, const array::shape& now)
    {
        if (!(before == now))
        {
            throw error("hook has changed the size of value: from " + to_string(before) + " to " + to_string(now));
        }
    }

    /// The gradient is a mere value from here on.
    inline void forget_graph(side_base& s) noexcept
    {
        if (node_base* graph = std::exchange(s.gradient_graph, nullptr))
        {
            release(*graph);
        }
    }
}
