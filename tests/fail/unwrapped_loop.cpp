// SPDX-License-Identifier: BSD-3-Clause
// A differentiated function that runs until its value is large, without ad::dynamic.
// expect: xautodiff: this function looks at the value of an expression while it is being differentiated as a formula; wrap it: ad::grad\(ad::dynamic\(f\)\)\(x\)
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

const auto grow = [](auto x)
{
    ad::Variable<double> y = x * 1;
    while (y.item() < 10)
    {
        y = y * x;
    }
    return y;
};
#ifdef FIXED
const double g = ad::grad(ad::dynamic(grow))(2.0);
#else
const double g = ad::grad(grow)(2.0);
#endif
