// SPDX-License-Identifier: BSD-3-Clause
// A branch that is dead has no say in a derivative, whatever overflows there. (PyTorch gives nan.)
#include <xautodiff/evaluate/reference.hpp>
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <tuple>
#include <vector>

namespace ad = xautodiff;
namespace reference = xautodiff::evaluate::reference;
using vector = xt::xtensor<double, 1>;
using matrix = xt::xtensor<double, 2>;

namespace
{
    constexpr auto reciprocal = [](auto x) { return ad::where(x == 0.0, x, 1.0 / x); };
    constexpr auto root = [](auto x) { return ad::where(x > 0.0, ad::sqrt(x), 3.0 * x); };
    constexpr auto nested = [](auto x)
    { return ad::where(x < 100.0, ad::where(x > 1.0, ad::log(x - 1.0), x * x), ad::exp(x * x)); };

    struct formula;

    /// The gradient of the sum of f, as graph and as the reference evaluator give it.
    template <class C>
    void check_gradient(const C& x, const C& expected, auto f)
    {
        CHECK(ad::grad([&](auto a) { return ad::sum(f(a)); })(x) == expected);
        const reference::dense<double> g =
            reference::gradient(f(ad::expression::input<formula, 0, C>{}), 1.0, std::tie(x)).input[0];
        CHECK(g.elements() == reference::to_dense<double>(expected).elements());
    }
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

TEST_CASE("numbers, in the reference evaluator")
{
    constexpr ad::expression::input<formula, 0, double> x{};
    CHECK(reference::gradient(reciprocal(x), 1.0, std::tuple{0.0}).input[0].item() == 1);
    CHECK(reference::gradient(root(x), 1.0, std::tuple{0.0}).input[0].item() == 3);
    CHECK(reference::gradient(nested(x), 1.0, std::tuple{1.0}).input[0].item() == 2);
    CHECK(reference::tangent(reciprocal(x), std::tuple{0.0}, std::tuple{1.0}).item() == 1);
}

TEST_CASE("arrays")
{
    const vector x{0, 4, -1};
    check_gradient(x, vector{3, 0.25, 3}, root);
    ad::Variable v(x, ad::requires_grad);
    ad::sum(reciprocal(v)).backward();
    CHECK(v.grad() == vector{1, -0.0625, -1});
}

TEST_CASE("a dead branch that is used twice, by choices in it, or in another's dead branch too")
{
    const auto several = [](auto a)
    {
        const auto e = ad::exp(a * a);
        const auto choices = ad::maximum(e, 2.0) - ad::relu(e) + ad::clamp(e, 0.0, 3.0) / e;
        return ad::where(a < 100.0, a, e * e + choices) + ad::where(a > 200.0, e, 2.0 * a) + ad::where(a < 300.0, a, e);
    };
    check_gradient(50.0, 4.0, several);
    // The same exponential here and there, alive once.
    const auto pieces = [](auto a)
    {
        const auto e = ad::exp(a * a);
        return ad::where(a < 3.0, e, ad::where(a < 100.0, a, e * e));
    };
    check_gradient(0.0, 0.0, pieces);
    check_gradient(50.0, 1.0, pieces);
}

TEST_CASE("a dead branch that is a number made of an array")
{
    const auto f = [](auto a)
    {
        const auto e = ad::exp(a * a);
        return ad::where(ad::sum(a) < 100.0, ad::sum(a), ad::sum(e) + ad::mean(e * e) / 2.0);
    };
    check_gradient(vector{2, 50}, vector{1, 1}, f);
}

TEST_CASE("rows of a dead branch, in the reference evaluator")
{
    const matrix x{{1, 50}, {2, 3}};
    const ad::expression::input<formula, 0, matrix> a;
    const auto rows = ad::sum(a, 1);
    const auto f = ad::where(rows < 60.0, rows, ad::amax(ad::exp(ad::transpose(a * a)), 0));
    CHECK(reference::gradient(f, 1.0, std::tie(x)).input[0].elements() == std::vector<double>{1, 1, 1, 1});
}

TEST_CASE("one tag for two objects: the way without merging")
{
    const auto shifted = [](auto x, double by) { return x + by; };
    const auto f = [&](auto x) { return ad::where(shifted(x, 1.0) < 100.0, shifted(x, 0.0), 1.0 / shifted(x, -2.0)); };
    CHECK(ad::grad(f)(2.0) == 1);
    CHECK(ad::grad(f)(130.0) == -1 / (128.0 * 128.0));
    CHECK(ad::grad([&](auto x) { return ad::sum(f(x)); })(vector{2, 130}) == vector{1, -1 / (128.0 * 128.0)});
}

TEST_CASE("the value of a product is not touched: 0 times infinity is nan")
{
    using namespace boost::hana::literals;
    const auto f = [](auto x) { return ad::where(x > 0.0, x, 0_c) * (1.0 / x); };
    CHECK(std::isnan(ad::jvp(f, 0.0, 1.0).value));
}

TEST_CASE("clamp gives its bounds what goes beyond them, as PyTorch does")
{
    const auto clamped = [](auto x, auto low, auto high) { return ad::sum(ad::clamp(x, low, high)); };
    const vector x{0, 1, 5, 2}, three{3, 3, 3, 3}, low{-1, 2, 0, 3}, none{0, 0, 0, 0};
    const auto check =
        [&](const vector& l, const vector& h, const vector& by_x, const vector& by_low, const vector& by_high)
    {
        const auto [gx, gl, gh] = ad::grad<0, 1, 2>(clamped)(x, l, h);
        CHECK(gx == by_x);
        CHECK(gl == by_low);
        CHECK(gh == by_high);
        const vector ones{1, 1, 1, 1};
        CHECK(ad::jvp(clamped, std::tuple{x, l, h}, std::tuple{ones, ones, ones}).tangent
              == xt::sum(by_x + by_low + by_high)());
    };
    check(low, three, {1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0});
    // The high bound where both cross; where both are the same, nothing for what is below.
    check(three, vector{2, 2, 2, 2}, none, none, {1, 1, 1, 1});
    CHECK(ad::clamp(1.0, 3.0, 2.0) == 2);
    check(three, three, none, none, {0, 0, 1, 0});
}
