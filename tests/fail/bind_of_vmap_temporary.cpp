// SPDX-License-Identifier: BSD-3-Clause
// A mapped function bound to a temporary, which would be gone when it is read.
// expect: xautodiff: bind refers to its arguments, so they must be variables that outlive it, not temporaries
#include <xautodiff/core.hpp>
#include <xautodiff/functional/vmap.hpp>

namespace ad = xautodiff;

constexpr auto g = [](auto v) { return ad::exp(v) * v; };
const std::array x{1.0, 2.0};
#ifdef FIXED
auto p = ad::bind(ad::vmap(g), x);
#else
auto p = ad::bind(ad::vmap(g), std::array{1.0, 2.0});
#endif
