// SPDX-License-Identifier: BSD-3-Clause
// vmap of a function that computes a number from an array of its own.
// expect: xautodiff: vmap takes a function of numbers: this one computes with whole arrays
#include <xautodiff/core.hpp>
#include <xautodiff/functional/vmap.hpp>

namespace ad = xautodiff;

const std::array x{1.0, 2.0};
const std::array w{3.0, 4.0};
#ifdef FIXED
const auto y = ad::vmap([](auto v) { return ad::exp(v) * 7; })(x);
#else
const auto y = ad::vmap([](auto v) { return ad::sum(ad::exp(v) * w); })(x);
#endif
