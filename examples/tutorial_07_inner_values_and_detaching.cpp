// SPDX-License-Identifier: BSD-3-Clause
// What becomes of the values in between, and how to leave the graph.
#include <xautodiff/io.hpp>

#include <iostream>

namespace ad = xautodiff;
using namespace boost::hana::literals;

using matrix = std::array<std::array<double, 2>, 2>;
constexpr auto formula = [](auto x) { return ad::sum((x + 2_c) * (x - 2_c)); };
static_assert(ad::formula<matrix>(formula) == "sum((x + 2) * (x - 2))");
static_assert(ad::formula<matrix>(ad::grad(formula)) == "x + 2 + (x - 2)");
static_assert(ad::value_and_grad(formula)(matrix{{{1, 2}, {3, 4}}}).value == 14);
static_assert(ad::grad(formula)(matrix{{{1, 2}, {3, 4}}}) == matrix{{{2, 4}, {6, 8}}});

int main()
{
    std::cout << std::boolalpha;
    ad::Variable x(xt::xtensor<double, 2>{{1.0, 2.0}, {3.0, 4.0}}, ad::requires_grad);
    ad::Variable x1 = x + 2;
    ad::Variable x2 = x - 2;
    std::cout << x1 << ' ' << x2 << '\n';
    ad::Variable x3 = x1 * x2;
    std::cout << x3 << '\n';
    ad::Variable y = ad::sum(x3);
    std::cout << y << '\n';

    y.backward();
    std::cout << x.grad() << '\n';
    std::cout << x.is_leaf() << ' ' << x3.is_leaf() << '\n';
    try
    {
        std::cout << x3.grad() << '\n';
    }
    catch (const ad::no_gradient& e)
    {
        std::cout << e.what() << '\n';
    }

    // detach: the same numbers, outside the graph.
    ad::Variable d = x1.detach();
    std::cout << d << '\n' << d.requires_grad() << ' ' << d.is_leaf() << ' ' << d.grad_fn() << '\n';
    std::cout << x1.requires_grad() << '\n';

    // detach_: x1 itself leaves, and is a constant of all that follows.
    x1.detach_();
    std::cout << x1 << '\n' << x1.requires_grad() << ' ' << x1.is_leaf() << ' ' << x1.grad_fn() << '\n';
    x3 = x1 * (x - 2);
    ad::sum(x3).backward();
    std::cout << x.grad() << '\n';
}
