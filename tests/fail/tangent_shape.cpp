// SPDX-License-Identifier: BSD-3-Clause
// A direction of another shape than the argument's.
// expect: xautodiff: the tangent of an argument must have the argument's shape
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

constexpr auto twice = [](auto x) { return x * 2; };

#ifdef FIXED
constexpr auto result = ad::jvp(twice, std::array{1.0, 2.0}, std::array{1.0, 0.0});
#else
constexpr auto result = ad::jvp(twice, std::array{1.0, 2.0}, 1.0);
#endif
