// SPDX-License-Identifier: BSD-3-Clause
// `auto y` holds an expression, and something is added to it.
// expect: xautodiff: `auto y = ...` holds one expression, and its type is the formula: another cannot be assigned to it; declare it as ad::Variable
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

double twice_and_one(const ad::Variable<double>& x)
{
#ifdef FIXED
    ad::Variable y = x * 2;
#else
    auto y = x * 2;
#endif
    y += 1;
    return y.item();
}
