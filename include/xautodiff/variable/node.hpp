// SPDX-License-Identifier: BSD-3-Clause
// What a Variable is a handle to: data, its gradient, and the tape entry that made it.
#pragma once

#include <xautodiff/array/kernels.hpp>
#include <xautodiff/array/traits.hpp>
#include <xautodiff/variable/entry.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xautodiff::variable
{
    /// Statements are numbered as they are recorded. This is later than all of them.
    inline constexpr std::uint64_t now = std::numeric_limits<std::uint64_t>::max();

    struct node_base
    {
        bool requires_grad = false;
        bool retains_grad = false;
        /// The number from which on statements that read this ask for its gradient. Older ones took it for a constant.
        std::uint64_t differentiable_since = now;
        /// The entry whose result this is; null for a leaf.
        std::unique_ptr<entry> creator;

        node_base() = default;
        node_base(const node_base&) = delete;
        node_base& operator=(const node_base&) = delete;
        virtual ~node_base() { release(std::move(creator)); }

        bool is_leaf() const { return creator == nullptr; }
    };

    /// Elements, shared by a Variable and what was detached from it, and how often they were changed in place.
    template <class T>
    struct storage
    {
        T data;
        std::uint64_t version = 0;
    };

    template <class T>
    struct node final : node_base
    {
        using hook = std::function<std::optional<T>(const T&)>;

        std::shared_ptr<storage<T>> elements;
        std::optional<T> grad;
        std::vector<std::pair<int, hook>> hooks;
        int hooks_registered = 0;
        /// After detach_: the place on the tape that this had, to which statements older than `detached_at` refer.
        std::shared_ptr<node> before;
        std::uint64_t detached_at = 0;

        explicit node(T value) : elements(std::make_shared<storage<T>>(storage<T>{std::move(value)})) {}
        explicit node(std::shared_ptr<storage<T>> e) : elements(std::move(e)) {}
    };

    template <class T>
    using handle = std::shared_ptr<node<T>>;

    /// Where the adjoint goes of an operand of statement number `sequence`; null where that asks for none.
    template <class T>
    const handle<T>& adjoint_target(const handle<T>& operand, std::uint64_t sequence)
    {
        static const handle<T> none;
        const handle<T>& at = sequence < operand->detached_at ? operand->before : operand;
        return at->requires_grad && sequence >= at->differentiable_since ? at : none;
    }

    /// total += part, of equal shapes.
    template <class T>
    void accumulate_into(T& total, const T& part)
    {
        array::add_to(array::traits<T>::ref(total), array::traits<T>::ref(part));
    }

    template <class T>
    array::shape shape_of(const T& value)
    {
        return array::traits<T>::ref(value).shape;
    }
}
