// SPDX-License-Identifier: BSD-3-Clause
// Gradients: how they accumulate, who keeps them, and ad::grad, which leaves them alone.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include "torch_error.hpp"

namespace ad = xautodiff;
using ad::oracle::error_of;
using ad::oracle::torch_says;

namespace
{
    using array = xt::xarray<double>;
}

TEST_CASE("gradients accumulate over backward passes until they are zeroed or forgotten")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    CHECK_FALSE(x.has_grad());
    ad::sum(x * x).backward();
    static_assert(std::same_as<decltype(x.grad()), const array&>);
    CHECK(x.has_grad());
    CHECK(x.grad() == array{2.0, 4.0});
    ad::sum(3 * x).backward();
    CHECK(x.grad() == array{5.0, 7.0});

    x.zero_grad();
    CHECK(x.has_grad());
    CHECK(x.grad() == array{0.0, 0.0});
    x.clear_grad();
    CHECK_FALSE(x.has_grad());
    x.zero_grad();
    CHECK_FALSE(x.has_grad());
}

TEST_CASE("zeroing a gradient zeroes an infinite one too")
{
    ad::Variable x(0.0, ad::requires_grad);
    ad::log(x).backward();
    CHECK(x.grad() == std::numeric_limits<double>::infinity());
    x.zero_grad();
    CHECK(x.grad() == 0);
}

TEST_CASE("a leaf used by many operations of many graphs gets the sum of all")
{
    ad::Variable x(2.0, ad::requires_grad);
    ad::Variable a = x * x;
    ad::Variable b = ad::exp(x) * a;
    ad::Variable c = a + b + x;
    ad::Variable other = 5 * x;
    c.backward();
    const double e = std::exp(2.0), of_c = 4 + e * (4 + 4) + 1;
    CHECK(x.grad() == doctest::Approx(of_c).epsilon(1e-15));
    other.backward();
    CHECK(x.grad() == doctest::Approx(of_c + 5).epsilon(1e-15));
}

TEST_CASE("the gradient of an inner value is asked for with retain_grad")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    ad::Variable y = x * 3;
    ad::Variable z = ad::sum(y * y);
    CHECK(error_of([&] { y.grad(); })
          == "the gradient of a Variable that is not a leaf is not kept: call retain_grad() on it before backward()");
    y.retain_grad();
    z.backward({.retain_graph = true});
    CHECK(y.grad() == array{6.0, 12.0});
    CHECK(x.grad() == array{18.0, 36.0});
    CHECK_FALSE(z.has_grad());
    z.backward();
    CHECK(y.grad() == array{12.0, 24.0});

    // Of a root too; and of a leaf it says nothing new.
    z = ad::sum(x);
    z.retain_grad();
    x.retain_grad();
    x.clear_grad();
    z.backward();
    CHECK(z.grad() == 1);
    CHECK(x.grad() == array{1.0, 1.0});
    CHECK(error_of([] { ad::Variable(array{1.0, 1.0}).retain_grad(); }) == torch_says("retain_grad_no_requires_grad"));
}

TEST_CASE("no gradient: reading it is an error of its own type")
{
    ad::Variable x(2.0, ad::requires_grad);
    ad::Variable c(2.0);
    CHECK_THROWS_AS(x.grad(), ad::no_gradient);
    CHECK(error_of([&] { x.grad(); })
          == "this Variable has no gradient: no backward pass has reached it (requires_grad is True)");
    CHECK(error_of([&] { c.grad(); })
          == "this Variable has no gradient: no backward pass has reached it (requires_grad is False)");
}

TEST_CASE("the seed of backward: a number, a container, an expression, a Variable")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    ad::Variable y = x * x;
    const auto gradient_with = [&](const auto& seed)
    {
        x.clear_grad();
        y.backward(seed, {.retain_graph = true});
        return x.grad();
    };
    const array v{10.0, 100.0};
    ad::Variable w(v);
    CHECK(gradient_with(v) == array{20.0, 400.0});
    CHECK(gradient_with(xt::xtensor<double, 1>{10.0, 100.0}) == array{20.0, 400.0});
    CHECK(gradient_with(v * 2) == array{40.0, 800.0});
    CHECK(gradient_with(w) == array{20.0, 400.0});
    CHECK(gradient_with(w * 2) == array{40.0, 800.0});

    ad::Variable s(3.0, ad::requires_grad);
    (s * s).backward(2.0);
    CHECK(s.grad() == 12);
    ad::Variable one(xt::xtensor<double, 2>{{3.0}}, ad::requires_grad);
    ad::Variable square = one * one;
    square.backward();
    CHECK(one.grad() == xt::xtensor<double, 2>{{6.0}});
}

TEST_CASE("backward of a leaf itself")
{
    ad::Variable x(3.0, ad::requires_grad);
    x.backward();
    CHECK(x.grad() == 1);
    x.backward(5.0);
    CHECK(x.grad() == 6);
}

TEST_CASE("backward of an expression that was never a Variable")
{
    ad::Variable x(3.0, ad::requires_grad);
    auto y = x * x + 1;
    CHECK(y.requires_grad());
    y.backward();
    CHECK(x.grad() == 6);
    // Each time it is recorded anew.
    y.backward();
    CHECK(x.grad() == 12);
    y.backward(10.0, {.retain_graph = true});
    CHECK(x.grad() == 72);
}

TEST_CASE("a second pass needs retain_graph where values are read, and only there")
{
    ad::Variable x(array{1.0, 1.0}, ad::requires_grad);
    ad::Variable y = ad::sum(x * x);
    y.backward({.retain_graph = true});
    y.backward();
    CHECK(x.grad() == array{4.0, 4.0});
    CHECK(error_of([&] { y.backward(); }) == torch_says("backward_twice"));
    CHECK(x.grad() == array{4.0, 4.0});

    // Through one that is used up, from a root that is not.
    ad::Variable middle = x * x;
    ad::sum(middle).backward();
    ad::Variable z = ad::sum(middle * 2);
    CHECK(error_of([&] { z.backward(); }) == torch_says("backward_twice"));

    x.clear_grad();
    ad::Variable linear = ad::sum(x + 2);
    linear.backward();
    linear.backward();
    CHECK(x.grad() == array{2.0, 2.0});
}

TEST_CASE("what backward refuses")
{
    ad::Variable x(array{{1.0, 1.0}, {1.0, 1.0}}, ad::requires_grad);
    ad::Variable empty(array(xt::zeros<double>({0})), ad::requires_grad);
    ad::Variable c(array{1.0, 1.0});
    const array two{1.0, 1.0};
    CHECK(error_of([&] { (x + 2).backward(); }) == torch_says("backward_non_scalar"));
    CHECK(error_of([&] { (empty * 2).backward(); }) == torch_says("backward_empty"));
    CHECK(error_of([&] { ad::grad(x * 2, x); }) == torch_says("grad_non_scalar"));
    CHECK(error_of([&] { (x + 2).backward(two); }) == torch_says("backward_seed_shape"));
    CHECK(error_of([&] { (x + 2).backward(1.0); }) == torch_says("backward_seed_shape_scalar"));
    CHECK(error_of([&] { ad::sum(x + 2).backward(two); }) == torch_says("backward_seed_for_scalar"));
    CHECK(error_of([&] { ad::sum(x + 2).backward(array{1.0}); }) == torch_says("backward_seed_one_element"));
    CHECK(error_of([&] { ad::sum(c).backward(); }) == torch_says("backward_no_requires_grad"));
    CHECK(error_of([&] { ad::Variable(1.0).backward(); }) == torch_says("backward_no_requires_grad_leaf"));
    CHECK(error_of([&] { ad::Variable(ad::sum(x)).detach().backward(); }) == torch_says("backward_detached"));
    CHECK_FALSE(x.has_grad());
}

TEST_CASE("ad::grad gives derivatives and leaves every gradient alone")
{
    ad::Variable x(2.0, ad::requires_grad);
    ad::Variable v(array{1.0, 2.0}, ad::requires_grad);
    ad::Variable y = x * x * ad::sum(v * v);
    CHECK(ad::grad(y, x) == 20);
    const auto [gx, gv] = ad::grad(y, x, v);
    CHECK(gx == 20);
    CHECK(gv == array{8.0, 16.0});
    CHECK(ad::grad(x * ad::sum(v), v) == array{2.0, 2.0});
    CHECK_FALSE(x.has_grad());
    CHECK_FALSE(v.has_grad());

    // With respect to inner values, and to itself.
    ad::Variable inner = v * 3;
    ad::Variable z = ad::sum(inner * inner);
    const auto [gi, go] = ad::grad(z, inner, v);
    CHECK(gi == array{6.0, 12.0});
    CHECK(go == array{18.0, 36.0});
    CHECK(ad::grad(z, z) == 1);

    // The graph is still there.
    y.backward();
    CHECK(x.grad() == 20);
    CHECK(error_of([&] { ad::grad(y, x); }) == torch_says("backward_twice"));
}

TEST_CASE("what ad::grad refuses")
{
    ad::Variable x(array{1.0, 1.0}, ad::requires_grad);
    ad::Variable y(array{1.0, 1.0}, ad::requires_grad);
    ad::Variable c(array{1.0, 1.0});
    CHECK(error_of([&] { ad::grad(ad::sum(y), c); }) == torch_says("grad_of_constant"));
    CHECK(error_of([&] { ad::grad(ad::sum(y * c), c); }) == torch_says("grad_of_constant"));
    CHECK(error_of([&] { ad::grad(ad::sum(y), x); }) == torch_says("grad_unused"));
    CHECK(error_of([&] { ad::grad(ad::sum(c), x); }) == torch_says("grad_of_gradient_without_graph"));
}

TEST_CASE("several roots over one graph")
{
    ad::Variable x(array{1.0, 2.0, 3.0}, ad::requires_grad);
    ad::Variable shared = x * x;
    ad::Variable a = ad::sum(shared);
    ad::Variable b = ad::sum(shared * x);
    CHECK(ad::grad(a, x) == array{2.0, 4.0, 6.0});
    CHECK(ad::grad(b, x) == array{3.0, 12.0, 27.0});
    a.backward({.retain_graph = true});
    b.backward();
    CHECK(x.grad() == array{5.0, 16.0, 33.0});
}
