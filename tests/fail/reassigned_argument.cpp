// SPDX-License-Identifier: BSD-3-Clause
// The same in a differentiated function, where the argument itself is assigned to.
// expect: another cannot be assigned to it; declare it as ad::Variable: .* wrap that: ad::dynamic\(f\)
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

constexpr auto power = [](auto x)
{
    auto y = x;
#ifdef FIXED
    return y * x * x * x;
};
const double g = ad::grad(power)(2.0);
#else
    for (int i = 0; i < 3; ++i)
    {
        y = y * x;
    }
    return y;
};
const double g = ad::grad(power)(2.0);
#endif
