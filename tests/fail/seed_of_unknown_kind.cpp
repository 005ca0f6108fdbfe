// SPDX-License-Identifier: BSD-3-Clause
// backward from what is no array.
// expect: xautodiff: backward starts from a number, an array of xtensor's, a std::array or an expression
#include <xautodiff/xautodiff.hpp>

#include <vector>

namespace ad = xautodiff;

void differentiate(const ad::Variable<xt::xtensor<double, 1>>& y)
{
#ifdef FIXED
    y.backward(xt::xtensor<double, 1>{1, 2});
#else
    y.backward(std::vector<double>{1, 2});
#endif
}
