// SPDX-License-Identifier: BSD-3-Clause
// One adjoint for a function of two results.
// expect: xautodiff: the function returns several values: give the pullback a tuple of adjoints
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

constexpr auto both = [](auto x) { return std::tuple{x * 2, x * x}; };

#ifdef FIXED
constexpr auto result = ad::vjp(both, 3.0).pullback(std::tuple{1.0, 1.0});
#else
constexpr auto result = ad::vjp(both, 3.0).pullback(1.0);
#endif
