// SPDX-License-Identifier: BSD-3-Clause
// An argument that is no array that the library knows.
// expect: xautodiff: the arguments of a differentiated function are numbers, std::array of numbers, or containers of xtensor's
#include <xautodiff/xautodiff.hpp>

#include <array>
#include <vector>

namespace ad = xautodiff;

#ifdef FIXED
const auto g = ad::grad([](auto x) { return ad::sum(x); })(std::array{1.0, 2.0});
#else
const auto g = ad::grad([](auto x) { return ad::sum(x); })(std::vector{1.0, 2.0});
#endif
