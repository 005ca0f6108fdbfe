// SPDX-License-Identifier: BSD-3-Clause
#include <xautodiff/xautodiff.hpp>

#include <cstdio>

namespace ad = xautodiff;

int main()
{
    const xt::xtensor<double, 1> y{1, -1, 1, -1}, s{0.5, 0.25, -1.5, 2};
    const auto loss = [](auto s, auto y) { return ad::sum(ad::log1p(ad::exp(-y * s))) + 0.5 * ad::sum(s * s); };
    const auto [value, gradient] = ad::value_and_grad(loss)(s, y);
    std::printf("%g %g\n", value, gradient(0));
}
