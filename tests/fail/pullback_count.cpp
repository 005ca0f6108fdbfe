// SPDX-License-Identifier: BSD-3-Clause
// An operation of the user with its own pullback, which forgets an operand.
// expect: xautodiff: an operation's pullback must give one gradient for each operand that is a Variable
#include <xautodiff/core.hpp>
#include <xautodiff/variable/apply.hpp>

namespace ad = xautodiff;

struct product
{
    static constexpr std::string_view name = "product";
    struct context
    {
        ad::saved<double> x, y;
    };
    static auto forward(context& c, const auto& x, const auto& y)
    {
        c = {x, y};
        return x * y;
    }
    static auto pullback(const context& c, const auto& g)
    {
#ifdef FIXED
        return std::tuple{g * c.y.get(), g * c.x.get()};
#else
        return g * c.y.get();
#endif
    }
};
ad::Variable<double> x(1.0, ad::requires_grad);
ad::Variable<double> y = ad::apply<product>(x, x);
