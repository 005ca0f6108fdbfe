// SPDX-License-Identifier: BSD-3-Clause
// Derivatives of derivatives: a backward pass that is recorded, to third order.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include "torch_error.hpp"

namespace ad = xautodiff;
using ad::oracle::error_of;

namespace
{
    using array = xt::xarray<double>;
}

TEST_CASE("gradients of a number, one after the other, to third order")
{
    const double v = 0.7, s = std::sin(v), c = std::cos(v);
    ad::Variable x(v, ad::requires_grad);
    ad::Variable y = ad::sin(x) * x * x;
    ad::Variable first = ad::grad(y, x, {.create_graph = true});
    ad::Variable second = ad::grad(first, x, {.create_graph = true});
    CHECK(first.item() == doctest::Approx(c * v * v + 2 * v * s).epsilon(1e-14));
    CHECK(second.item() == doctest::Approx(-s * v * v + 4 * v * c + 2 * s).epsilon(1e-14));
    CHECK(ad::grad(second, x) == doctest::Approx(-c * v * v - 6 * v * s + 6 * c).epsilon(1e-14));
    CHECK_FALSE(x.has_grad());
    CHECK(second.grad_fn());
}

TEST_CASE("with respect to several at once")
{
    const ad::Variable<double> a(1.0, ad::requires_grad), b(2.0, ad::requires_grad), c(3.0, ad::requires_grad),
        unused(4.0, ad::requires_grad);
    const ad::Variable<double> y = a * a * b * c;
    const auto [by_a, by_b] = ad::grad(y, a, b, {.create_graph = true});
    CHECK(by_a.item() == 12);
    CHECK(ad::grad(by_a, b) == 6);
    CHECK(ad::grad(by_b, a) == 6);
    const auto [one, two, three] = ad::grad(y, a, b, c, {.create_graph = true});
    CHECK(ad::grad(three, a) == 4);
    const auto all = ad::grad(y, std::tie(a, b, c), {.create_graph = false});
    CHECK(std::get<2>(all).item() == 2);
    CHECK_FALSE(std::get<2>(all).requires_grad());

    const auto [there, not_there] = ad::grad(y, b, unused, ad::allow_unused);
    CHECK(there == 3);
    CHECK_FALSE(not_there.has_value());
    CHECK_THROWS_AS(ad::grad(y, b, unused, {.create_graph = true}), ad::error);
}

TEST_CASE("through a loop of statements, whose constants differ")
{
    ad::Variable x(1.5, ad::requires_grad);
    ad::Variable y = x * 1;
    for (int i = 1; i <= 4; ++i)
    {
        y = y * x * double(i);
    }
    // 24 x^5
    ad::Variable first = ad::grad(y, x, {.create_graph = true});
    ad::Variable second = ad::grad(first, x, {.create_graph = true});
    CHECK(first.item() == doctest::Approx(120 * std::pow(1.5, 4)).epsilon(1e-14));
    CHECK(second.item() == doctest::Approx(480 * std::pow(1.5, 3)).epsilon(1e-14));
    CHECK(ad::grad(second, x) == doctest::Approx(1440 * std::pow(1.5, 2)).epsilon(1e-14));
}

TEST_CASE("of powers at zero, whose dead branches are infinite")
{
    const double derivatives[][5] = {{1, 0, 0, 0, 0}, {0, 1, 0, 0, 0}, {0, 0, 2, 0, 0}, {0, 0, 0, 6, 0}};
    for (int p = 0; p < 4; ++p)
    {
        CAPTURE(p);
        ad::Variable x(0.0, ad::requires_grad);
        ad::Variable<double> y = ad::pow(x, double(p));
        for (int order = 0; order < 5; ++order)
        {
            CAPTURE(order);
            CHECK(y.item() == derivatives[p][order]);
            y = ad::grad(y, x, {.create_graph = true});
        }
    }
    ad::Variable<array> z(array{0.0, 2.0, -1.0}, ad::requires_grad);
    ad::Variable slope = ad::grad(ad::sum(ad::pow(z, 0.0) + z * z * z), z, {.create_graph = true});
    ad::Variable loss = ad::sum(slope * slope);
    loss.backward();
    // (3 z^2)^2 has the derivative 36 z^3.
    CHECK(z.grad() == array{0.0, 288.0, -36.0});
}

TEST_CASE("of arrays: broadcasting, sums, products of matrices")
{
    const array a{{1.0, 2.0}, {3.0, 4.0}};
    ad::Variable x(array{0.5, -1.0}, ad::requires_grad);
    ad::Variable m(a, ad::requires_grad);
    // sum((m x)^2) has the gradient 2 m^T m x and the Hessian 2 m^T m.
    ad::Variable product = ad::matmul(m, x);
    ad::Variable y = ad::sum(product * product);
    ad::Variable g = ad::grad(y, x, {.create_graph = true});
    static_assert(std::same_as<decltype(g)::container_type, array>);
    CHECK(xt::allclose(g.data(), array{2 * (-1.5 - 7.5), 2 * (-3.0 - 10.0)}));
    CHECK(xt::allclose(ad::grad(ad::sum(g * array{1.0, 0.0}), x), array{20.0, 28.0}));
    CHECK(xt::allclose(ad::grad(ad::sum(g * array{0.0, 1.0}), x), array{28.0, 40.0}));

    // sum over rows of exp(x) + m, times itself: third derivatives of exp stay.
    ad::Variable z = ad::mean(ad::square(ad::exp(x) * m), 0);
    ad::Variable first = ad::grad(ad::sum(z), x, {.create_graph = true});
    ad::Variable second = ad::grad(ad::sum(first), x, {.create_graph = true});
    const array third = ad::grad(ad::sum(second), x);
    const array squares{(1.0 + 9.0) / 2, (4.0 + 16.0) / 2};
    CHECK(xt::allclose(third, 8 * squares * xt::exp(2 * x.data()), 1e-13, 0.0));
}

TEST_CASE("backward with create_graph leaves a gradient that can be differentiated")
{
    ad::Variable x(3.0, ad::requires_grad);
    ad::Variable y = x * x * x;
    y.backward({.create_graph = true});
    CHECK(x.grad() == 27);
    ad::Variable g = x.grad_variable();
    CHECK(g.requires_grad());
    x.clear_grad();
    g.backward();
    CHECK(x.grad() == 18);
    // What accumulates without a graph is a value.
    y.backward();
    CHECK(x.grad() == 18 + 27);
    CHECK_FALSE(x.grad_variable().requires_grad());
    x.clear_grad();
}

TEST_CASE("a penalty on the gradient, as it is trained with")
{
    ad::Variable x(array{1.0, 2.0, 3.0}, ad::requires_grad);
    ad::Variable w(array{0.1, 0.2, 0.3}, ad::requires_grad);
    ad::Variable f = ad::sum(ad::tanh(x * w));
    ad::Variable g = ad::grad(f, x, {.create_graph = true});
    ad::Variable loss = ad::sum(g * g);
    loss.backward();
    for (std::size_t i = 0; i < 3; ++i)
    {
        // g = w (1 - t^2), dg/dw = (1 - t^2) (1 - 2 w x t)
        const double xi = x.data()(i), wi = w.data()(i), t = std::tanh(xi * wi), d = 1 - t * t;
        CHECK(w.grad()(i) == doctest::Approx(2 * wi * d * d * (1 - 2 * wi * xi * t)).epsilon(1e-13));
        CHECK(x.grad()(i) == doctest::Approx(2 * wi * d * wi * d * -2 * t * wi).epsilon(1e-13));
    }
}

TEST_CASE("kinks, masks and slices keep their meaning")
{
    ad::Variable x(array{-1.0, 0.0, 2.0}, ad::requires_grad);
    ad::Variable y = ad::sum(ad::where(x > 0, x * x * x, 0) + ad::relu(x) * x);
    ad::Variable g = ad::grad(y, x, {.create_graph = true});
    CHECK(g.data() == array{0.0, 0.0, 12.0 + 4.0});
    CHECK(ad::grad(ad::sum(g), x) == array{0.0, 0.0, 12.0 + 2.0});

    ad::Variable v = ad::sum(ad::square(ad::view(x, ad::range(1, 3))) * ad::view(x, ad::range(0, 2)));
    ad::Variable h = ad::grad(v, x, {.create_graph = true});
    // x1^2 x0 + x2^2 x1
    CHECK(h.data() == array{0.0, 4.0, 0.0});
    CHECK(ad::grad(ad::sum(h), x) == array{0.0, -2.0 + 4.0, 4.0 * 0.0 + 0.0 + 2 * 2.0});
}

TEST_CASE("detach ends a graph of any order, and a leaf of single precision takes part")
{
    ad::Variable x(2.0, ad::requires_grad);
    ad::Variable f(3.0f, ad::requires_grad);
    ad::Variable y = x * x * f * f;
    ad::Variable g = ad::grad(y, f, {.create_graph = true});
    static_assert(std::same_as<decltype(g)::container_type, float>);
    CHECK(g.item() == 24.0f);
    CHECK(ad::grad(g, x) == 24);
    CHECK(ad::grad(g, f) == 8.0f);
    ad::Variable cut = g.detach() * x;
    CHECK(ad::grad(cut, x) == 24);
}

TEST_CASE("a hook sees the recorded gradient's value; what it returns is a constant")
{
    ad::Variable x(2.0, ad::requires_grad);
    ad::Variable y = x * x;
    double seen = 0;
    y.register_hook([&](double g) { seen = g; });
    ad::Variable z = y * y;
    ad::Variable g = ad::grad(z, x, {.create_graph = true});
    CHECK(seen == 8);
    CHECK(ad::grad(g, x) == 12 * 4);
    y.register_hook([](double) { return 1.0; });
    ad::Variable h = ad::grad(z, x, {.create_graph = true});
    CHECK(h.item() == 4);
    CHECK(ad::grad(h, x) == 2);
}
