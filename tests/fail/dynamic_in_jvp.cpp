// SPDX-License-Identifier: BSD-3-Clause
// A function that looks at values, in forward mode: it has no formula.
// expect: xautodiff: a function wrapped in ad::dynamic has no formula: ad::grad and ad::value_and_grad take it at numbers and arrays
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

constexpr auto doubled = [](auto x)
{
    ad::Variable y = x;
    while (y.item() < 100)
    {
        y = y * 2;
    }
    return y;
};

#ifdef FIXED
const double g = ad::grad(ad::dynamic(doubled))(2.0);
#else
const double g = ad::jvp(ad::dynamic(doubled), 2.0, 1.0).tangent;
#endif
