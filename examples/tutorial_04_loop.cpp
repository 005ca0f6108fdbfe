// SPDX-License-Identifier: BSD-3-Clause
// A loop that runs until the data says stop. No type can know how often: a Variable records what happens.
#include <xautodiff/io.hpp>

#include <iostream>
#include <random>

namespace ad = xautodiff;
using vector = xt::xtensor<double, 1>;

// One statement of the loop: this is what a record holds, with its derivative.
using fixed_vector = std::array<double, 3>;
constexpr auto doubled = [](auto y) { return y * 2; };
static_assert(ad::formula<fixed_vector>(doubled) == "x * 2");
static_assert(ad::vjp(doubled, fixed_vector{1, 2, 3}).pullback(fixed_vector{0.1, 1, 10}) == fixed_vector{0.2, 2, 20});

// Doubles x until it is long; also says how often.
auto double_until_long(const ad::Variable<vector>& x)
{
    ad::Variable y = x * 2;
    int doublings = 0;
    while (ad::norm_l2(y.data()) < 1000)
    {
        y = y * 2;
        ++doublings;
    }
    return std::pair{ad::Variable<vector>(y), doublings};
}

int main()
{
    const vector v{0.1, 1.0, 0.0001};

    const vector starts[] = {vector{-132.2659, 457.3291, -950.7308} / 1024,
                             vector{-1154.3105, 195.3638, -919.3580} / 512};
    for (const vector& start : starts)
    {
        ad::Variable x(start);
        std::cout << x.requires_grad_() << '\n';
        auto [y, doublings] = double_until_long(x);
        std::cout << doublings << '\n' << y << '\n';
        y.backward(v);
        std::cout << x.grad() << '\n';
    }

    // Wherever it starts, the gradient is v times the power of two that the loop took.
    std::mt19937 generator(3);
    std::normal_distribution<double> normal;
    ad::Variable x(vector{normal(generator), normal(generator), normal(generator)}, ad::requires_grad);
    auto [y, doublings] = double_until_long(x);
    y.backward(v);
    std::cout << (x.grad() == v * std::exp2(doublings + 1) ? "True" : "False") << '\n';
}
