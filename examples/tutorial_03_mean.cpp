// SPDX-License-Identifier: BSD-3-Clause
// A mean. y is used twice and computed once; backward() of a number is backward(1).
#include <xautodiff/io.hpp>

#include <iostream>

namespace ad = xautodiff;
using namespace boost::hana::literals;

constexpr auto formula = [](auto x)
{
    auto y = x + 2_c;
    return ad::mean(y * y * 3_c);
};

using matrix = std::array<std::array<double, 2>, 2>;
constexpr matrix ones{{{1, 1}, {1, 1}}};
static_assert(ad::formula<matrix>(formula) == "t0 = x + 2; sum(t0 * t0 * 3) / 4");
static_assert(ad::value_and_grad(formula)(ones).value == 27);
static_assert(ad::grad(formula)(ones) == matrix{{{4.5, 4.5}, {4.5, 4.5}}});

int main()
{
    ad::Variable x(xt::ones<double>({2, 2}), ad::requires_grad);
    ad::Variable y = x + 2;
    std::cout << y << '\n';
    ad::Variable z = y * y * 3;
    ad::Variable out = ad::mean(z);
    std::cout << z << ' ' << out << '\n' << out.grad_fn() << '\n';

    out.backward();
    std::cout << x.grad() << '\n';

    // From here on nothing is recorded but `y`: an expression is a formula until a Variable or backward() wants it.
    x.clear_grad();
    ad::mean(y * y * 3).backward(1.0);
    std::cout << x.grad() << '\n';
}
