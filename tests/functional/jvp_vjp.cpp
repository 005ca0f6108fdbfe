// SPDX-License-Identifier: BSD-3-Clause
// jvp and vjp on xtensor's containers: against formulas, against each other, and after their arguments died.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include <memory>

namespace ad = xautodiff;
using matrix = xt::xtensor<double, 2>;
using vector = xt::xtensor<double, 1>;

namespace
{
    constexpr auto layer = [](auto w, auto x) { return ad::tanh(ad::matmul(w, x)); };

    const matrix weights{{0.5, -1.0, 0.25}, {1.5, 0.75, -0.5}};
    const vector point{0.3, -0.2, 0.9};

    template <class A, class B>
    double inner(const A& a, const B& b)
    {
        double sum = 0;
        for (std::size_t i = 0; i < a.size(); ++i)
        {
            sum += a.flat(i) * b.flat(i);
        }
        return sum;
    }
}

TEST_CASE("jvp gives the value and the derivative along a direction")
{
    const auto [y, dy] = ad::jvp([](auto x) { return x * x * x; }, point, vector{1, 10, 100});
    for (std::size_t i = 0; i < 3; ++i)
    {
        CHECK(y(i) == point(i) * point(i) * point(i));
        CHECK(dy(i) == doctest::Approx(3 * point(i) * point(i) * (i == 0 ? 1 : i == 1 ? 10 : 100)));
    }
    static_assert(std::is_same_v<decltype(ad::jvp([](auto x) { return x * 2; }, point, point).tangent), vector>);
    static_assert(std::is_same_v<decltype(ad::jvp([](auto x) { return ad::sum(x); }, point, point).tangent), double>);
}

TEST_CASE("the pullback is the adjoint of the pushforward")
{
    const matrix dw{{1.0, 0.5, -2.0}, {0.25, -1.0, 3.0}};
    const vector dx{0.1, 0.7, -0.4}, v{2.0, -3.0};
    const auto [y, tangent] = ad::jvp(layer, std::tuple{weights, point}, std::tuple{dw, dx});
    const auto [value, pullback] = ad::vjp(layer, weights, point);
    CHECK(inner(y, value) == doctest::Approx(inner(y, y)));
    const auto [gw, gx] = pullback(v);
    static_assert(std::is_same_v<decltype(gw), const matrix> && std::is_same_v<decltype(gx), const vector>);
    CHECK(inner(tangent, v) == doctest::Approx(inner(dw, gw) + inner(dx, gx)));
}

TEST_CASE("a pullback outlives its arguments, its function and what that captured")
{
    const auto make = []
    {
        auto w = std::make_unique<matrix>(weights);
        auto x = std::make_unique<vector>(point);
        auto factor = std::make_unique<vector>(vector{2, 3});
        return ad::vjp([&factor](auto a, auto b) { return *factor * ad::matmul(a, b); }, *w, *x).pullback;
    };
    const auto pullback = make();
    const auto copy = pullback;
    for (const auto& p : {pullback, copy})
    {
        const auto [gw, gx] = p(vector{1, 10});
        CHECK(gw(0, 0) == doctest::Approx(2 * 0.3));
        CHECK(gw(1, 2) == doctest::Approx(30 * 0.9));
        CHECK(gx(1) == doctest::Approx(2 * -1.0 + 30 * 0.75));
    }
}

TEST_CASE("a function of several results")
{
    const auto f = [](auto x) { return std::tuple{ad::sum(x * x), ad::exp(x)}; };
    const auto [value, tangent] = ad::jvp(f, point, vector{1, 1, 1});
    CHECK(std::get<0>(tangent) == doctest::Approx(2 * (0.3 - 0.2 + 0.9)));
    CHECK(std::get<1>(tangent)(0) == doctest::Approx(std::exp(0.3)));
    const auto g = ad::vjp(f, point).pullback(std::tuple{10.0, vector{1, 0, 0}});
    CHECK(g(0) == doctest::Approx(20 * 0.3 + std::exp(0.3)));
    CHECK(g(1) == doctest::Approx(20 * -0.2));
}

TEST_CASE("float stays float, mixed arguments keep their types")
{
    const auto f = [](auto x, auto y) { return x * y; };
    static_assert(std::is_same_v<decltype(ad::jvp(f, std::tuple{1.0f, 2.0f}, std::tuple{1.0f, 1.0f}).tangent), float>);
    const auto [gx, gy] = ad::vjp(f, xt::xtensor<float, 1>{1, 2}, 3.0).pullback(xt::xtensor<double, 1>{1, 10});
    static_assert(std::is_same_v<decltype(gx), const xt::xtensor<float, 1>>
                  && std::is_same_v<decltype(gy), const double>);
    CHECK(gx(1) == 30);
    CHECK(gy == 21);
}

TEST_CASE("a direction or an adjoint of another shape is refused")
{
    const auto twice = [](auto x) { return x * 2; };
    CHECK_THROWS_WITH_AS(ad::jvp(twice, point, vector{1, 2}),
                         "The tangent of an argument must have the shape [3], not [2]", ad::shape_error);
    const auto pullback = ad::vjp(twice, point).pullback;
    CHECK_THROWS_WITH_AS(pullback(vector{1, 2}), "The adjoint of a value must have the shape [3], not [2]",
                         ad::shape_error);
    CHECK_THROWS_AS(pullback(xt::xarray<double>{{1, 2, 3}}), ad::shape_error);
}

TEST_CASE("inside the gradient of another function")
{
    // The gradient of |J'v|^2 by x for f = x^2 is that of 4 x^2 v^2.
    const vector v{1, 2, 3};
    const auto g = ad::grad(
        [&v](auto x)
        {
            auto adjoint = ad::vjp([](auto z) { return z * z; }, x).pullback(v);
            return ad::sum(adjoint * adjoint);
        })(point);
    const auto h = ad::grad(
        [&v](auto x)
        {
            auto tangent = ad::jvp([](auto z) { return z * z; }, x, v).tangent;
            return ad::sum(tangent * tangent);
        })(point);
    for (std::size_t i = 0; i < 3; ++i)
    {
        CHECK(g(i) == doctest::Approx(8 * point(i) * v(i) * v(i)));
        CHECK(h(i) == doctest::Approx(8 * point(i) * v(i) * v(i)));
    }
}
