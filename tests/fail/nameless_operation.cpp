// SPDX-License-Identifier: BSD-3-Clause
// An operation of the user without a name.
// expect: xautodiff: an operation needs a name: `static constexpr std::string_view name
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

struct cube
{
    static constexpr auto value(const auto& x) { return x * x * x; }
    static constexpr auto partials(const auto&, const auto& x) { return std::tuple{3 * x * x}; }
#ifdef FIXED
    static constexpr std::string_view name = "cube";
};
const double g = ad::grad([](auto x) { return ad::apply<cube>(x); })(2.0);
#else
};
const double g = ad::grad([](auto x) { return ad::apply<cube>(x); })(2.0);
#endif
