// SPDX-License-Identifier: BSD-3-Clause
// A leaf of integers that asks for a gradient.
// expect: xautodiff: only Tensors of floating point dtype can require gradients; make the value of double or float \(2\.0, not 2\)
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

#ifdef FIXED
ad::Variable x(2.0, ad::requires_grad);
ad::Variable count(2);
#else
ad::Variable x(2, ad::requires_grad);
#endif
