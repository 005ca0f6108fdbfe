// SPDX-License-Identifier: BSD-3-Clause
// A differentiated function without a result.
// expect: xautodiff: the differentiated function returns nothing; end it with `return`
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

#ifdef FIXED
const double g = ad::grad([](auto x) { return x * x; })(2.0);
#else
const double g = ad::grad([](auto x) { x* x; })(2.0);
#endif
