// SPDX-License-Identifier: BSD-3-Clause
#include <Eigen/Core>
// It wants what comes before it.
#include <unsupported/Eigen/AutoDiff>

#include <cstdio>

int main()
{
    using number = Eigen::AutoDiffScalar<Eigen::Vector4d>;
    const double y[] = {1, -1, 1, -1};
    const number s[] = {{0.5, 4, 0}, {0.25, 4, 1}, {-1.5, 4, 2}, {2, 4, 3}};
    number value(0, Eigen::Vector4d::Zero());
    for (int i = 0; i < 4; ++i)
    {
        const number t = exp(-y[i] * s[i]);
        value += log(1 + t) + 0.5 * s[i] * s[i];
    }
    std::printf("%g %g\n", value.value(), value.derivatives()[0]);
}
