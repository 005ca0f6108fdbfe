// SPDX-License-Identifier: BSD-3-Clause
// A differentiated function that takes numbers only.
// expect: xautodiff: the differentiated function cannot be called with these expressions: it must be generic, `\[\]\(auto x\) \{ \.\.\. \}`, not `\[\]\(double x\)`, take as many arguments
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

#ifdef FIXED
const double g = ad::grad([](auto x) { return x * x; })(2.0);
#else
const double g = ad::grad([](double x) { return x * x; })(2.0);
#endif
