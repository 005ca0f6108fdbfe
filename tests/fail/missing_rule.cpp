// SPDX-License-Identifier: BSD-3-Clause
// An operation of the user without its derivative.
// expect: xautodiff: this operation has no rule for its derivative: give it `static constexpr auto partials
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

struct cube
{
    static constexpr std::string_view name = "cube";
    static constexpr auto value(const auto& x) { return x * x * x; }
#ifdef FIXED
    static constexpr auto partials(const auto&, const auto& x) { return std::tuple{3 * x * x}; }
};
const double g = ad::grad([](auto x) { return ad::apply<cube>(x); })(2.0);
#else
};
const double g = ad::grad([](auto x) { return ad::apply<cube>(x); })(2.0);
#endif
