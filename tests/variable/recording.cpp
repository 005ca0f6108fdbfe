// SPDX-License-Identifier: BSD-3-Clause
// What is on record and what is not: detach, no_grad, and values that change after they were recorded.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "torch_error.hpp"

namespace ad = xautodiff;
using ad::oracle::before_hint;
using ad::oracle::error_of;
using ad::oracle::torch_says;
using ad::oracle::torch_says_before_hint;

namespace
{
    using array = xt::xarray<double>;
}

TEST_CASE("detach shares the elements and leaves the graph")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    ad::Variable y = x * 3;
    ad::Variable d = y.detach();
    CHECK(&d.data() == &y.data());
    CHECK(d.is_leaf());
    CHECK_FALSE(d.requires_grad());
    CHECK_FALSE(d.grad_fn());
    CHECK(y.requires_grad());
    ad::sum(y * d).backward();
    CHECK(x.grad() == array{9.0, 18.0});

    // In either direction a change is seen, and counted for both.
    d.mutable_data()(0) = 7;
    CHECK(y.data()(0) == 7);
    CHECK(y.version() == 1);
    CHECK(d.version() == 1);

    // As a leaf of its own.
    d.requires_grad_();
    ad::sum(d * d).backward();
    CHECK(d.grad() == array{14.0, 12.0});
    CHECK(x.grad() == array{9.0, 18.0});
}

TEST_CASE("a Variable declared as a copy shares the entry, and has an identity of its own")
{
    using V = ad::Variable<double>;
    ad::Variable x(0.5, ad::requires_grad);
    ad::Variable s = x;
    const V& untagged = x;
    ad::Variable t = untagged;
    ad::Variable u = V(x);
    static_assert(!std::same_as<decltype(s), decltype(x)> && !std::same_as<decltype(t), V>
                  && !std::same_as<decltype(u), V> && !std::same_as<decltype(t), decltype(u)>);
    auto same = s;
    static_assert(std::same_as<decltype(same), decltype(s)>);
    CHECK(&s.data() == &x.data());
    // Assigned to in a loop, it is one operand of the statement, and x another.
    for (int i = 0; i < 2; ++i)
    {
        s = s * s + s * x;
    }
    s.backward();
    const double once = 0.5 * 0.5 + 0.5 * 0.5;
    CHECK(x.grad() == doctest::Approx((2 * once + 0.5) * (4 * 0.5) + once).epsilon(1e-15));
}

TEST_CASE("an entry that only an expression uses, then a statement, then nothing")
{
    ad::Variable x(1.0, ad::requires_grad);
    ad::Variable<double> n = x;
    for (int i = 0; i < 100; ++i)
    {
        {
            ad::Variable<double> p = x * 2;
            auto e = p * 0.5 + x;
            p = 0.0;
            n = e;
        }
        CHECK(ad::grad(n, x) == 2);
        n = 0.0;
    }
}

TEST_CASE("detach_ takes all handles out of the graph, but not what was computed before")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    ad::Variable y = x * 3;
    ad::Variable same = y;
    ad::Variable before = ad::sum(y * y);
    int hooks = 0;
    y.register_hook([&](const array&) { ++hooks; });
    CHECK(&y.detach_() == static_cast<ad::Variable<array>*>(&y));
    CHECK(same.is_leaf());
    CHECK_FALSE(same.requires_grad());
    CHECK_FALSE(y.grad_fn());

    CHECK(before.grad_fn().next_functions()[0].function.next_functions()[0].function.name() == "MulBackward0");
    before.backward();
    CHECK(x.grad() == array{18.0, 36.0});
    CHECK_FALSE(y.has_grad());
    CHECK(hooks == 1);

    ad::Variable after = ad::sum(y * x);
    after.backward();
    CHECK(x.grad() == array{21.0, 42.0});
    y.requires_grad_();
    ad::sum(y * x).backward();
    CHECK(y.grad() == array{1.0, 2.0});
    CHECK(hooks == 1);

    // Of a leaf: it does not ask any more.
    x.detach_();
    CHECK_FALSE(x.requires_grad());
    CHECK(x.grad() == array{24.0, 48.0});
}

TEST_CASE("no_grad and enable_grad nest")
{
    ad::Variable x(2.0, ad::requires_grad);
    CHECK(ad::is_grad_enabled());
    {
        ad::no_grad outer;
        CHECK_FALSE(ad::is_grad_enabled());
        CHECK_FALSE((x * x).requires_grad());
        CHECK_FALSE((x * x).grad_fn());
        {
            ad::enable_grad inner;
            CHECK(ad::is_grad_enabled());
            ad::Variable y = x * x;
            CHECK(y.requires_grad());
            {
                ad::no_grad innermost;
                CHECK_FALSE(ad::is_grad_enabled());
            }
            CHECK(ad::is_grad_enabled());
        }
        CHECK_FALSE(ad::is_grad_enabled());
        ad::Variable y = x * x;
        CHECK_FALSE(y.requires_grad());
        CHECK(y.is_leaf());
        CHECK(error_of([&] { y.backward(); }) == torch_says("backward_no_grad"));
        // A leaf can still be made to ask.
        CHECK(ad::Variable(1.0, ad::requires_grad).requires_grad());
    }
    CHECK(ad::is_grad_enabled());
    CHECK_THROWS(
        [&]
        {
            ad::no_grad guard;
            throw 1;
        }());
    CHECK(ad::is_grad_enabled());
}

TEST_CASE("one statement, now recorded and now not")
{
    ad::Variable x(2.0, ad::requires_grad);
    ad::Variable c(3.0);
    for (int i = 0; i < 6; ++i)
    {
        x.requires_grad_(i != 4);
        std::optional<ad::no_grad> guard;
        if (i % 2 == 1)
        {
            guard.emplace();
        }
        ad::Variable y = x * c + 1;
        CHECK(y.item() == 7);
        CHECK(y.is_leaf() == (i % 2 == 1 || i == 4));
        // The value of this has no derivative.
        ad::Variable chosen = ad::where(x > 1, 3.0, 4.0);
        CHECK(chosen.item() == 3);
        CHECK(chosen.is_leaf());
        CHECK_FALSE(chosen.requires_grad());
    }
}

TEST_CASE("constants that differ from those of the first time are kept for derivatives on record")
{
    ad::Variable x(2.0, ad::requires_grad);
    const std::vector<double> constants{std::numeric_limits<double>::signaling_NaN(), 5, 6, 5};
    std::vector<ad::Variable<double>> results;
    for (double c : constants)
    {
        results.push_back(ad::Variable<double>(x * c));
    }
    for (std::size_t i = 0; i < constants.size(); ++i)
    {
        const double slope = ad::grad(results[i], x, {.create_graph = true}).item();
        CHECK((std::isnan(constants[i]) ? std::isnan(slope) : slope == constants[i]));
    }
}

TEST_CASE("expressions change places")
{
    ad::Variable<double> x(2.0, ad::requires_grad), y(3.0, ad::requires_grad);
    auto a = x - y;
    auto b = y - x;
    std::swap(a, b);
    ad::Variable<double> z = a;
    CHECK(z.item() == 1);
    // A formula that went into a statement may be given another value.
    ad::Variable<double> gone = std::move(b);
    b = y - x;
    ad::Variable<double> again = b;
    CHECK(gone.item() == -1);
    CHECK(again.item() == 1);
    CHECK(ad::grad(again, x) == -1);
}

TEST_CASE("an expression that was moved from says so")
{
    ad::Variable<double> x(2.0, ad::requires_grad), y(3.0, ad::requires_grad);
    auto e = x / y;
    ad::Variable<double> z = std::move(e);
    CHECK(error_of([&] { ad::Variable<double> again = e; }) == "this expression was moved from");
    CHECK(error_of([&] { ad::Variable<double> again = std::move(e); }) == "this expression was moved from");
    CHECK(error_of([&] { ad::Variable<double> more = e + 1; }) == "this expression was moved from");
    CHECK(error_of([&] { e.item(); }) == "this expression was moved from");
    CHECK(z.item() == 2.0 / 3);
    CHECK(ad::grad(z, x) == 1.0 / 3);
}

TEST_CASE("no_grad is a matter of one thread")
{
    ad::no_grad guard;
    bool enabled_elsewhere = false;
    std::thread([&] { enabled_elsewhere = ad::is_grad_enabled(); }).join();
    CHECK(enabled_elsewhere);
}

TEST_CASE("a graph recorded outside can be run back under no_grad")
{
    ad::Variable x(2.0, ad::requires_grad);
    ad::Variable y = x * x;
    ad::no_grad guard;
    y.backward();
    CHECK(x.grad() == 4);
}

TEST_CASE("one leaf, many threads, a graph for each")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    std::vector<std::thread> threads;
    std::array<array, 4> gradients;
    for (std::size_t t = 0; t < gradients.size(); ++t)
    {
        threads.emplace_back(
            [&, t]
            {
                for (int i = 0; i < 100; ++i)
                {
                    ad::Variable<array> y = x * double(t);
                    y = y * x;
                    gradients[t] = ad::grad(ad::sum(y), x);
                }
            });
    }
    for (std::thread& t : threads)
    {
        t.join();
    }
    for (std::size_t t = 0; t < gradients.size(); ++t)
    {
        CHECK(gradients[t] == 2.0 * double(t) * array{1.0, 2.0});
    }
}

TEST_CASE("a value that backward reads must not have changed since")
{
    ad::Variable x(array{1.0, 1.0}, ad::requires_grad);
    ad::Variable c(array{1.0, 1.0});
    ad::Variable y = ad::sum(x * x);
    x.mutable_data() *= 2;
    CHECK(before_hint(error_of([&] { y.backward(); })) == torch_says_before_hint("modified_leaf"));
    CHECK_FALSE(x.has_grad());

    ad::Variable m(xt::xtensor<double, 2>(xt::ones<double>({2, 3})), ad::requires_grad);
    ad::Variable z = ad::sum(m * m);
    m.mutable_data() *= 2;
    m.mutable_data() += 1;
    CHECK(before_hint(error_of([&] { z.backward(); })) == torch_says_before_hint("modified_leaf_twice"));

    y = ad::sum(x * c);
    c.mutable_data() += 1;
    CHECK(before_hint(error_of([&] { y.backward(); })) == torch_says_before_hint("modified_constant"));

    ad::Variable inner = x + 1;
    y = ad::sum(inner * inner);
    inner.mutable_data() += 1;
    CHECK(before_hint(error_of([&] { y.backward(); })) == torch_says_before_hint("modified_intermediate"));

    ad::Variable s(2.0, ad::requires_grad);
    ad::Variable square = s * s;
    s.mutable_data() *= 2;
    CHECK(before_hint(error_of([&] { square.backward(); })) == torch_says_before_hint("modified_scalar"));

    ad::Variable f(xt::xarray<float>{1.0f, 1.0f}, ad::requires_grad);
    ad::Variable g = ad::sum(f * f);
    f.mutable_data() *= 2;
    CHECK(before_hint(error_of([&] { g.backward(); })) == torch_says_before_hint("modified_single_precision"));
}

TEST_CASE("a value that backward does not read may change")
{
    ad::Variable x(array{1.0, 1.0}, ad::requires_grad);
    ad::Variable c(array{1.0, 1.0});
    ad::Variable y = ad::sum(2 * x + c * c);
    x.mutable_data() *= 2;
    c.mutable_data() *= 2;
    y.backward();
    CHECK(x.grad() == array{2.0, 2.0});

    // The result of exp is not read back: it is computed again from x.
    ad::Variable e = ad::exp(x);
    const array expected = e.data();
    e.mutable_data() += 1;
    x.clear_grad();
    ad::sum(e).backward();
    CHECK(xt::allclose(x.grad(), expected, 1e-15, 0.0));
}
