// SPDX-License-Identifier: BSD-3-Clause
// An operation of the user with a forward and a pullback, but without a context.
// expect: xautodiff: an operation with a `forward` needs a `struct context`
#include <xautodiff/core.hpp>
#include <xautodiff/variable/apply.hpp>

namespace ad = xautodiff;

struct twice
{
    static constexpr std::string_view name = "twice";
#ifdef FIXED
    struct context
    {
    };
    static auto forward(context&, const auto& x) { return 2 * x; }
    static auto pullback(const context&, const auto& g) { return 2 * g; }
#else
    static auto forward(const auto& x) { return 2 * x; }
    static auto pullback(const auto& g) { return 2 * g; }
#endif
};
ad::Variable<double> x(1.0, ad::requires_grad);
ad::Variable<double> y = ad::apply<twice>(x);
