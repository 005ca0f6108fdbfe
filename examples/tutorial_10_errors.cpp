// SPDX-License-Identifier: BSD-3-Clause
// What goes wrong is said in PyTorch's words. What the types know already is an error of the compiler: see tests/fail.
#include <xautodiff/io.hpp>

#include <array>
#include <iostream>

namespace ad = xautodiff;

// What is recorded below: each element is read once, though the formula names it twice.
constexpr auto sum_of_squares = [](auto x) { return ad::sum(x * x); };
using vector = std::array<double, 3>;
static_assert(ad::formula<vector>(sum_of_squares) == "sum(x * x)");
static_assert(ad::grad(sum_of_squares)(vector{1, 2, 3}) == vector{2, 4, 6});

// Runs what must fail, and prints what it says.
void attempt(auto f)
{
    try
    {
        f();
        std::cout << "no error\n";
    }
    catch (const ad::error& e)
    {
        std::cout << e.what() << '\n';
    }
}

int main()
{
    ad::Variable x(xt::xarray<double>{1.0, 1.0, 1.0}, ad::requires_grad);

    // The gradient of a vector is asked for without a seed.
    attempt([&] { (x * 2).backward(); });

    // Shapes that do not fit. An expression is lazy: it tells when it is evaluated.
    attempt([&] { std::cout << x + xt::xarray<double>{1.0, 1.0}; });

    // The same record is used up twice.
    ad::Variable y = sum_of_squares(x);
    y.backward();
    attempt([&] { y.backward(); });

    // Nothing to differentiate.
    attempt([&] { ad::sum(ad::Variable(xt::xarray<double>{1.0, 1.0, 1.0})).backward(); });

    // Integers have no derivative. Where the type shows it, this does not compile.
    attempt([&] { ad::Variable(xt::xarray<int>{1, 2}).requires_grad_(); });

    // A value is changed between its use and backward.
    y = sum_of_squares(x);
    x.mutable_data() *= 2;
    attempt([&] { y.backward(); });

    // A gradient that was never computed.
    attempt([&] { std::cout << ad::Variable(2.0).grad(); });
}
