// SPDX-License-Identifier: BSD-3-Clause
// A differentiated function that branches on a comparison, without ad::dynamic.
// expect: xautodiff: this function looks at the value of an expression .* wrap it: ad::grad\(ad::dynamic\(f\)\)\(x\)
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

const auto scaled = [](auto x)
{
    double factor = 2;
    if (x < 10)
    {
        factor = 3;
    }
    return x * factor;
};
#ifdef FIXED
const double g = ad::grad(ad::dynamic(scaled))(2.0);
#else
const double g = ad::grad(scaled)(2.0);
#endif
