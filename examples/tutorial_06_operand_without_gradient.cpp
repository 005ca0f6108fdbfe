// SPDX-License-Identifier: BSD-3-Clause
// Gradients are for those who ask: x2 is a constant, and nothing is computed for it.
#include <xautodiff/io.hpp>

#include <iostream>

namespace ad = xautodiff;
using namespace boost::hana::literals;

using vector = std::array<double, 2>;
constexpr auto formula = [](auto x1, auto x2) { return ad::sum(x1 * 2_c + x2); };
static_assert(ad::formula<vector, vector>(formula) == "sum(x * 2 + y)");
static_assert(ad::grad(formula)(vector{1, 1}, vector{1, 1}) == vector{2, 2});
static_assert(ad::grad<0, 1>(formula)(vector{1, 1}, vector{1, 1}) == std::tuple(vector{2, 2}, vector{1, 1}));

int main()
{
    ad::Variable x1(xt::ones<double>({2}), ad::requires_grad);
    ad::Variable x2(xt::ones<double>({2}));
    ad::Variable y = x1 * 2 + x2;
    std::cout << y << '\n';
    std::cout << std::boolalpha << x1.requires_grad() << ' ' << x2.requires_grad() << ' ' << y.requires_grad() << '\n';

    y.backward(xt::xtensor<double, 1>{1.0, 1.0});
    std::cout << x1.grad() << '\n' << x2.has_grad() << '\n';
}
