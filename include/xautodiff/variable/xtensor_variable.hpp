// SPDX-License-Identifier: BSD-3-Clause
// Variables made from xtensor's views and functions: evaluated.
#pragma once

#include <xautodiff/array/xtensor.hpp>
#include <xautodiff/variable/checkpoint.hpp>

namespace xautodiff::variable
{
    template <array::xtensor_expression X>
        requires(!array::container<X>)
    struct stored<X>
    {
        using type = array::evaluated_t<X>;
    };
}
