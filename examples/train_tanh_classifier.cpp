// SPDX-License-Identifier: BSD-3-Clause
// A network of two layers learns three interleaved spirals: tanh, then the cross entropy of a softmax, by gradient descent.
#include <xautodiff/xautodiff.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <random>

namespace ad = xautodiff;
using namespace boost::hana::literals;
using vector = xt::xtensor<double, 1>;
using matrix = xt::xtensor<double, 2>;

constexpr std::size_t classes = 3, per_class = 60, count = classes * per_class, hidden = 24;

// One row of scores for each point.
constexpr auto network = [](auto w1, auto b1, auto w2, auto b2, auto points)
{ return ad::matmul(ad::tanh(ad::matmul(points, w1) + b1), w2) + b2; };

// `wanted` holds a 1 in the column of the right class. The largest score is subtracted first: exp() cannot overflow then.
// The axis 1_c is known to the type, so that, for arguments of fixed shapes, the compiler can do all this.
constexpr auto cross_entropy = [](auto w1, auto b1, auto w2, auto b2, auto points, auto wanted)
{
    auto scores = network(w1, b1, w2, b2, points);
    auto shifted = scores - ad::amax(scores, 1_c, ad::keep_dims);
    auto log_softmax = shifted - ad::log(ad::sum(ad::exp(shifted), 1_c, ad::keep_dims));
    return -ad::mean(ad::sum(wanted * log_softmax, 1_c));
};

// Without any weights all classes are as likely, and each score's gradient is 1/3, less 1 for the right class.
// (clang's std::exp and its like are no constant expressions.)
#ifndef __clang__
template <std::size_t Rows, std::size_t Columns>
using rows = std::array<std::array<double, Columns>, Rows>;
constexpr auto untrained =
    ad::value_and_grad<3>(cross_entropy)(rows<2, 4>{}, std::array<double, 4>{}, rows<4, 3>{}, std::array<double, 3>{},
                                         rows<1, 2>{{{0.3, 0.7}}}, rows<1, 3>{{{0, 1, 0}}});
static_assert(untrained.value == std::log(3.0));
static_assert(std::abs(untrained.grad[0] - 1.0 / 3) < 1e-15 && std::abs(untrained.grad[1] + 2.0 / 3) < 1e-15);
#endif

// Numbers in [-1, 1), the same with every standard library (whose distributions differ).
double uniform(std::mt19937& generator) { return double(generator()) / 2147483648.0 - 1; }

template <class Array>
Array random(const typename Array::shape_type& shape, double size, std::mt19937& generator)
{
    Array a(shape);
    for (double& x : a)
    {
        x = size * uniform(generator);
    }
    return a;
}

int main()
{
    std::mt19937 generator(5);
    matrix points = xt::zeros<double>({count, std::size_t(2)}), wanted = xt::zeros<double>({count, classes});
    for (std::size_t i = 0; i < count; ++i)
    {
        const std::size_t kind = i % classes;
        const double radius = (double(i / classes) + 1) / per_class;
        const double angle = 4 * radius + 2.0943951 * double(kind) + 0.1 * uniform(generator);
        points(i, 0) = radius * std::cos(angle);
        points(i, 1) = radius * std::sin(angle);
        wanted(i, kind) = 1;
    }

    auto w1 = random<matrix>({2, hidden}, 2, generator);
    auto w2 = random<matrix>({hidden, classes}, 0.5, generator);
    vector b1 = xt::zeros<double>({hidden}), b2 = xt::zeros<double>({classes});
    auto step = ad::bind<0, 1, 2, 3>(cross_entropy, w1, b1, w2, b2, points, wanted);
    for (int i = 0; i <= 2000; ++i)
    {
        const double loss = step.value_and_grad();
        if (i % 200 == 0)
        {
            std::printf("step %4d  loss %.4f\n", i, loss);
        }
        w1 -= step.grad<0>();
        b1 -= step.grad<1>();
        w2 -= step.grad<2>();
        b2 -= step.grad<3>();
    }

    const matrix scores = network(w1, b1, w2, b2, points).data();
    std::size_t correct = 0;
    for (std::size_t i = 0; i < count; ++i)
    {
        const double* row = &scores(i, 0);
        correct += std::size_t(std::max_element(row, row + classes) - row) == i % classes;
    }
    std::printf("%zu of %zu right\n", correct, count);
}
