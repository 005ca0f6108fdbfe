// SPDX-License-Identifier: BSD-3-Clause
// vmap of a function that reads an array of its own.
// expect: xautodiff: vmap takes a function of numbers: it reads an array or returns one
#include <xautodiff/core.hpp>
#include <xautodiff/functional/vmap.hpp>

namespace ad = xautodiff;

const std::array x{1.0, 2.0};
const std::array w{3.0, 4.0};
#ifdef FIXED
const auto y = ad::vmap([](auto v, auto u) { return v * u; })(x, w);
#else
const auto y = ad::vmap([](auto v) { return v * w; })(x);
#endif
