// SPDX-License-Identifier: BSD-3-Clause
#include <Sacado_trad.hpp>

#include <cstdio>
#include <vector>

int main()
{
    using number = Sacado::Rad::ADvar<double>;
    const std::vector<double> y{1, -1, 1, -1};
    std::vector<number> s{0.5, 0.25, -1.5, 2.};
    number value = 0;
    for (std::size_t i = 0; i < y.size(); ++i)
    {
        value += log(1 + exp(-y[i] * s[i])) + 0.5 * s[i] * s[i];
    }
    number::Gradcomp();
    std::printf("%g %g\n", value.val(), s[0].adj());
}
