// SPDX-License-Identifier: BSD-3-Clause
// xtensor alone: the gradient is written out.
#include <xtensor/xmath.hpp>
#include <xtensor/xtensor.hpp>

#include <cstdio>

int main()
{
    const xt::xtensor<double, 1> y{1, -1, 1, -1}, s{0.5, 0.25, -1.5, 2};
    const xt::xtensor<double, 1> t = xt::exp(-y * s);
    const double value = xt::sum(xt::log1p(t))() + 0.5 * xt::sum(s * s)();
    const xt::xtensor<double, 1> gradient = s - y * t / (1 + t);
    std::printf("%g %g\n", value, gradient(0));
}
