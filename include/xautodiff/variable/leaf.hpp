// SPDX-License-Identifier: BSD-3-Clause
// A Variable inside a static expression.
#pragma once

#include <xautodiff/expression/leaf.hpp>
#include <xautodiff/variable/make_node.hpp>

namespace xautodiff::variable
{
    template <class T, class Tag>
    struct leaf : expression_facade<leaf<T, Tag>>, expression::leaf_base
    {
        static constexpr expression::leaf_kind kind = expression::leaf_kind::variable;
        static constexpr bool has_identity = expression::is_identity<Tag>;
        static constexpr bool is_counted = true;
        static constexpr array::shape static_shape = array::traits<T>::static_shape;
        static constexpr array::family family = array::traits<T>::container_family;
        using value_type = typename array::traits<T>::value_type;
        using container_type = T;

        operand_handle<T> object;

        explicit leaf(variable::node<T>& n) : object(n) {}
        /// In place, for the sake of expression::held_operands.
        [[gnu::always_inline]] ~leaf() = default;
        leaf(const leaf&) = default;
        leaf(leaf&&) = default;
        leaf& operator=(const leaf&) = default;
        const leaf& node() const { return *this; }
        const void* origin() const { return object.get(); }

        decltype(auto) payload() const
        {
            if constexpr (array::scalar_value<T>)
            {
                return T(object->elements());
            }
            else
            {
                return std::as_const(*object).ref();
            }
        }
    };

    template <class N>
    inline constexpr bool is_variable_leaf = false;
    template <class T, class Tag>
    inline constexpr bool is_variable_leaf<leaf<T, Tag>> = true;
}
