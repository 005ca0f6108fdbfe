// SPDX-License-Identifier: BSD-3-Clause
// A differentiated function that asks its argument for its number, without ad::dynamic.
// expect: xautodiff: this function looks at the value of an expression .* wrap it: ad::grad\(ad::dynamic\(f\)\)\(x\)
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

const auto scaled = [](auto x) { return x * (x.item() < 10 ? 2.0 : 3.0); };
#ifdef FIXED
const double g = ad::grad(ad::dynamic(scaled))(2.0);
#else
const double g = ad::grad(scaled)(2.0);
#endif
