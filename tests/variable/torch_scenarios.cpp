// SPDX-License-Identifier: BSD-3-Clause
// What PyTorch's own tests of its C++ interface check, asked of this one: those of test/cpp/api/autograd.cpp that the other
// files here do not cover. docs/variable.md lists what is different by intent.
#include <xautodiff/core.hpp>
#include <xautodiff/variable/apply.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "torch_error.hpp"

namespace ad = xautodiff;
using ad::oracle::error_of;

namespace
{
    using number = ad::Variable<double>;

    number simple(const number& x, const number& y) { return x + 2 * y + x * y; }

    /// Gives its operand twice, having saved it and nothing else.
    struct twice
    {
        static constexpr std::string_view name = "twice";
        struct context
        {
            ad::saved<double> nothing, x, none;
        };
        static auto forward(context& c, const number& x)
        {
            c.x = x;
            const number y(2 * x.item());
            return std::tuple{y, y};
        }
        static number pullback(const context& c, const number& a, const number& b)
        {
            CHECK_FALSE(bool(c.nothing));
            CHECK_FALSE(bool(c.none));
            CHECK(c.x.get().item() == 4);
            return 2 * a.item() + 2 * b.item();
        }
    };

    /// Saves its operand and gives it back.
    struct same
    {
        static constexpr std::string_view name = "same";
        struct context
        {
            ad::saved<double> x;
        };
        static inline int calls = 0;
        static number forward(context& c, const number& x)
        {
            c.x = x;
            return x;
        }
        static ad::math::none pullback(const context&, const number&)
        {
            ++calls;
            return {};
        }
    };

    /// Goes back through itself, one less each time, down to 0.
    struct deep
    {
        static constexpr std::string_view name = "deep";
        struct context
        {
            double left = 0;
        };
        static inline int depth = 0;
        static number forward(context& c, const number& x)
        {
            c.left = x.item() - 1;
            return x;
        }
        static number pullback(const context& c, const number& g)
        {
            ++depth;
            if (c.left > 0)
            {
                const ad::enable_grad guard;
                ad::apply<deep>(number(c.left, ad::requires_grad)).backward();
            }
            return g;
        }
    };
}

TEST_CASE("backward once, and twice with the graph retained")
{
    number x(3.0, ad::requires_grad), y(5.0, ad::requires_grad);
    const number z = simple(x, y);
    z.backward({.retain_graph = true});
    CHECK(x.grad() == 5 + 1);
    CHECK(y.grad() == 3 + 2);
    z.backward();
    CHECK(x.grad() == 2 * (5 + 1));
    CHECK(y.grad() == 2 * (3 + 2));
}

TEST_CASE("a gradient on record leaves the accumulated ones alone when it is differentiated")
{
    number x(3.0, ad::requires_grad), y(5.0, ad::requires_grad);
    const number z = simple(x, y);
    z.backward({.create_graph = true});
    const number sum = 2 * x.grad_variable() + y.grad_variable();
    // 2 (y + 1) + (x + 2)
    CHECK(ad::grad(sum, x) == 1);
    CHECK(ad::grad(sum, y) == 2);
    CHECK(x.grad() == 6);
    CHECK(y.grad() == 5);
    x.clear_grad();
    y.clear_grad();
}

TEST_CASE("gradient ascent whose steps are on record, with respect to a value that is no leaf")
{
    number start(0.5, ad::requires_grad), y(0.25, ad::requires_grad);
    number x = start;
    for (int i = 0; i < 5; ++i)
    {
        const number g = ad::grad(simple(x, y), x, {.create_graph = true});
        CHECK(g.item() == 1.25);
        CHECK_FALSE(start.has_grad());
        CHECK_FALSE(y.has_grad());
        x = x + 0.05 * g;
    }
    CHECK(simple(x, y).item() > simple(start, y).item());
    x.backward();
    CHECK(start.grad() == 1);
    // Each of five steps added 0.05 (y + 1).
    CHECK(y.grad() == doctest::Approx(0.25).epsilon(1e-15));
}

TEST_CASE("a gradient that is not there, of a leaf that other graphs use and of one that none does")
{
    number x(1.0, ad::requires_grad), y(1.0, ad::requires_grad), unused(1.0, ad::requires_grad);
    const number other = y * y;
    const number z = x * x;
    CHECK(ad::grad(z, x) == 2);
    CHECK_FALSE(ad::grad(z, y, ad::allow_unused).has_value());
    CHECK_FALSE(ad::grad(z, unused, ad::allow_unused).has_value());
    CHECK(error_of([&] { ad::grad(z, y); }).find("Set allow_unused=True") != std::string::npos);
}

TEST_CASE("retain_grad may be called again, and of a leaf says nothing new")
{
    number x(2.0, ad::requires_grad);
    number h = x * x;
    const number out = h * h;
    h.retain_grad();
    h.retain_grad();
    CHECK_FALSE(h.has_grad());
    out.backward({.retain_graph = true});
    CHECK(h.grad() == 2 * 4);
    out.backward({.retain_graph = true});
    CHECK(h.grad() == 4 * 4);
    x.zero_grad();
    x.retain_grad();
    x.retain_grad();
    out.backward();
    CHECK(x.grad() == 4 * 8);
}

TEST_CASE("anomaly mode: a change in place is still that error, and a second derivative that is no number is named")
{
    const ad::detect_anomaly guard;
    number x(5.0, ad::requires_grad);
    number y = x * x;
    const number z = y * y;
    y.mutable_data() += 1;
    CHECK(error_of([&] { z.backward(); }).find("modified by an inplace operation") != std::string::npos);

    number at_zero(0.0, ad::requires_grad);
    const number root = ad::sqrt(at_zero * at_zero);
    CHECK(error_of([&] { root.backward(); }) == "Function 'MulBackward0' returned nan values in its 0th output.");
    CHECK_FALSE(at_zero.has_grad());

    const number power = ad::pow(at_zero, 1.5);
    const number first = ad::grad(power, at_zero, {.create_graph = true});
    CHECK(first.item() == 0);
    const std::string expected = "Function 'PowBackward0' returned nan values in its 0th output.";
    const number nothing = 0.0 * first;
    CHECK(error_of([&] { ad::grad(nothing, at_zero); }) == expected);
    CHECK(error_of([&] { ad::grad(nothing, at_zero, {.create_graph = true}); }) == expected);
    CHECK(error_of([&] { nothing.backward(); }) == expected);
}

TEST_CASE("hooks: counted, added, removed, and replacing the gradient")
{
    number x(1.0, ad::requires_grad), y(4.0, ad::requires_grad);
    number z = simple(x, y);
    int of_x = 0, count = 0;
    x.register_hook([&](double) { ++of_x; });
    ad::hook_handle one = z.register_hook([&](double) { count += 1; });
    z.backward({.retain_graph = true});
    CHECK(count == 1);
    ad::hook_handle two = z.register_hook([&](double) { count += 2; });
    z.backward({.retain_graph = true});
    CHECK(count == 4);
    two.remove();
    z.backward({.retain_graph = true});
    CHECK(count == 5);
    one.remove();
    z.register_hook([](double g) { return 2 * g; });
    y.zero_grad();
    z.backward({.retain_graph = true});
    CHECK(y.grad() == 2 * (1 + 2));
    y.register_hook([](double g) { return 2 * g; });
    y.zero_grad();
    z.backward();
    CHECK(y.grad() == 4 * (1 + 2));
    CHECK(of_x == 5);
    CHECK(count == 5);
}

TEST_CASE("hooks of a value that is changed in place see the gradients of what it was and of what it is")
{
    number x(1.0, ad::requires_grad);
    number a = x * x;
    std::vector<double> before, after;
    a.register_hook([&](double g) { before.push_back(g); });
    a *= 2.0;
    a.register_hook([&](double g) { after.push_back(g); });
    (a * a).backward();
    CHECK(before == std::vector{2 * 2.0 * 2});
    CHECK(after == std::vector{2 * 2.0});
}

TEST_CASE("a user's operation: one result twice, what was not saved, no gradient at all")
{
    number x(4.0, ad::requires_grad);
    const auto [a, b] = ad::apply<twice>(x);
    CHECK(a.item() == 8);
    CHECK(&a.data() == &b.data());
    const number both = a * b;
    both.backward();
    CHECK(x.grad() == 2 * 8 + 2 * 8);

    number y(4.0, ad::requires_grad);
    ad::apply<same>(y).backward();
    ad::apply<same>(y * y).backward();
    CHECK_FALSE(y.has_grad());
    CHECK_FALSE(ad::grad(ad::apply<same>(y), y, ad::allow_unused).has_value());
    CHECK(same::calls == 3);
    // Beside another way for the gradient.
    (ad::apply<same>(y) * x).backward();
    CHECK_FALSE(y.has_grad());
    CHECK(same::calls == 4);
}

TEST_CASE("backward within backward, a thousand deep")
{
    number x(1000.0, ad::requires_grad);
    ad::apply<deep>(x).backward();
    CHECK(deep::depth == 1000);
    CHECK(x.grad() == 1);
}

TEST_CASE("what differs from PyTorch 1.13 by intent")
{
    const double infinity = std::numeric_limits<double>::infinity();
    // A branch that was not taken passes no gradient on, also where its own is infinite; PyTorch: nan.
    number x(1000.0, ad::requires_grad);
    const number branch = ad::where(x > 10, 0, ad::exp(x));
    branch.backward();
    CHECK(x.grad() == 0);
    CHECK(std::exp(x.item()) == infinity);

    // exp is computed again from its operand, which therefore must not change; PyTorch keeps the result, which must not.
    number u(1.0, ad::requires_grad);
    number e = ad::exp(u);
    e.mutable_data() = 0;
    e.backward({.retain_graph = true});
    CHECK(u.grad() == std::exp(1.0));
    u.mutable_data() = 2;
    CHECK(error_of([&] { e.backward(); }).find("modified by an inplace operation") != std::string::npos);

    // A pass that fails changes no gradient, and can be done again; PyTorch keeps those that came first, and has freed
    // what it went through.
    number a(1.0, ad::requires_grad), b(2.0, ad::requires_grad);
    number c = a * 2;
    const number d = c * b;
    ad::hook_handle fails = c.register_hook([](double) { throw std::runtime_error("hook"); });
    CHECK_THROWS_WITH_AS(d.backward(), "hook", std::runtime_error);
    CHECK_FALSE(b.has_grad());
    fails.remove();
    d.backward();
    CHECK(b.grad() == 2);

    // Leaves' hooks come last, when all gradients are complete; PyTorch's as soon as their own is.
    std::string order;
    number p(1.0, ad::requires_grad), q(2.0, ad::requires_grad);
    number r = p * 3;
    const number s = r * q;
    p.register_hook([&](double) { order += 'p'; });
    q.register_hook([&](double) { order += 'q'; });
    r.register_hook([&](double) { order += 'r'; });
    s.backward();
    CHECK(order.front() == 'r');

    // ad::grad keeps the graph, and runs hooks, those of the leaf it asks for too.
    number v(3.0, ad::requires_grad);
    const number w = v * v;
    v.register_hook([](double g) { return 10 * g; });
    CHECK(ad::grad(w, v) == 60);
    CHECK(ad::grad(w, v) == 60);
    // A hook runs in the mode of who called backward; PyTorch's under no_grad.
    bool is_recording = false;
    v.register_hook([&](double) { is_recording = ad::is_grad_enabled(); });
    w.backward();
    CHECK(is_recording);

    // What is changed in place on record is a new value: statements before keep what they read.
    number m(2.0, ad::requires_grad);
    number n = m * 3;
    const number square = n * n;
    n += 1;
    square.backward();
    CHECK(m.grad() == 36);

    // A number of double with one of float is one of double, whatever their dimensions.
    const ad::Variable product = number(2.0) * ad::Variable<float>(3.0f);
    static_assert(std::same_as<decltype(product)::container_type, double>);
    // Comparisons are numbers.
    CHECK((number(1.0) < number(2.0)).item() == 1.0);
}
