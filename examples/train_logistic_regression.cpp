// SPDX-License-Identifier: BSD-3-Clause
// Logistic regression by gradient descent. ad::bind plans the loss and its gradient once; every step then reads the weights
// where they lie and allocates nothing.
#include <xautodiff/xautodiff.hpp>

#include <cstdio>
#include <random>

namespace ad = xautodiff;
using vector = xt::xtensor<double, 1>;
using matrix = xt::xtensor<double, 2>;

// The mean of log(1 + exp(-y z)) for labels y of -1 and 1, where z = features · weights, and a little of the weights' size.
// Written with maximum and abs, so that exp() cannot overflow.
constexpr auto loss = [](auto weights, auto features, auto labels)
{
    auto margin = labels * ad::matmul(features, weights);
    auto log_loss = ad::maximum(-margin, 0.0) + ad::log1p(ad::exp(-ad::abs(margin)));
    return ad::mean(log_loss) + 0.001 * ad::sum(ad::square(weights));
};

// Undecided between a point on each side, it turns towards both. (clang's std::exp and std::log1p are no constant expressions.)
#ifndef __clang__
static_assert(ad::grad(loss)(std::array{0.0, 0.0}, std::array{std::array{1.0, 2.0}, std::array{3.0, 4.0}},
                             std::array{1.0, -1.0})
              == std::array{0.5, 0.5});
#endif

// Numbers in [0, 1), the same with every standard library (whose distributions differ).
double uniform(std::mt19937& generator) { return double(generator()) / 4294967296.0; }

int main()
{
    // Points in a square, on either side of a line, some of them on the wrong one.
    constexpr std::size_t count = 400;
    auto features = matrix::from_shape({count, 3});
    auto labels = vector::from_shape({count});
    std::mt19937 generator(7);
    for (std::size_t i = 0; i < count; ++i)
    {
        features(i, 0) = 2 * uniform(generator) - 1;
        features(i, 1) = 2 * uniform(generator) - 1;
        features(i, 2) = 1;
        const double noise = 0.5 * (uniform(generator) - 0.5);
        labels(i) = 2 * features(i, 0) - features(i, 1) + 0.3 + noise > 0 ? 1 : -1;
    }

    vector weights{0, 0, 0};
    auto step = ad::bind(loss, weights, features, labels);
    for (int i = 0; i <= 200; ++i)
    {
        const double now = step.value_and_grad();
        if (i % 20 == 0)
        {
            std::printf("step %3d  loss %.6f\n", i, now);
        }
        weights -= 2.0 * step.grad();
    }

    std::size_t correct = 0;
    for (std::size_t i = 0; i < count; ++i)
    {
        const double z = features(i, 0) * weights[0] + features(i, 1) * weights[1] + weights[2];
        correct += z * labels(i) > 0;
    }
    std::printf("weights %.4f %.4f %.4f\n", weights[0], weights[1], weights[2]);
    std::printf("%zu of %zu right\n", correct, count);
}
