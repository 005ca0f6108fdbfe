// SPDX-License-Identifier: BSD-3-Clause
// Matrices whose types show that they cannot be multiplied.
// expect: xautodiff: the shapes of these operands, known from their types, cannot be multiplied: the last extent of the first must be the first extent of the second
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

const xt::xtensor_fixed<double, xt::xshape<3, 2>> m{{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}};

#ifdef FIXED
const auto y = ad::matmul(ad::Variable(m), ad::transpose(ad::Variable(m)));
#else
const auto y = ad::matmul(ad::Variable(m), m);
#endif
