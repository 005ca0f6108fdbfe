// SPDX-License-Identifier: BSD-3-Clause
// Operands whose types show that they do not broadcast.
// expect: xautodiff: the shapes of these operands, known from their types, do not broadcast: counted from the last axis, two extents must be equal, or one of them 1
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

const xt::xtensor_fixed<double, xt::xshape<3>> three{1.0, 2.0, 3.0};
const xt::xtensor_fixed<double, xt::xshape<2>> two{1.0, 2.0};
const xt::xtensor_fixed<double, xt::xshape<3, 1>> column{{1.0}, {2.0}, {3.0}};

#ifdef FIXED
const auto y = ad::Variable(column) + two;
#else
const auto y = ad::Variable(three) + two;
#endif
