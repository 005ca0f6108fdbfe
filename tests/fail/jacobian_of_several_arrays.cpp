// SPDX-License-Identifier: BSD-3-Clause
// The Jacobian of several arrays has no one shape.
// expect: xautodiff: jacobian of a function that returns several arrays: take one at a time
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

#ifdef FIXED
constexpr auto result = ad::jacobian(
    [](auto x) {
        return std::tuple{ad::sum(x), ad::sum(x * x)};
    })(std::array{1.0, 2.0});
#else
constexpr auto result = ad::jacobian([](auto x) { return std::tuple{x, x * x}; })(std::array{1.0, 2.0});
#endif
