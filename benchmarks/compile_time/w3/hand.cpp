// SPDX-License-Identifier: BSD-3-Clause
// No library: a loop.
#include <cmath>
#include <cstdio>
#include <vector>

int main()
{
    const std::vector<double> y{1, -1, 1, -1}, s{0.5, 0.25, -1.5, 2};
    std::vector<double> gradient(s.size());
    double value = 0;
    for (std::size_t i = 0; i < s.size(); ++i)
    {
        const double t = std::exp(-y[i] * s[i]);
        value += std::log1p(t) + 0.5 * s[i] * s[i];
        gradient[i] = s[i] - y[i] * t / (1 + t);
    }
    std::printf("%g %g\n", value, gradient[0]);
}
