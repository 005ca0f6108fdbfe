// SPDX-License-Identifier: BSD-3-Clause
// ad::dynamic: gradients of functions that look at values.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include <cmath>

namespace ad = xautodiff;

namespace
{
    using array = xt::xarray<double>;
    using vector = xt::xtensor<double, 1>;

    // Newton's method until it converges: sqrt(a), and so its derivative.
    const auto root = [](const auto& a)
    {
        ad::Variable r = a * 1.0;
        while (std::abs(r.item() * r.item() - a.item()) > 1e-15 * a.item())
        {
            r = 0.5 * (r + a / r);
        }
        return r;
    };

    const auto branch = [](const auto& x, const auto& y) -> ad::Variable<double>
    {
        if (x > y)
        {
            return x * x * y;
        }
        if (x.item() == 0)
        {
            return 7.0;
        }
        return x - y;
    };
}

TEST_CASE("the gradient of a loop")
{
    const double g = ad::grad(ad::dynamic(root))(2.0);
    CHECK(g == doctest::Approx(0.5 / std::sqrt(2.0)).epsilon(1e-14));
    const auto [value, derivative] = ad::value_and_grad(ad::dynamic(root))(2.0);
    static_assert(std::same_as<decltype(value), const double>);
    CHECK(value == doctest::Approx(std::sqrt(2.0)).epsilon(1e-15));
    CHECK(derivative == g);
    CHECK(ad::dynamic(root)(ad::Variable(9.0)).item() == doctest::Approx(3.0).epsilon(1e-15));
}

TEST_CASE("each branch has its gradient, and a constant one zero")
{
    const auto gradient = ad::grad<0, 1>(ad::dynamic(branch));
    CHECK(gradient(3.0, 2.0) == std::tuple(12.0, 9.0));
    CHECK(gradient(1.0, 2.0) == std::tuple(1.0, -1.0));
    CHECK(gradient(0.0, 2.0) == std::tuple(0.0, 0.0));
    CHECK(ad::grad<1>(ad::dynamic(branch))(3.0, 2.0) == 9.0);
    CHECK(ad::value_and_grad(ad::dynamic(branch))(0.0, 2.0).value == 7);
    // A plain number is a result as well, and an argument that is not used has the gradient zero.
    CHECK(ad::grad(ad::dynamic([](const auto&) { return 3.0; }))(1.0) == 0);
    const auto unused = [](const auto& x, const auto&) { return x * x; };
    CHECK(ad::grad<1>(ad::dynamic(unused))(1.0, array{1.0, 2.0}) == array{0.0, 0.0});
}

TEST_CASE("the result is as without: the types of the arguments, and the same numbers")
{
    const auto f = [](const auto& x, const auto& y) { return ad::sum(ad::sin(x) * y * y); };
    const vector x{0.5, 1.5};
    const array y{2.0, 3.0};
    const auto fixed = ad::value_and_grad<0, 1>(f)(x, y);
    const auto recorded = ad::value_and_grad<0, 1>(ad::dynamic(f))(x, y);
    static_assert(std::same_as<decltype(fixed), decltype(recorded)>);
    CHECK(recorded.value == doctest::Approx(fixed.value).epsilon(1e-15));
    CHECK(xt::allclose(std::get<0>(recorded.grad), std::get<0>(fixed.grad), 1e-15, 0.0));
    CHECK(xt::allclose(std::get<1>(recorded.grad), std::get<1>(fixed.grad), 1e-15, 0.0));

    static_assert(std::same_as<decltype(ad::grad(ad::dynamic(f))(1.0f, 2.0f)), float>);
    const auto squares = [](const auto& v) { return ad::sum(v * v); };
    CHECK(ad::grad(ad::dynamic(squares))(std::array{1.0, 2.0}) == std::array{2.0, 4.0});
    CHECK(ad::grad(ad::dynamic(squares))(xt::xtensor_fixed<double, xt::xshape<2>>{1.0, 2.0}) == array{2.0, 4.0});
    CHECK(ad::grad(ad::dynamic(squares))(2 * x) == 4 * x);
}

TEST_CASE("it needs no mode, and changes no other gradient")
{
    ad::Variable outer(3.0, ad::requires_grad);
    const auto f = [&](const auto& x) { return x * x * outer; };
    const ad::no_grad guard;
    CHECK(ad::grad(ad::dynamic(f))(2.0) == 12);
    CHECK_FALSE(ad::is_grad_enabled());
    CHECK_FALSE(outer.has_grad());
}

TEST_CASE("a result of several elements is an error when only its value shows it")
{
    const auto f = [](const auto& x) { return x * 2; };
    CHECK_THROWS_WITH_AS(ad::grad(ad::dynamic(f))(array{1.0, 2.0}),
                         "grad can be implicitly created only for scalar outputs", ad::error);
}
