// SPDX-License-Identifier: BSD-3-Clause
// Compares results with what PyTorch gave.
#pragma once

#include <xautodiff/array/array_ref.hpp>

#include <doctest/doctest.h>

#include <cmath>

#include "cases.hpp"

namespace xautodiff::oracle
{
    inline xautodiff::array::shape shape_of(const array& a)
    {
        xautodiff::array::shape s;
        for (std::ptrdiff_t e : a.extents)
        {
            s.push_back(e);
        }
        return s;
    }

    inline xautodiff::array::array_ref<const double> ref(const array& a) { return {a.values.data(), shape_of(a)}; }

    /// Whether two numbers are one, the sign of zero included, or as near as a sum in another order makes them.
    inline bool agree(double got, double wanted, double tolerance)
    {
        if (std::isnan(wanted) || std::isinf(wanted) || wanted == 0)
        {
            return std::isnan(wanted) ? std::isnan(got) : got == wanted && std::signbit(got) == std::signbit(wanted);
        }
        return std::abs(got - wanted) <= tolerance * std::abs(wanted);
    }

    /// One check for a whole array. `got` is contiguous.
    inline void check_values(xautodiff::array::array_ref<const double> got, const array& wanted, double tolerance)
    {
        REQUIRE(to_string(got.shape) == to_string(shape_of(wanted)));
        for (std::size_t i = 0; i < wanted.values.size(); ++i)
        {
            CAPTURE(i);
            CAPTURE(got.data[i]);
            CAPTURE(wanted.values[i]);
            CHECK(agree(got.data[i], wanted.values[i], tolerance));
        }
    }
}
