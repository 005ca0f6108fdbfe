// SPDX-License-Identifier: BSD-3-Clause
// An expression where a truth value is wanted.
// expect: xautodiff: an expression is no truth value; compare it \(`if \(x > 0\)`\), or take its number: `if \(x\.item\(\)\)`
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

int sign(const ad::Variable<double>& x)
{
#ifdef FIXED
    if (x * 2 > 0)
    {
        return 1;
    }
    return x.item() ? -1 : 0;
}
#else
    if (x * 2)
    {
        return 1;
    }
    return 0;
}
#endif
