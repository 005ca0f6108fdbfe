// SPDX-License-Identifier: BSD-3-Clause
// A sum over an axis that the operand's type shows not to be there.
// expect: xautodiff: the type of this operand tells its rank, and there is no such axis: axes go from -rank to rank - 1
#include <xautodiff/core.hpp>

namespace ad = xautodiff;
using namespace boost::hana::literals;

constexpr auto rows = [](auto x, auto axis) { return ad::sum(ad::sum(x, axis)); };
constexpr std::array<std::array<double, 2>, 2> m{{{1, 2}, {3, 4}}};

#ifdef FIXED
const auto g = ad::grad([](auto x) { return rows(x, 1_c); })(m);
#else
const auto g = ad::grad([](auto x) { return rows(x, 2_c); })(m);
#endif
