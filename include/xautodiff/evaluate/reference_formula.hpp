// SPDX-License-Identifier: BSD-3-Clause
// A word of a rule written down as a node of the nested type: what an operation is composed of becomes an expression.
#pragma once

#include <xautodiff/expression/apply.hpp>
#include <xautodiff/op/math.hpp>

namespace xautodiff::evaluate::reference
{
    /// Operand number Position of the operation.
    template <int Position>
    struct operand_leaf : expression::leaf_base
    {
        static constexpr auto kind = expression::leaf_kind::input;
        static constexpr bool has_identity = true;
        static constexpr int position = Position;
    };

    template <class Node>
    struct formula;

    namespace detail
    {
        /// The node for what a rule writes: a formula, a number, or parameters.
        template <class X>
        struct written
        {
            using node = expression::constant<double, expression::untagged>;
            static constexpr node of(const X& number) { return node(double(number)); }
        };

        template <class Node>
        struct written<formula<Node>>
        {
            using node = Node;
            static constexpr const node& of(const formula<Node>& f) { return f.node; }
        };

        template <>
        struct written<array::parameters>
        {
            using node = expression::parameter<expression::untagged>;
            static constexpr node of(const array::parameters& p) { return node(p); }
        };
    }

    template <class Node>
    struct formula : math::traced
    {
        Node node;

        constexpr explicit formula(const Node& n) : node(n) {}

        template <class Op, class... X>
        using recorded = formula<expression::apply<Op, typename detail::written<X>::node...>>;

        template <class Op, class... X>
        static constexpr recorded<Op, X...> record(const X&... x)
        {
            return recorded<Op, X...>(
                expression::apply<Op, typename detail::written<X>::node...>(detail::written<X>::of(x)...));
        }
    };

    /// The formula that Op is composed of, in operand leaves; parameters stand in it as they are.
    template <class Op, class... X>
    constexpr auto composition(const X&... x)
    {
        const auto operand = []<int K>(std::integral_constant<int, K>, const auto& value)
        {
            if constexpr (math::traced_value<decltype(value)>)
            {
                return formula(operand_leaf<K>{});
            }
            else
            {
                return value;
            }
        };
        return [&]<int... K>(std::integer_sequence<int, K...>) {
            return Op::compose(operand(std::integral_constant<int, K>{}, x)...).node;
        }(std::make_integer_sequence<int, int(sizeof...(X))>{});
    }
}
