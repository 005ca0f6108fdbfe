// SPDX-License-Identifier: BSD-3-Clause
// A constant whose shapes depend on a number that no type knows.
// expect: not_in_constant_expressions_unless_axes_and_extents_are_written_as_0_c
#include <xautodiff/core.hpp>

namespace ad = xautodiff;
using namespace boost::hana::literals;

#ifdef FIXED
constexpr auto g =
    ad::grad([](auto x) { return ad::sum(ad::square(ad::sum(x, 0_c))); })(std::array<std::array<double, 2>, 2>{});
#else
constexpr auto g =
    ad::grad([](auto x) { return ad::sum(ad::square(ad::sum(x, 0))); })(std::array<std::array<double, 2>, 2>{});
#endif
