// SPDX-License-Identifier: BSD-3-Clause
// A chain of powers, as one expression: no Variable in between, so nothing but its result is ever stored.
#include <xautodiff/io.hpp>

#include <iostream>

namespace ad = xautodiff;
using namespace boost::hana::literals;

constexpr auto formula = [](auto x)
{
    auto y = ad::pow(x, 2_c);
    auto z = y * 3_c;
    auto w = ad::pow(z, 3_c);
    return ad::sum(w);
};

using matrix = std::array<std::array<double, 2>, 2>;
constexpr matrix ones{{{1, 1}, {1, 1}}};
// z is computed once, and its square is what value and derivative have in common.
static_assert(ad::formula<matrix>(formula) == "t0 = x * x * 3; sum(t0 * (t0 * t0))");
static_assert(ad::formula<matrix>(ad::grad(formula)) == "t0 = x * x * 3; t1 = t0 * t0; 2 * ((2 * t1 + t1) * 3 * x)");
static_assert(ad::value_and_grad(formula)(ones).value == 108);
static_assert(ad::grad(formula)(ones) == matrix{{{162, 162}, {162, 162}}});

int main()
{
    ad::Variable x(xt::ones<double>({2, 2}), ad::requires_grad);
    auto w = ad::pow(ad::pow(x, 2) * 3, 3);
    std::cout << w << '\n';
    auto out = ad::sum(w);
    std::cout << out << '\n';
    out.backward();
    std::cout << x.grad() << '\n';
}
