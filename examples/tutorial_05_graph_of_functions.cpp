// SPDX-License-Identifier: BSD-3-Clause
// A vector of one element, and a walk over the functions that made it.
#include <xautodiff/io.hpp>

#include <iostream>

namespace ad = xautodiff;
using namespace boost::hana::literals;

constexpr auto formula = [](auto x) { return ad::pow(x, 3_c) + 3_c; };
static_assert(ad::formula(formula) == "x * (x * x) + 3");
static_assert(ad::formula(ad::grad(formula)) == "t0 = x * x; 2 * t0 + t0");
static_assert(ad::value_and_grad(formula)(3.0).value == 30);
static_assert(ad::grad(formula)(3.0) == 27);

int main()
{
    ad::Variable x(xt::xtensor<double, 1>{3.0}, ad::requires_grad);
    ad::Variable y = ad::pow(x, 3) + 3;
    std::cout << y << '\n' << y.grad_fn() << '\n';

    // y is one record of two operations. Both can be seen, each with one entry for every operand; a constant has no function.
    const ad::function sum = y.grad_fn();
    std::cout << sum.next_functions() << '\n';
    const ad::function power = sum.next_functions()[0].function;
    std::cout << power.next_functions() << '\n';
    const ad::function leaf = power.next_functions()[0].function;
    std::cout << leaf.next_functions() << '\n';
    std::cout << leaf.name() << ' ' << power.name() << ' ' << sum.name() << '\n';

    // One element is scalar enough for backward() without a seed.
    y.backward();
    std::cout << x.grad() << '\n';

    ad::Variable z(xt::xtensor<double, 1>{5.0});
    std::cout << std::boolalpha << z.requires_grad() << '\n';

    // In place: whoever holds a reference to the gradient sees it too.
    const auto& gradient = x.grad();
    x.zero_grad();
    std::cout << gradient << '\n';
}
