// SPDX-License-Identifier: BSD-3-Clause
// The formula of a function that takes numbers only.
// expect: xautodiff: this cannot be called with expressions: the function must be a generic callable
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

#ifdef FIXED
constexpr auto text = ad::formula([](auto x) { return x * x; });
#else
constexpr auto text = ad::formula([](double x) { return x * x; });
#endif
