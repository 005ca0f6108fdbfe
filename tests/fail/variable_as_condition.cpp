// SPDX-License-Identifier: BSD-3-Clause
// A Variable where a truth value is wanted.
// expect: xautodiff: an expression is no truth value; compare it
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

int sign(const ad::Variable<double>& x)
{
#ifdef FIXED
    return x > 0 ? 1 : 0;
}
#else
    return x ? 1 : 0;
}
#endif
