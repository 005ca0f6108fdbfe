// SPDX-License-Identifier: BSD-3-Clause
// In which container a Variable keeps what it is made from.
#pragma once

#include <xautodiff/evaluate/facade.hpp>
#include <xautodiff/expression/operand.hpp>

#include <type_traits>

namespace xautodiff
{
    template <class T, class Tag>
    class Variable;

    namespace variable
    {
        /// The container in which a Variable made from X keeps its data.
        template <class X>
        struct stored;

        template <array::container X>
        struct stored<X>
        {
            using type = expression::own_container_t<X>;
        };

        template <class X>
            requires expression::has_node<X>
        struct stored<X>
        {
            using type = evaluate::result_t<expression::node_t<X>>;
        };

        template <class T, class Tag>
        struct stored<Variable<T, Tag>>
        {
            using type = T;
        };

        template <class X>
        using stored_t = typename stored<std::remove_cvref_t<X>>::type;

        template <class X>
        concept storable = requires { typename stored<std::remove_cvref_t<X>>::type; };
    }
}
