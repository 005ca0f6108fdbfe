// SPDX-License-Identifier: BSD-3-Clause
// expect: (ignoring return value|ignoring temporary).*nodiscard
#include <xautodiff/xautodiff.hpp>

#pragma GCC diagnostic error "-Wunused-result"
#pragma GCC diagnostic error "-Wunused-value"

namespace ad = xautodiff;

double without_gradient(const ad::Variable<double>& x)
{
#ifdef FIXED
    ad::no_grad guard;
#else
    ad::no_grad();
#endif
    return ad::Variable<double>(x * 2).item();
}
