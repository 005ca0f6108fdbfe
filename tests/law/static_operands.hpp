// SPDX-License-Identifier: BSD-3-Clause
// Samples in numbers and std::array, with parameters known to the type: all shapes are static.
#pragma once

#include "every_operation.hpp"

namespace xautodiff::law
{
    struct static_operands
    {
        static constexpr auto family = array::family::standard;

        template <class Node>
        using result = array::container_t<family, double, expression::static_shape_of<Node>>;

        template <int Operand, class C>
        static C container(const C& x)
        {
            return x;
        }

        template <int Operand>
        static auto constant(double x)
        {
            return expression::constant<double, expression::place<formula, Operand>>(x);
        }

        template <array::parameters Value>
        static auto parameter(parameters<Value>)
        {
            return expression::fixed_parameter<Value>{};
        }
    };
}
