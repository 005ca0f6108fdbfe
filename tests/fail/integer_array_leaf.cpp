// SPDX-License-Identifier: BSD-3-Clause
// A leaf that is an array of integers and asks for a gradient.
// expect: xautodiff: only Tensors of floating point dtype can require gradients
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

#ifdef FIXED
ad::Variable x(xt::xarray<double>{1, 2}, ad::requires_grad);
#else
ad::Variable x(xt::xarray<int>{1, 2}, ad::requires_grad);
#endif
