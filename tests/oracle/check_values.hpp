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

    struct tolerance
    {
        double relative;
        /// With none, zero is zero of the same sign.
        double absolute = 0;
    };

    inline bool agree(double got, double wanted, const tolerance& t)
    {
        if (std::isnan(wanted) || std::isinf(wanted) || (wanted == 0 && t.absolute == 0))
        {
            return std::isnan(wanted) ? std::isnan(got) : got == wanted && std::signbit(got) == std::signbit(wanted);
        }
        return std::abs(got - wanted) <= t.relative * std::abs(wanted) + t.absolute;
    }

    /// One check for a whole array. `got` is contiguous.
    inline void check_values(xautodiff::array::array_ref<const double> got, const array& wanted,
                             const tolerance& allowed)
    {
        REQUIRE(to_string(got.shape) == to_string(shape_of(wanted)));
        for (std::size_t i = 0; i < wanted.values.size(); ++i)
        {
            CAPTURE(i);
            CAPTURE(got.data[i]);
            CAPTURE(wanted.values[i]);
            CHECK(agree(got.data[i], wanted.values[i], allowed));
        }
    }

    /// The gradient of a case, PyTorch's but for what differs on purpose; none where PyTorch takes none.
    inline std::optional<array> expected_gradient(const op_case& c, std::size_t argument)
    {
        std::optional<array> expected = c.gradients[argument];
        if (c.operation == "abs")
        {
            // PyTorch's sign of nan is 0. Here, as in NumPy, nothing makes a number of a nan.
            for (std::size_t i = 0; i < expected->values.size(); ++i)
            {
                const double x = c.arguments[0].values[i];
                expected->values[i] = std::isnan(x) ? x : expected->values[i];
            }
        }
        return expected;
    }
}
