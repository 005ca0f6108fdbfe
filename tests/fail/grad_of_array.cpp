// SPDX-License-Identifier: BSD-3-Clause
// The gradient of a function whose result is an array.
// expect: xautodiff: grad can be implicitly created only for scalar outputs: the function returns an array; reduce it
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

const std::array x{1.0, 2.0};
#ifdef FIXED
const auto g = ad::grad([](auto v) { return ad::sum(v * 2); })(x);
#else
const auto g = ad::grad([](auto v) { return v * 2; })(x);
#endif
