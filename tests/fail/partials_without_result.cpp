// SPDX-License-Identifier: BSD-3-Clause
// An operation whose partials forget the result among their arguments.
// expect: xautodiff: this operation's `partials` must take the result y and then every operand
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

struct cube
{
    static constexpr std::string_view name = "cube";
    static constexpr auto value(const auto& x) { return x * x * x; }
#ifdef FIXED
    static constexpr auto partials(const auto& y, const auto& x) { return std::tuple{3 * y / x}; }
};
const double g = ad::grad([](auto x) { return ad::apply<cube>(x); })(2.0);
#else
    static constexpr auto partials(const auto& x) { return std::tuple{3 * x * x}; }
};
const double g = ad::grad([](auto x) { return ad::apply<cube>(x); })(2.0);
#endif
