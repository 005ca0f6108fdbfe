// SPDX-License-Identifier: BSD-3-Clause
// A result of std::arrays whose extent depends on numbers of the run.
// expect: xautodiff: the shape of this result of std::arrays is known at run time only; give axes and ranges as constants
#include <xautodiff/core.hpp>

#include <boost/hana/integral_constant.hpp>

namespace ad = xautodiff;
using namespace boost::hana::literals;

#ifdef FIXED
constexpr auto rest = [](auto x) { return ad::view(x, ad::range(1_c, ad::end)); };
#else
constexpr auto rest = [](auto x) { return ad::view(x, ad::range(1, ad::end)); };
#endif
const auto value = ad::vjp(rest, std::array{1.0, 2.0, 3.0}).value;
