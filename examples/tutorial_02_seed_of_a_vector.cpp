// SPDX-License-Identifier: BSD-3-Clause
// backward(v) of a vector z: the vector v times the Jacobian of z.
#include <xautodiff/io.hpp>

#include <iostream>

namespace ad = xautodiff;
using namespace boost::hana::literals;

// v times the Jacobian is the gradient of the inner product of v and z: at compile time, on std::array.
using vector = std::array<double, 3>;
constexpr auto z_of = [](auto x) { return ad::pow(x, 2_c) * 3_c; };
constexpr auto weighted = [](auto x, auto v) { return ad::sum(v * z_of(x)); };
static_assert(ad::formula<vector>(z_of) == "x * x * 3");
static_assert(ad::formula<vector, vector>(ad::grad(weighted)) == "2 * (y * 3 * x)");
static_assert(ad::grad(weighted)(vector{1, 1, 1}, vector{0.1, 1, 10}) == vector{6 * 0.1, 6, 60});

int main()
{
    ad::Variable x(xt::ones<double>({3}), ad::requires_grad);
    ad::Variable y = ad::pow(x, 2);
    ad::Variable z = y * 3;
    std::cout << x << ' ' << y << ' ' << z << '\n';

    z.backward(xt::xtensor<double, 1>{0.1, 1.0, 10.0});
    std::cout << x.grad() << '\n';
}
