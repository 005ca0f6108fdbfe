// SPDX-License-Identifier: BSD-3-Clause
// ad::cref reads a container where it lies: one that is gone cannot be read.
// expect: deleted function .*cref
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

double first(const ad::Variable<xt::xarray<double>>& x)
{
#ifdef FIXED
    const xt::xarray<double> weights{1.0, 2.0};
    return ad::sum(x * ad::cref(weights)).item();
}
#else
    return ad::sum(x * ad::cref(xt::xarray<double>{1.0, 2.0})).item();
}
#endif
