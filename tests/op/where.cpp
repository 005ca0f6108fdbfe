// SPDX-License-Identifier: BSD-3-Clause
// A branch that is dead has no say in a derivative, whatever overflows there. (PyTorch gives nan.)
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include <cmath>

namespace ad = xautodiff;
using vector = xt::xtensor<double, 1>;

namespace
{
    constexpr auto reciprocal = [](auto x) { return ad::where(x == 0.0, x, 1.0 / x); };
    constexpr auto root = [](auto x) { return ad::where(x > 0.0, ad::sqrt(x), 3.0 * x); };
    constexpr auto nested = [](auto x)
    { return ad::where(x < 100.0, ad::where(x > 1.0, ad::log(x - 1.0), x * x), ad::exp(x * x)); };
}

TEST_CASE("numbers, in both modes and to second order")
{
    CHECK(ad::grad(reciprocal)(0.0) == 1);
    CHECK(ad::grad(reciprocal)(2.0) == -0.25);
    CHECK(ad::jvp(reciprocal, 0.0, 1.0).tangent == 1);
    CHECK(ad::hessian(reciprocal)(0.0) == 0);
    CHECK(ad::hessian(reciprocal)(2.0) == 0.25);
    CHECK(ad::grad(root)(0.0) == 3);
    CHECK(ad::grad(root)(4.0) == 0.25);
    CHECK(ad::grad(nested)(50.0) == doctest::Approx(1 / 49.0));
    CHECK(ad::grad(nested)(1.0) == 2);
}

TEST_CASE("arrays")
{
    const vector x{0, 4, -1};
    CHECK(ad::grad([](auto a) { return ad::sum(root(a)); })(x) == vector{3, 0.25, 3});
    CHECK(ad::grad([](auto a) { return ad::sum(reciprocal(a) * a); })(x) == vector{0, 0, 0});
    ad::Variable v(x, ad::requires_grad);
    ad::sum(reciprocal(v)).backward();
    CHECK(v.grad() == vector{1, -0.0625, -1});
}

TEST_CASE("the value of a product is not touched: 0 times infinity is nan")
{
    using namespace boost::hana::literals;
    const auto f = [](auto x) { return ad::where(x > 0.0, x, 0_c) * (1.0 / x); };
    CHECK(std::isnan(ad::jvp(f, 0.0, 1.0).value));
}
