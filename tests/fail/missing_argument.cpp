// SPDX-License-Identifier: BSD-3-Clause
// The gradient with respect to an argument that is not there.
// expect: xautodiff: grad is asked with respect to an argument that is not there
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

#ifdef FIXED
const auto g = ad::grad<0>([](auto x) { return x * x; })(2.0);
#else
const auto g = ad::grad<1>([](auto x) { return x * x; })(2.0);
#endif
