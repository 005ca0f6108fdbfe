// SPDX-License-Identifier: BSD-3-Clause
// `auto y` holds an expression, and another is assigned to it: in a loop, what must be a Variable.
// expect: xautodiff: `auto y = ...` holds one expression, and its type is the formula: another cannot be assigned to it; declare it as ad::Variable
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

double power(const ad::Variable<double>& x, int n)
{
#ifdef FIXED
    ad::Variable y = x * 1;
    for (int i = 0; i < n; ++i)
    {
        y = y * x;
    }
    return y.item();
}
#else
    auto y = x * 1;
    for (int i = 0; i < n; ++i)
    {
        y = y * x;
    }
    return y.item();
}
#endif
