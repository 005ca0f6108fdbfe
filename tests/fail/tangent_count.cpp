// SPDX-License-Identifier: BSD-3-Clause
// One direction for two arguments.
// expect: xautodiff: jvp needs as many tangents as there are arguments
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

constexpr auto product = [](auto x, auto y) { return x * y; };

#ifdef FIXED
constexpr auto result = ad::jvp(product, std::tuple{1.0, 2.0}, std::tuple{1.0, 0.0});
#else
constexpr auto result = ad::jvp(product, std::tuple{1.0, 2.0}, std::tuple{1.0});
#endif
