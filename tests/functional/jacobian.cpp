// SPDX-License-Identifier: BSD-3-Clause
// jacobian, hessian and hvp on xtensor's containers.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

namespace ad = xautodiff;
using vector = xt::xtensor<double, 1>;
using matrix = xt::xtensor<double, 2>;

namespace
{
    const vector point{0.3, -0.2, 0.9};
    const matrix weights{{0.5, -1.0, 0.25}, {1.5, 0.75, -0.5}};

    /// Both modes, whichever would be chosen.
    template <int K = 0, class F, class... X>
    auto both_modes(const F& f, const X&... x)
    {
        using ad::functional::jacobian_function;
        using ad::functional::mode;
        return std::pair{jacobian_function<mode::forward, F, K>{f}(x...),
                         jacobian_function<mode::reverse, F, K>{f}(x...)};
    }
}

TEST_CASE("the Jacobian of a product is its matrix")
{
    const auto j = ad::jacobian([](auto x) { return ad::matmul(ad::cref(weights), x); })(point);
    static_assert(std::is_same_v<decltype(j), const matrix>);
    REQUIRE(j.shape() == weights.shape());
    for (std::size_t i = 0; i < 2; ++i)
    {
        for (std::size_t k = 0; k < 3; ++k)
        {
            CHECK(j(i, k) == weights(i, k));
        }
    }
}

TEST_CASE("the result's container tells most of the shape")
{
    const auto twice = [](auto x) { return x * 2; };
    using fixed = xt::xtensor_fixed<double, xt::xshape<2>>;
    static_assert(
        std::is_same_v<decltype(ad::jacobian(twice)(fixed{1, 2})), xt::xtensor_fixed<double, xt::xshape<2, 2>>>);
    static_assert(std::is_same_v<decltype(ad::jacobian(twice)(xt::xarray<double>{1, 2})), xt::xarray<double>>);
    static_assert(std::is_same_v<decltype(ad::jacobian(twice)(xt::xtensor<float, 2>{})), xt::xtensor<float, 4>>);
    static_assert(std::is_same_v<decltype(ad::jacobian(twice)(3.0)), double>);

    const auto j = ad::jacobian([](auto x, auto y) { return ad::sum(x * y, 1); });
    const auto of_dynamic = j(xt::xarray<double>{{1, 2}, {3, 4}}, xt::xarray<double>{5, 6});
    CHECK(of_dynamic.dimension() == 3);
    CHECK(of_dynamic(1, 1, 0) == 5);
    CHECK(of_dynamic(1, 1, 1) == 6);
    CHECK(of_dynamic(0, 1, 0) == 0);
}

TEST_CASE("both modes give the same")
{
    const auto f = [](auto x, auto w) { return ad::tanh(ad::matmul(w, x)) * ad::sum(x); };
    const auto [forward, reverse] = both_modes(f, point, weights);
    CHECK(forward.size() == 6);
    CHECK(xt::allclose(forward, reverse, 1e-14, 1e-14));
    const auto [forward_w, reverse_w] = both_modes<1>(f, point, weights);
    CHECK(forward_w.dimension() == 3);
    CHECK(xt::allclose(forward_w, reverse_w, 1e-14, 1e-14));

    xt::xtensor<double, 2, xt::layout_type::column_major> columns(weights);
    const auto [forward_c, reverse_c] = both_modes<1>(f, point, columns);
    CHECK(xt::allclose(forward_c, forward_w));
    CHECK(xt::allclose(reverse_c, forward_w));
}

TEST_CASE("several scalar results of an array, and several arguments")
{
    const auto f = [](auto x, auto s) { return std::tuple{ad::sum(x) * s, ad::sum(x * x), s * 3}; };
    const auto [jx, js] = ad::jacobian<0, 1>(f)(point, 2.0);
    CHECK(jx.shape()[0] == 3);
    CHECK(jx(0, 1) == 2);
    CHECK(jx(1, 2) == doctest::Approx(1.8));
    CHECK(jx(2, 0) == 0);
    CHECK(js(0) == doctest::Approx(1.0));
    CHECK(js(2) == 3);
}

TEST_CASE("an argument without elements has a Jacobian without elements")
{
    const auto j = ad::jacobian([](auto x) { return ad::sum(x, 0, ad::keep_dims); })(xt::xtensor<double, 1>());
    CHECK(j.shape()[0] == 1);
    CHECK(j.shape()[1] == 0);
}

TEST_CASE("the residuals of a fit: two numbers, many data")
{
    const vector x{1, 2, 3, 4}, y{1, 4, 9, 15};
    const auto residuals = [&](auto b) { return y - b[0] * ad::exp(b[1] * x); };
    const std::array<double, 2> b{0.5, 0.25};
    const auto j = ad::jacobian(residuals)(b);
    static_assert(std::is_same_v<decltype(j), const matrix>);
    for (std::size_t i = 0; i < 4; ++i)
    {
        CHECK(j(i, 0) == doctest::Approx(-std::exp(0.25 * x(i))));
        CHECK(j(i, 1) == doctest::Approx(-0.5 * x(i) * std::exp(0.25 * x(i))));
    }
}

TEST_CASE("the Hessian of a quadratic form, and its products")
{
    const matrix a{{2, 1, 0}, {1, 3, -1}, {0, -1, 4}};
    const auto form = [&a](auto x) { return 0.5 * ad::dot(x, ad::matmul(a, x)); };
    const auto h = ad::hessian(form)(point);
    static_assert(std::is_same_v<decltype(h), const matrix>);
    const vector v{1, 10, 100};
    const auto hv = ad::hvp(form, point, v);
    for (std::size_t i = 0; i < 3; ++i)
    {
        double expected = 0;
        for (std::size_t k = 0; k < 3; ++k)
        {
            CHECK(h(i, k) == doctest::Approx(a(i, k)));
            expected += a(i, k) * v(k);
        }
        CHECK(hv(i) == doctest::Approx(expected));
    }
}

TEST_CASE("blocks of a Hessian, and a product with all of it")
{
    const auto f = [](auto w, auto x) { return ad::sum(ad::sin(ad::matmul(w, x))); };
    const auto h = ad::hessian<0, 1>(f)(weights, point);
    const auto& hwx = std::get<1>(std::get<0>(h));
    const auto& hxw = std::get<0>(std::get<1>(h));
    CHECK(hwx.dimension() == 3);
    CHECK(hwx(1, 2, 0) == doctest::Approx(hxw(0, 1, 2)));
    const double angle = 1.5 * 0.3 + 0.75 * -0.2 - 0.5 * 0.9;
    CHECK(hwx(1, 2, 0) == doctest::Approx(-std::sin(angle) * 0.9 * 1.5));

    const matrix dw = xt::ones<double>({2, 3});
    const vector dx = xt::zeros<double>({3});
    const auto [hw, hx] = ad::hvp(f, std::tuple{weights, point}, std::tuple{dw, dx});
    double expected = 0;
    for (std::size_t i = 0; i < 2; ++i)
    {
        for (std::size_t k = 0; k < 3; ++k)
        {
            expected += hxw(0, i, k);
        }
    }
    CHECK(hx(0) == doctest::Approx(expected));
    CHECK(hw.shape() == weights.shape());
}

TEST_CASE("inside the gradient of another function")
{
    // The gradient of the sum of squares of the Jacobian of x^3, which is diagonal: d/dx 9 x^4.
    xt::xtensor_fixed<double, xt::xshape<3>> x{0.3, -0.2, 0.9};
    const auto g = ad::grad(
        [](auto z)
        {
            auto j = ad::jacobian([](auto u) { return u * u * u; })(z);
            return ad::sum(j * j);
        })(x);
    for (std::size_t i = 0; i < 3; ++i)
    {
        CHECK(g(i) == doctest::Approx(36 * x(i) * x(i) * x(i)));
    }
}
