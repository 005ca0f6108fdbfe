// SPDX-License-Identifier: BSD-3-Clause
// An operation of the user with a forward and a context, but without a pullback.
// expect: xautodiff: this operation has no rule for its derivative: give it a `static auto pullback\(const context&, const auto&... adjoint\)`
#include <xautodiff/core.hpp>
#include <xautodiff/variable/apply.hpp>

namespace ad = xautodiff;

struct square
{
    static constexpr std::string_view name = "square";
    struct context
    {
        ad::saved<double> x;
    };
    static auto forward(context& c, const auto& x)
    {
        c.x = x;
        return x * x;
    }
#ifdef FIXED
    static auto pullback(const context& c, const auto& g) { return 2 * g * c.x.get(); }
#endif
};
ad::Variable<double> x(1.0, ad::requires_grad);
ad::Variable<double> y = ad::apply<square>(x);
