// SPDX-License-Identifier: BSD-3-Clause
// Variables of a program that are called as our parameters are: no warning comes from the headers.
double x, y, f, g, n, i, k;  // before the headers

#include <xautodiff/xautodiff.hpp>

double s, w, v, out, node, a, b, c, t;  // and after

namespace ad = xautodiff;

namespace
{
    constexpr auto formula = [](auto p, auto q)
    { return ad::sum(p * q * 2.0) + ad::mean(ad::norm_l2(p, 0)) + ad::sum(ad::view(q, ad::range(0, 1), 1)); };
    using matrix = xt::xtensor<double, 2>;
}

double every_layer(const matrix& m)
{
    auto bound = ad::bind(formula, m, m);
    const auto [value, pullback] = ad::vjp([](auto p) { return ad::exp(p); }, m);
    ad::Variable z(m, ad::requires_grad);
    ad::sum(z * z).backward();
    return bound.value_and_grad() + std::get<1>(ad::grad<0, 1>(formula)(m, m))(0, 0) + pullback(value)(0, 0)
           + ad::jacobian([](auto p) { return p * p; })(m)(0, 0, 0, 0)
           + ad::hvp([](auto p) { return ad::sum(p * p * p); }, m, m)(0, 0) + z.grad()(0, 0)
           + double(ad::formula<matrix, matrix>(formula).size());
}
