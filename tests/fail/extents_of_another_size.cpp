// SPDX-License-Identifier: BSD-3-Clause
// Extents and an array, both known to the type, that do not fit.
// expect: xautodiff: these axes, extents or indices do not fit the operand's shape, as far as its type tells it
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

#ifdef FIXED
using extents = std::integer_sequence<int, 2, -1>;
#else
using extents = std::integer_sequence<int, 3, -1>;
#endif
const auto g =
    ad::grad([](auto x) { return ad::sum(ad::square(ad::reshape(x, extents{}))); })(std::array{1.0, 2.0, 3.0, 4.0});
