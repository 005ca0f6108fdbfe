// SPDX-License-Identifier: BSD-3-Clause
// A differentiated function that computes with the standard library's functions.
// expect: compute with this library's functions, `ad::sin\(x\)`, not `std::sin\(x\)`
#include <xautodiff/core.hpp>

#include <cmath>

namespace ad = xautodiff;

#ifdef FIXED
const double g = ad::grad([](auto x) { return ad::sin(x) * x; })(2.0);
#else
const double g = ad::grad([](auto x) { return std::sin(x) * x; })(2.0);
#endif
