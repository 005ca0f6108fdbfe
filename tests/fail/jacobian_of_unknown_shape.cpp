// SPDX-License-Identifier: BSD-3-Clause
// The Jacobian of arrays inside another formula, where the type does not tell how many rows it has.
// expect: xautodiff: inside another formula, the Jacobian of an array needs a result whose shape its type tells
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

template <class X>
auto gradient(const X& x)
{
    const auto sum_of_jacobian = [](auto a) { return ad::sum(ad::jacobian([](auto b) { return b * b; })(a)); };
    return ad::grad(sum_of_jacobian)(x);
}

#ifdef FIXED
const auto result = gradient(xt::xtensor_fixed<double, xt::xshape<2>>{1, 2});
#else
const auto result = gradient(xt::xtensor<double, 1>{1, 2});
#endif
