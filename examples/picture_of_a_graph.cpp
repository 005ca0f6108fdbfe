// SPDX-License-Identifier: BSD-3-Clause
// Looking at what is computed. The output is for Graphviz: `picture_of_a_graph | dot -Tsvg -O` makes two pictures.
#include <xautodiff/xautodiff.hpp>

#include <iostream>

namespace ad = xautodiff;

constexpr auto wave = [](auto x, auto y)
{
    auto swing = ad::sin(x * y);
    return swing * swing + ad::exp(-x);
};

// What is written twice is computed once. Of what the gradient does not need, nothing is left.
static_assert(ad::formula(wave) == "t0 = sin(x * y); t0 * t0 + exp(-x)");
static_assert(ad::formula(ad::grad(wave)) == "t0 = x * y; 2 * sin(t0) * cos(t0) * y - exp(-x)");

int main()
{
    std::cout << "// " << ad::formula(wave) << '\n' << ad::to_dot(wave) << '\n';
    std::cout << "// " << ad::formula(ad::grad<0, 1>(wave)) << '\n' << ad::to_dot(ad::grad<0, 1>(wave));
}
