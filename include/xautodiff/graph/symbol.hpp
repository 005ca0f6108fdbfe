// SPDX-License-Identifier: BSD-3-Clause
// A value of the graph under construction. Doing arithmetic with symbols appends steps: rules run on them.
#pragma once

#include <xautodiff/op/math.hpp>

namespace xautodiff::graph
{
    class builder;

    struct symbol : math::traced
    {
        builder* home = nullptr;
        int index = -1;

        constexpr symbol() = default;
        constexpr symbol(builder* b, int i) : home(b), index(i) {}
        constexpr symbol(math::none) {}

        constexpr explicit operator bool() const { return index >= 0; }

        /// What math::call does on symbols. Numbers among the operands become literals.
        template <class Op, class... X>
        static constexpr symbol record(const X&... x);
    };
}
