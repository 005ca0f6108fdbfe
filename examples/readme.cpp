// SPDX-License-Identifier: BSD-3-Clause
#include <xautodiff/io.hpp>

#include <iostream>

namespace ad = xautodiff;

constexpr auto cube = [](auto x) { return x * x * x; };
static_assert(ad::grad(cube)(2.0) == 12.0);  // the compiler has the gradient
static_assert(ad::grad(ad::grad(cube))(2.0) == 12.0);

int main()
{
    std::cout << ad::formula(ad::grad([](auto x) { return ad::sin(x) * x; })) << '\n';

    ad::Variable x(xt::xarray<double>{{1., 1.}, {1., 1.}}, ad::requires_grad);
    auto y = x + 2;                  // static: its type is its graph
    auto out = ad::mean(y * y * 3);  // y is computed once
    out.backward();
    std::cout << out << '\n' << x.grad() << '\n';
}
