// SPDX-License-Identifier: BSD-3-Clause
// Long loops on numbers, whose entries go together after a backward pass: whatever was done with the graph in between, the same
// is left as if they had gone one by one.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "torch_error.hpp"

namespace ad = xautodiff;
using ad::oracle::error_of;
using ad::oracle::torch_says;

namespace
{
    using number = ad::Variable<double>;

    template <class V>
    int references_of(const V& v)
    {
        return v.object()->references;
    }

    bool has_run() { return ad::variable::tape::here().has_run(); }

    constexpr int steps = 40000;  // on several pages

    /// Calls f, after which no entry may be left: the pages it took are there for the next time.
    template <class F>
    void leaves_nothing(F f)
    {
        const auto reserved = [] { return ad::variable::tape::here().reserved_bytes(); };
        f();
        f();
        const std::size_t before = reserved();
        for (int i = 0; i < 20; ++i)
        {
            f();
        }
        CHECK(reserved() <= before);
    }
}

TEST_CASE("a loop is one run, and lets go of what it refers to")
{
    leaves_nothing(
        []
        {
            ad::Variable x(0.3, ad::requires_grad);
            ad::Variable s = x;
            for (int i = 0; i < steps; ++i)
            {
                s = ad::sin(s) * 1.0001 + 0.5 * s * x;
            }
            s.backward();
            CHECK(has_run());
            CHECK(references_of(x) > steps);
            s = ad::Variable(1.0);
            CHECK_FALSE(has_run());
            CHECK(references_of(x) == 1);
        });
}

TEST_CASE("statements of one, two and three operands, with others that change")
{
    leaves_nothing(
        []
        {
            std::vector<number> x;
            for (int i = 0; i < 9; ++i)
            {
                x.emplace_back(0.1 * i, ad::requires_grad);
            }
            number s = x[0] * 1;
            for (int i = 0; i < steps; ++i)
            {
                // An untagged Variable that a formula names twice counts twice.
                switch (i % 5)
                {
                case 0:
                    s = ad::sin(s);
                    break;
                case 1:
                    s = s * 0.5 + x[1];
                    break;
                case 2:
                    s = s * x[2] + s;
                    break;
                case 3:
                    s = s * x[3] + x[4];
                    break;
                default:
                    // More others than a run has, in the older half.
                    const number& often = x[i < steps / 2 ? std::size_t(5 + i / 5 % 4) : 1];
                    s = s * 0.5 + often;
                }
            }
            s.backward();
            CHECK(has_run());
            s = number(1.0);
            for (const number& v : x)
            {
                CHECK(references_of(v) == 1);
            }
        });
}

TEST_CASE("a Variable of an entry in the middle keeps what is behind it")
{
    for (const bool first_root : {false, true})
    {
        ad::Variable x(0.3, ad::requires_grad);
        std::optional<number> kept;
        ad::Variable s = x;
        double value = 0.3, derivative = 1;
        for (int i = 0; i < steps; ++i)
        {
            if (i == steps / 2)
            {
                kept.emplace(s);
            }
            s = s * 0.9999 + 0.001 * x;
            if (!kept)
            {
                derivative = derivative * 0.9999 + 0.001;
                value = value * 0.9999 + 0.001 * 0.3;
            }
        }
        s.backward({.retain_graph = true});
        CHECK(has_run());
        x.clear_grad();
        if (first_root)
        {
            s = ad::Variable(1.0);
        }
        CHECK(kept->item() == doctest::Approx(value).epsilon(1e-12));
        kept->backward();
        CHECK(x.grad() == doctest::Approx(derivative).epsilon(1e-12));
        kept.reset();
        s = ad::Variable(1.0);
        CHECK(references_of(x) == 1);
    }
}

TEST_CASE("who walks the graph keeps what it has reached")
{
    ad::Variable x(0.3, ad::requires_grad);
    ad::function at;
    {
        ad::Variable s = x;
        for (int i = 0; i < steps; ++i)
        {
            s = ad::sin(s + x);
        }
        SUBCASE("from after the pass")
        {
            s.backward();
            CHECK(has_run());
            at = s.grad_fn();
            CHECK_FALSE(has_run());
        }
        SUBCASE("from before it")
        {
            at = s.grad_fn();
            for (int i = 0; i < 200; ++i)
            {
                at = at.next_functions()[0].function;
            }
            s.backward();
        }
    }
    int walked = 0;
    while (at.name() != "AccumulateGrad")
    {
        at = at.next_functions()[0].function;
        ++walked;
    }
    CHECK(walked >= 2 * steps - 200);
    at = {};
    CHECK(references_of(x) == 1);
}

TEST_CASE("a later pass on record refers to entries of a run")
{
    ad::Variable x(0.3, ad::requires_grad);
    number slope(0.0);
    {
        ad::Variable s = x;
        for (int i = 0; i < 300; ++i)
        {
            s = ad::sin(s) + 0.1 * x;
        }
        s.backward({.retain_graph = true});
        CHECK(has_run());
        slope = ad::grad(s, x, {.create_graph = true});
        CHECK_FALSE(has_run());
    }
    // The second derivative by a difference of first ones.
    const auto first = [](double at)
    {
        double value = at, derivative = 1;
        for (int i = 0; i < 300; ++i)
        {
            derivative = std::cos(value) * derivative + 0.1;
            value = std::sin(value) + 0.1 * at;
        }
        return derivative;
    };
    CHECK(slope.item() == doctest::Approx(first(0.3)).epsilon(1e-12));
    const double second = ad::grad(slope, x);
    CHECK(second == doctest::Approx((first(0.3 + 1e-5) - first(0.3 - 1e-5)) / 2e-5).epsilon(1e-6));
    slope = number(1.0);
    CHECK(references_of(x) == 1);
}

TEST_CASE("an entry that an expression alone used for a while")
{
    ad::Variable x(0.3, ad::requires_grad);
    {
        number s = x * 1;
        for (int i = 0; i < 1000; ++i)
        {
            s = s * 0.999 + x;
        }
        auto doubled = s * 2;
        s = number(1.0);
        s = number(doubled);
        for (int i = 0; i < 1000; ++i)
        {
            s = s * 0.999 + x;
        }
        s.backward({.retain_graph = true});
        CHECK(has_run());
        // The expression still uses it.
        s = doubled + 0 * x;
        x.clear_grad();
        s.backward();
        const double all = (1 - std::pow(0.999, 1001)) / 0.001;
        CHECK(x.grad() == doctest::Approx(2 * all).epsilon(1e-10));
    }
    x.clear_grad();
    number last = x * 1;
    last = x * 2;
    last = number(1.0);
    CHECK(references_of(x) == 1);
}

TEST_CASE("a hook within a run ends it")
{
    ad::Variable x(0.3, ad::requires_grad);
    int called = 0;
    {
        ad::Variable s = x;
        for (int i = 0; i < steps; ++i)
        {
            s = ad::sin(s) + 0.1 * x;
            if (i == steps / 3)
            {
                s.register_hook([&called](double) { ++called; });
            }
        }
        s.backward();
        CHECK(called == 1);
        CHECK(has_run());
    }
    CHECK(references_of(x) == 1);
}

TEST_CASE("a second pass is refused where the first one used something up, and only there")
{
    ad::Variable x(0.3, ad::requires_grad);
    ad::Variable s = x;
    for (int i = 0; i < 300; ++i)
    {
        s = s + x;
    }
    s.backward();
    s.backward();
    CHECK(x.grad() == 602);
    for (int i = 0; i < 300; ++i)
    {
        s = i == 100 ? number(ad::sin(s)) : number(s + x);
    }
    s.backward();
    CHECK(s.grad_fn().name() == "AddBackward0");
    CHECK(error_of([&] { s.backward(); }) == torch_says("backward_twice"));
}

TEST_CASE("a pass that fails within can be made again")
{
    ad::Variable x(0.3, ad::requires_grad);
    bool fails = true;
    ad::Variable s = x;
    double value = 0.3, derivative = 1;
    for (int i = 0; i < 600; ++i)
    {
        s = ad::sin(s) + 0.1 * x;
        derivative = std::cos(value) * derivative + 0.1;
        value = std::sin(value) + 0.1 * 0.3;
        if (i == 300)
        {
            s.register_hook(
                [&fails](double)
                {
                    if (std::exchange(fails, false))
                    {
                        throw std::runtime_error("within");
                    }
                });
        }
    }
    CHECK_THROWS_WITH(s.backward(), "within");
    CHECK_FALSE(x.has_grad());
    s.backward();
    CHECK(x.grad() == doctest::Approx(derivative).epsilon(1e-12));
    CHECK_THROWS_AS(s.backward(), ad::error);
    s = ad::Variable(1.0);
    CHECK(references_of(x) == 1);
}

TEST_CASE("of several graphs each goes, in any order")
{
    for (const int round : {0, 1, 2})
    {
        ad::Variable x(0.3, ad::requires_grad);
        const auto loop = [&x](int n)
        {
            ad::Variable s = x;
            for (int i = 0; i < n; ++i)
            {
                s = ad::sin(s) + 0.1 * x;
            }
            return number(s);
        };
        number a = loop(3000), b = loop(5000), c = a * b;
        if (round == 0)
        {
            c.backward();
        }
        else
        {
            a.backward();
            b.backward();
        }
        (round == 1 ? a : b) = number(1.0);
        number d = loop(4000);
        d.backward();
        c = a = b = number(1.0);
        CHECK(references_of(x) > 4000);
        d = number(1.0);
        CHECK(references_of(x) == 1);
    }
}
