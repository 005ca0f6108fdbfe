// SPDX-License-Identifier: BSD-3-Clause
// A function that looks at values, differentiated twice: it has no formula.
// expect: xautodiff: a function wrapped in ad::dynamic has no formula|xautodiff: the gradient of a function wrapped in ad::dynamic is taken at numbers and arrays
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

constexpr auto square = [](auto x) { return x * x; };

#ifdef FIXED
const double g = ad::grad(ad::grad(square))(2.0);
#else
const double g = ad::grad(ad::grad(ad::dynamic(square)))(2.0);
#endif
