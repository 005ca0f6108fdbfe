// SPDX-License-Identifier: BSD-3-Clause
// This library as a contender: a function bound once, its value and gradient computed again and again.
#pragma once

#include <xautodiff/xautodiff.hpp>

#include "row.hpp"

namespace measure
{
    using vector = xt::xtensor<double, 1>;
    using matrix = xt::xtensor<double, 2>;

    /// An xtensor container of this shape with numbers from low to high.
    template <class C, class... N>
    C drawn(double low, double high, unsigned seed, N... extent)
    {
        C c = C::from_shape({std::size_t(extent)...});
        draw(c, low, high, seed);
        return c;
    }

    inline constexpr double default_tolerance = 1e-11;

    /// ad::bind<Wrt...>(f, x...); x must outlive the program's run, as what keep() returns does.
    template <int... Wrt, class F, class... X>
    void add_ours(row& row, double tolerance, const F& f, const X&... x)
    {
        auto& bound = keep([&] { return xautodiff::bind<Wrt...>(f, x...); });
        row.add(
            "ours", [&bound] { return bound.value_and_grad(); },
            [&bound] { return numbers(bound.template grad<Wrt>()...); }, tolerance);
    }
}
