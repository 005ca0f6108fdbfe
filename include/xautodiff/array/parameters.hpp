// SPDX-License-Identifier: BSD-3-Clause
// The run-time parameters of an operation (axes, slices, a target shape): a short list of integers.
#pragma once

#include <xautodiff/array/shape.hpp>

namespace xautodiff::array
{
    struct parameters
    {
        int count = 0;
        std::array<index, std::size_t(4 * max_rank)> value{};

        constexpr index operator[](int i) const { return value[static_cast<std::size_t>(i)]; }

        constexpr void push_back(index v)
        {
            if (count == 4 * max_rank)
            {
                throw shape_error("an operation takes parameters for at most 8 dimensions here");
            }
            value[static_cast<std::size_t>(count++)] = v;
        }

        friend constexpr bool operator==(const parameters& a, const parameters& b)
        {
            // Not the default, which calls memcmp for all that there is room for.
            bool same = a.count == b.count;
            for (int i = 0; same && i < a.count; ++i)
            {
                same = a.value[static_cast<std::size_t>(i)] == b.value[static_cast<std::size_t>(i)];
            }
            return same;
        }
    };
}
