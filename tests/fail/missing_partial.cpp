// SPDX-License-Identifier: BSD-3-Clause
// An operation of two operands with one partial derivative.
// expect: xautodiff: this operation's `partials` must return a std::tuple with one partial derivative for every operand
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

struct product
{
    static constexpr std::string_view name = "product";
    static constexpr auto value(const auto& a, const auto& b) { return a * b; }
#ifdef FIXED
    static constexpr auto partials(const auto&, const auto& a, const auto& b) { return std::tuple{b, a}; }
};
const double g = ad::grad([](auto x) { return ad::apply<product>(x, x); })(2.0);
#else
    static constexpr auto partials(const auto&, const auto&, const auto& b) { return std::tuple{b}; }
};
const double g = ad::grad([](auto x) { return ad::apply<product>(x, x); })(2.0);
#endif
