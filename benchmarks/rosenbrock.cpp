// SPDX-License-Identifier: BSD-3-Clause
// W8: Rosenbrock's function through two overlapping views, and its gradient.
#include "hand/rosenbrock.hpp"

#include "measure/ours.hpp"

namespace ad = xautodiff;
using measure::vector;

namespace
{
    constexpr auto rosenbrock = [](auto x)
    {
        const auto a = ad::view(x, ad::range(0, -1));
        const auto b = ad::view(x, ad::range(1, ad::end));
        return ad::sum(100 * ad::square(b - ad::square(a)) + ad::square(1 - a));
    };
}

void measure::add_rows()
{
    for (std::size_t n : {8, 1000, 100000, 4000000})
    {
        auto& x = keep([n] { return drawn<vector>(-1, 1, 1, n); });
        auto& gradient = keep([n] { return aligned<double>(n); });
        measure::row row("W8", n);
        row.add(
            "hand", [&x, &gradient, n] { return hand::rosenbrock(n, x.data(), gradient.data()); },
            [&gradient] { return numbers(gradient); });
        add_ours<0>(row, default_tolerance, rosenbrock, x);
    }
}
