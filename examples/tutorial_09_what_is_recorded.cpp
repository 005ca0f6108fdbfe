// SPDX-License-Identifier: BSD-3-Clause
// Who is on record: only what depends on a Variable that asks for its gradient, and nothing under no_grad.
#include <xautodiff/io.hpp>

#include <iostream>
#include <random>

namespace ad = xautodiff;
using namespace boost::hana::literals;

constexpr auto squares = [](auto a) { return ad::sum(a * a); };
static_assert(ad::formula<std::array<double, 3>>(squares) == "sum(x * x)");
static_assert(ad::formula<std::array<double, 3>>(ad::grad(squares)) == "2 * x");
static_assert(ad::grad(squares)(std::array{1.0, 2.0, 3.0}) == std::array{2.0, 4.0, 6.0});

int main()
{
    std::cout << std::boolalpha;

    // Nobody has asked: these operations leave no trace.
    std::mt19937 generator(1);
    std::normal_distribution<double> normal;
    const auto random = [&] { return normal(generator); };
    ad::Variable a(xt::xtensor<double, 2>{{random(), random()}, {random(), random()}});
    a = (a * 3) / (a - 1);
    std::cout << a.requires_grad() << '\n';
    std::cout << a.requires_grad_(true).requires_grad() << '\n';
    ad::Variable b = ad::sum(a * a);
    std::cout << b.grad_fn() << '\n';
    b.backward();
    std::cout << (a.grad() == 2 * a.data()) << "\n\n";

    ad::Variable x(xt::ones<double>({2, 2}), ad::requires_grad);
    std::cout << x.requires_grad() << '\n' << ad::pow(x, 2).requires_grad() << '\n';
    {
        ad::no_grad guard;
        std::cout << ad::pow(x, 2).requires_grad() << '\n';
    }

    std::cout << ad::sum(x) << '\n' << ad::sqrt(x) << '\n' << ad::pow(x, 2) << '\n';
    std::cout << ad::sum(x).grad_fn() << ' ' << ad::sqrt(x).grad_fn() << ' ' << ad::pow(x, 2).grad_fn() << '\n';
}
