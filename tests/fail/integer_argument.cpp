// SPDX-License-Identifier: BSD-3-Clause
// The gradient with respect to an integer.
// expect: xautodiff: only Tensors of floating point dtype can require gradients: grad is asked with respect to an argument of integers; pass 2.0 rather than 2
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

#ifdef FIXED
const auto g = ad::grad([](auto x) { return x * x; })(2.0);
// Beside it integers are welcome.
const auto h = ad::grad([](auto x, auto n) { return x * n; })(2.0, 3);
#else
const auto g = ad::grad([](auto x) { return x * x; })(2);
#endif
