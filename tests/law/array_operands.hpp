// SPDX-License-Identifier: BSD-3-Clause
// Samples in arrays whose shapes are known at run time. A number becomes an array, so that what works element by element
// gets operands that broadcast.
#pragma once

#include <xautodiff/xautodiff.hpp>

#include "every_operation.hpp"

namespace xautodiff::law
{
    using container_type = xt::xarray<double>;

    struct array_operands
    {
        static constexpr auto family = array::family::xtensor;

        template <class Node>
        using result = container_type;

        template <int Operand, class C>
        static container_type container(const C& x)
        {
            using traits = array::traits<C>;
            container_type out(std::vector<std::size_t>(
                traits::static_shape.extent.begin(), traits::static_shape.extent.begin() + traits::static_shape.rank));
            traits::load(x, out.data());
            return out;
        }

        /// A number becomes an array of numbers near it.
        template <int Operand>
        static container_type container(const double& x)
        {
            constexpr std::array<std::array<std::size_t, 2>, 3> shapes{{{2, 3}, {1, 3}, {2, 1}}};
            container_type out(std::vector<std::size_t>(shapes[Operand].begin(), shapes[Operand].end()));
            for (std::size_t i = 0; i < out.size(); ++i)
            {
                out.data()[i] = x * (1 + double(i) / 16);
            }
            return out;
        }

        template <int Operand>
        static auto constant(double x)
        {
            return expression::shared_constant<container_type, expression::place<formula, Operand>>(
                std::make_shared<container_type>(std::vector<std::size_t>{2, 3}, x));
        }

        template <array::parameters Value>
        static auto parameter(parameters<Value>)
        {
            return expression::parameter<expression::untagged>(Value);
        }
    };
}
