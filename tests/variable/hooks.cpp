// SPDX-License-Identifier: BSD-3-Clause
// Hooks, and that a backward pass which fails leaves no trace.
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

TEST_CASE("a hook sees the gradient when it is complete")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    ad::Variable y = x * x;
    int calls = 0;
    array of_x, of_y;
    x.register_hook(
        [&](const array& g)
        {
            ++calls;
            of_x = g;
        });
    y.register_hook([&](const array& g) { of_y = g; });
    ad::Variable z = ad::sum(y * 3 + x);
    z.backward();
    CHECK(calls == 1);
    CHECK(of_y == array{3.0, 3.0});
    CHECK(of_x == array{7.0, 13.0});
    CHECK(x.grad() == of_x);
}

TEST_CASE("a hook may replace the gradient: before it is kept, before it goes on, and before the next hook")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    ad::Variable y = x * x;
    y.retain_grad();
    y.register_hook([](const array& g) { return g * 10; });
    y.register_hook([](const array& g) { return array(g + 1); });
    x.register_hook([](const array& g) { return -g; });
    ad::sum(y).backward();
    CHECK(y.grad() == array{11.0, 11.0});
    CHECK(x.grad() == array{-22.0, -44.0});

    // ad::grad runs them too.
    y = x * x;
    y.register_hook([](const array& g) { return g * 10; });
    CHECK(ad::grad(ad::sum(y), x) == array{-20.0, -40.0});
}

TEST_CASE("a hook is removed by its handle, also while it runs, and after the Variable has gone")
{
    ad::Variable x(2.0, ad::requires_grad);
    int kept = 0, removed = 0, once = 0;
    auto first = x.register_hook([&](double) { ++removed; });
    x.register_hook([&](double) { ++kept; });
    std::optional<ad::hook_handle> itself;
    itself = x.register_hook(
        [&](double)
        {
            ++once;
            itself->remove();
        });
    x.register_hook([&](double) { ++kept; });
    (x * x).backward();
    first.remove();
    first.remove();
    (x * x).backward();
    CHECK(removed == 1);
    CHECK(once == 1);
    CHECK(kept == 4);

    std::optional<ad::hook_handle> late;
    {
        ad::Variable short_lived(2.0, ad::requires_grad);
        late = short_lived.register_hook([](double) {});
    }
    late->remove();
}

TEST_CASE("what hooks refuse")
{
    ad::Variable c(array{1.0, 1.0});
    CHECK(error_of([&] { c.register_hook([](const array&) {}); }) == torch_says("hook_no_requires_grad"));
    ad::Variable x(array{1.0, 1.0}, ad::requires_grad);
    x.register_hook([](const array&) { return array(xt::ones<double>({1, 1})); });
    CHECK(torch_says("hook_changes_shape").find("has changed the size of value") != std::string::npos);
    CHECK(error_of([&] { ad::sum(x).backward(); }) == "hook has changed the size of value: from [2] to [1, 1]");
    CHECK_FALSE(x.has_grad());
}

TEST_CASE("an exception in a hook leaves all gradients as they were, and the graph usable")
{
    ad::Variable a(1.0, ad::requires_grad);
    ad::Variable b(2.0, ad::requires_grad);
    ad::Variable inner = a * b;
    ad::Variable y = inner * b + a;
    inner.retain_grad();
    (3 * b).backward();
    bool fail = true;
    // a gets its gradient after b and inner have theirs, or before: either way nothing may stay behind.
    for (ad::Variable<double> v : {ad::Variable<double>(a), ad::Variable<double>(b), ad::Variable<double>(inner)})
    {
        fail = true;
        auto hook = v.register_hook(
            [&](double)
            {
                if (fail)
                {
                    throw std::runtime_error("hook");
                }
            });
        CHECK_THROWS_WITH_AS(y.backward(), "hook", std::runtime_error);
        CHECK_FALSE(a.has_grad());
        CHECK_FALSE(inner.has_grad());
        CHECK(b.grad() == 3);
        hook.remove();
    }
    y.backward();
    CHECK(a.grad() == 5);
    CHECK(b.grad() == 3 + 4);
    CHECK(inner.grad() == 2);
}

TEST_CASE("a hook may run a backward pass of its own")
{
    ad::Variable x(2.0, ad::requires_grad);
    ad::Variable other(5.0, ad::requires_grad);
    x.register_hook([&](double g) { (g * other * other).backward(); });
    (x * x).backward();
    CHECK(x.grad() == 4);
    CHECK(other.grad() == 40);
}
