// SPDX-License-Identifier: BSD-3-Clause
// check_grads accepts what is right: numbers, arrays, float, values that are large or steep.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include <cmath>

namespace ad = xautodiff;
using vector = xt::xtensor<double, 1>;
using matrix = xt::xtensor<double, 2>;

namespace
{
    template <class... A>
    void expect_ok(const A&... a)
    {
        const ad::check_report report = ad::check_grads(a...);
        CHECK_MESSAGE(report.ok, report.message);
        CHECK(bool(report) == report.ok);
    }
}

TEST_CASE("right derivatives pass, at many places")
{
    for (double x : {-2.7, -0.8, 0.05, 0.6, 1.0, 3.9})
    {
        expect_ok([](auto z) { return ad::sin(z) * ad::exp(-z * z) + ad::sigmoid(z) / (1 + z * z); }, x);
        expect_ok([](auto a, auto b) { return ad::pow(a, b) + ad::log(1 + a * a) * ad::cos(b); }, std::abs(x), x);
    }
}

TEST_CASE("no false alarm where values are large, steep or small")
{
    expect_ok([](auto x) { return 1e6 + x * x; }, 10.0);
    expect_ok([](auto x, auto y) { return ad::exp(x) + ad::log(y) / y; }, 12.0, 0.02);
    expect_ok([](auto x) { return ad::sin(50 * x); }, 0.7);
}

TEST_CASE("float")
{
    for (float x : {-1.7f, 0.4f, 2.0f})
    {
        expect_ok([](auto z) { return ad::sum(ad::sin(z) * ad::exp(z / 2)); }, xt::xtensor<float, 1>{x, 0.3f, -x});
    }
}

TEST_CASE("arrays of all kinds, several results, arguments that are not differentiated")
{
    const vector x{0.3, -0.2, 0.9};
    const matrix w{{0.5, -1.0, 0.25}, {1.5, 0.75, -0.5}};
    expect_ok([&w](auto a) { return std::tuple{ad::tanh(ad::matmul(w, a)), ad::sum(a * a)}; }, x);
    expect_ok([](auto a, auto n) { return ad::mean(a * a * n, 0); }, xt::xarray<double>(w), 3);
    expect_ok([](auto a) { return std::array{a[0] * a[1], a[1] * a[1]}; }, std::array{0.3, 0.7});
}
