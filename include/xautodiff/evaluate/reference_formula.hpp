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
    struct formula : math::traced
    {
    private:
        template <class N>
        static constexpr const N& node_of(const formula<N>& f)
        {
            return f.node;
        }
        static constexpr auto node_of(array::scalar_value auto number)
        {
            return expression::constant<double, expression::untagged>(double(number));
        }
        static constexpr auto node_of(const array::parameters& p)
        {
            return expression::parameter<expression::untagged>(p);
        }

        template <class X>
        using node_for = std::remove_cvref_t<decltype(node_of(std::declval<const X&>()))>;

    public:
        Node node;

        constexpr explicit formula(const Node& n) : node(n) {}

        template <class Op, class... X>
        using recorded = formula<expression::apply<Op, node_for<X>...>>;

        template <class Op, class... X>
        static constexpr recorded<Op, X...> record(const X&... x)
        {
            return recorded<Op, X...>(expression::apply<Op, node_for<X>...>(node_of(x)...));
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
