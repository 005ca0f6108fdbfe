// SPDX-License-Identifier: BSD-3-Clause
// vmap, which computes values, called inside of a formula.
// expect: xautodiff: vmap computes values; inside a formula call the function itself: on arrays it works element by element
#include <xautodiff/core.hpp>
#include <xautodiff/functional/vmap.hpp>

namespace ad = xautodiff;

constexpr auto g = [](auto v) { return ad::exp(v) * v; };
const std::array x{1.0, 2.0};
#ifdef FIXED
const auto y = ad::grad([](auto v) { return ad::sum(g(v)); })(x);
#else
const auto y = ad::grad([](auto v) { return ad::sum(ad::vmap(g)(v)); })(x);
#endif
