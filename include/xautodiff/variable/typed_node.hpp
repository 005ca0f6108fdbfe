// SPDX-License-Identifier: BSD-3-Clause
// A node that holds a T: elements, adjoint, gradient, hooks.
#pragma once

#include <xautodiff/array/kernels.hpp>
#include <xautodiff/array/traits.hpp>
#include <xautodiff/variable/tape.hpp>

#include <functional>
#include <memory>
#include <new>
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

    /// Whether a node of a T keeps count of its Variables: the elements may be many, and their shape fits into their place.
    template <class T>
    inline constexpr bool is_emptiable = false;
    template <array::container T>
        requires requires(const T& c) { c.size(); }
    inline constexpr bool is_emptiable<T> =
        !array::traits<T>::static_shape.is_known() && sizeof(T) >= sizeof(array::shape);

    template <class T>
    struct node : std::conditional_t<is_emptiable<T>, emptiable, node_base>
    {
        using hook = std::function<std::optional<T>(const T&)>;
        using hook_list = std::vector<std::pair<int, hook>>;
        using base = std::conditional_t<is_emptiable<T>, emptiable, node_base>;

        adjoint_slot<T> slot;
        T value;

        template <class... A>
        node(const node_type& t, std::uint32_t f, tape_number h, A&&... a)
            : node::base(t, f, h), value(std::forward<A>(a)...)
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

        const T& adjoint() const { return const_cast<node&>(*this).adjoint(); }

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
            this->set(flag::reached);
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
            this->clear(flag::reached);
        }

        T& elements() { return static_cast<node&>(elements_of(*this)).value; }
        const T& elements() const { return static_cast<const node&>(elements_of(*this)).value; }

        /// Whether there is no more left of the elements than their shape.
        bool is_empty() const { return is_emptiable<T> && this->has(flag::emptied); }

        /// Whether it would be worth while to give them back before the node goes.
        bool has_many_elements() const
        {
            constexpr std::size_t many = 4096 / sizeof(typename array::traits<T>::value_type);
            return !this->is_leaf() && !is_empty() && value.size() >= many;
        }

        /// The elements, with a null pointer for those that are gone.
        [[gnu::always_inline]] auto ref() const
        {
            if constexpr (is_emptiable<T>)
            {
                if (is_empty()) [[unlikely]]
                {
                    return ref_without_elements();
                }
            }
            return array::traits<T>::ref(elements());
        }

        array::shape shape() const { return ref().shape; }

        /// See container_type.
        std::uint64_t shape_mark() const
        {
            if constexpr (array::traits<T>::static_shape.is_known())
            {
                return 0;
            }
            else
            {
                const auto elements = ref();
                std::uint64_t mark = std::uint64_t(elements.shape.rank);
                for (int d = 0; d < elements.shape.rank; ++d)
                {
                    mark = (mark + std::uint64_t(elements.shape[d])) * 0x9e3779b97f4a7c15u;
                }
                return mark & ~version_bits;
            }
        }

        /// shape() == other.shape(); without making them where both are in containers that know theirs.
        template <class U>
        bool has_shape_of(const node<U>& other) const
        {
            if constexpr (requires { value.shape()[0] == other.value.shape()[0]; })
            {
                if (((this->flags | other.flags) & (flag::emptied | flag::shares)) == 0) [[likely]]
                {
                    const auto& mine = value.shape();
                    const auto& its = other.value.shape();
                    bool same = mine.size() == its.size();
                    for (std::size_t d = 0; same && d < mine.size(); ++d)
                    {
                        same = mine[d] == its[d];
                    }
                    return same;
                }
            }
            return shape() == other.shape();
        }

        /// Puts their shape in the place of the elements.
        void drop_elements() noexcept
            requires is_emptiable<T>
        {
            const array::shape left = shape();
            value.~T();
            ::new (&value) array::shape(left);
            this->set(flag::emptied);
        }

    private:
        [[gnu::noinline]] auto ref_without_elements() const
        {
            const auto& shape_left = *std::launder(reinterpret_cast<const array::shape*>(&value));
            return array::array_ref<const typename array::traits<T>::value_type>(nullptr, shape_left);
        }
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
            throw error(message("hook has changed the size of value: from %s to %s", to_string(before).c_str(),
                                to_string(now).c_str()));
        }
    }

    inline void require_shape_of_gradient(const array::shape& held, const array::shape& arriving)
    {
        if (!(held == arriving))
        {
            throw error(
                message("this Variable holds a gradient of shape %s, to which one of shape %s cannot be added: its "
                        "elements were given another shape since; call clear_grad() before backward()",
                        to_string(held).c_str(), to_string(arriving).c_str()));
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
