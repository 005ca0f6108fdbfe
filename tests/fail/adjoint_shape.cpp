// SPDX-License-Identifier: BSD-3-Clause
// An adjoint of another shape than the value's.
// expect: xautodiff: the adjoint of a value must have the value's shape
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

constexpr auto twice = [](auto x) { return x * 2; };

#ifdef FIXED
constexpr auto result = ad::vjp(twice, std::array{1.0, 2.0}).pullback(std::array{1.0, 0.0});
#else
constexpr auto result = ad::vjp(twice, std::array{1.0, 2.0}).pullback(1.0);
#endif
