// SPDX-License-Identifier: BSD-3-Clause
#include <xautodiff/io.hpp>
#include <xautodiff/xautodiff.hpp>

#include <iostream>

namespace ad = xautodiff;

int main()
{
    ad::Variable x(xt::xarray<double>{1, 2, 3}, ad::requires_grad);
    ad::Variable y = ad::dot(x, x);  // goes to BLAS: the package must link it
    y.backward();
    std::cout << x.grad()(0) << ' ' << x.grad()(1) << ' ' << x.grad()(2) << '\n';
}
