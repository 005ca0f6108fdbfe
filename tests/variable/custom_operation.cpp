// SPDX-License-Identifier: BSD-3-Clause
// Operations with a forward and a pullback of the user's: what they save, several results, and what the tape makes of them.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include <array>
#include <memory>
#include <thread>

#include "torch_error.hpp"

namespace ad = xautodiff;
using ad::oracle::before_hint;
using ad::oracle::error_of;
using ad::oracle::torch_says;
using ad::oracle::torch_says_before_hint;

namespace
{
    using array = xt::xarray<double>;

    /// x + factor w + x w
    struct mixture
    {
        static constexpr std::string_view name = "mixture";
        struct context
        {
            ad::saved<double> x, w;
            double factor = 0;
            std::shared_ptr<int> alive;
        };
        static inline thread_local std::weak_ptr<int> last;

        static auto forward(context& c, const auto& x, double factor, const auto& w)
        {
            CHECK_FALSE(ad::is_grad_enabled());
            c = {x, w, factor, std::make_shared<int>()};
            last = c.alive;
            return x + factor * w + x * w;
        }
        static auto pullback(const context& c, const auto& g)
        {
            return std::tuple{g + g * c.w.get(), g * c.factor + g * c.x.get()};
        }
    };

    /// The mean, what is left without it, and which elements lie above it.
    struct centred
    {
        static constexpr std::string_view name = "centred";
        struct context
        {
            std::size_t size = 1;
        };
        static inline int calls = 0;
        static inline double of_mean = 0;
        static inline array of_rest;

        static auto forward(context& c, const ad::Variable<array>& x)
        {
            c.size = x.data().size();
            const double mean = xt::mean(x.data())();
            array rest = x.data() - mean;
            xt::xarray<bool> above = rest > 0.0;
            return std::tuple{mean, std::move(rest), std::move(above)};
        }
        static auto pullback(const context& c, const ad::Variable<double>& mean, const ad::Variable<array>& rest,
                             const ad::Variable<xt::xarray<bool>>&)
        {
            ++calls;
            of_mean = mean.item();
            of_rest = rest.data();
            return (mean - ad::sum(rest)) / double(c.size) + rest;
        }
    };

    /// Saves its own result.
    struct exponential
    {
        static constexpr std::string_view name = "exponential";
        struct context
        {
            ad::saved<double> y;
        };
        static ad::Variable<double> forward(context& c, const auto& x)
        {
            ad::Variable<double> y = ad::exp(x);
            c.y = y;
            return y;
        }
        static auto pullback(const context& c, const auto& g) { return g * c.y.get(); }
    };

    /// Does as it is told.
    struct obedient
    {
        static constexpr std::string_view name = "obedient";
        enum orders
        {
            obey,
            fail_forward,
            fail_back,
            wrong_shape,
            wide,
            nothing,
            not_a_number,
            go_back
        };
        struct context
        {
            int order = obey;
        };
        static ad::Variable<array> forward(context& c, const ad::Variable<array>& x, orders order)
        {
            if (order == fail_forward)
            {
                throw std::runtime_error("forward");
            }
            c.order = order;
            return x;
        }
        static std::optional<array> pullback(const context& c, const ad::Variable<array>& g)
        {
            switch (c.order)
            {
            case fail_back:
                throw std::runtime_error("back");
            case wrong_shape:
                return array{1.0, 2.0, 3.0, 4.0, 5.0};
            case wide:
                return array(xt::ones<double>({4, 2}));
            case nothing:
                return std::nullopt;
            case not_a_number:
                return g.data() * std::numeric_limits<double>::quiet_NaN();
            case go_back:
            {
                const ad::enable_grad guard;
                const ad::Variable<array> again(g.data(), ad::requires_grad);
                ad::Variable<double>(ad::sum(again * again)).backward();
                return again.grad();
            }
            default:
                return 2 * g.data();
            }
        }
    };
}

TEST_CASE("an operation of the user's, with saved operands and an argument that is none")
{
    ad::Variable<double> x(1.0, ad::requires_grad);
    ad::Variable<double> w(3.0, ad::requires_grad);
    ad::Variable y = ad::apply<mixture>(x, 2.0, w);
    static_assert(std::same_as<decltype(y)::container_type, double>);
    CHECK(y.item() == 10);
    CHECK_FALSE(y.is_leaf());
    CHECK(y.grad_fn().name() == "MixtureBackward");
    const auto next = y.grad_fn().next_functions();
    REQUIRE(next.size() == 2);
    CHECK(next[0].function.name() == "AccumulateGrad");
    CHECK(next[1].function.name() == "AccumulateGrad");
    (y * y).backward();
    CHECK(x.grad() == 2 * 10 * 4.0);
    CHECK(w.grad() == 2 * 10 * 3.0);

    // Of expressions, of one Variable twice, of constants.
    x.clear_grad();
    ad::apply<mixture>(x * x, 1.0, x).backward();
    CHECK(x.grad() == 2 * 2.0 + 2);
    x.clear_grad();
    ad::Variable<double> c(1.0);
    ad::apply<mixture>(c, 1.0, x).backward();
    CHECK(x.grad() == 2);
    CHECK_FALSE(c.has_grad());
    CHECK_FALSE(ad::apply<mixture>(c, 1.0, c).requires_grad());
}

TEST_CASE("several results share one entry: pullback runs once, with zeros where nothing came")
{
    ad::Variable x(array{1.0, 2.0, 6.0}, ad::requires_grad);
    centred::calls = 0;
    const auto [mean, rest, above] = ad::apply<centred>(x);
    CHECK(mean.item() == 3);
    CHECK(rest.data() == array{-2.0, -1.0, 3.0});
    CHECK(above.data() == xt::xarray<bool>{false, false, true});
    CHECK_FALSE(above.requires_grad());
    CHECK(mean.grad_fn().name() == "CentredBackward");
    CHECK(rest.grad_fn().next_functions()[0].function.name() == "AccumulateGrad");
    const auto of_product = (rest * mean).grad_fn().next_functions();
    CHECK(of_product[0].function.name() == "CentredBackward");
    CHECK(of_product[0].index == 1);
    CHECK(of_product[1].index == 0);

    mean.backward(6.0, {.retain_graph = true});
    CHECK(centred::calls == 1);
    CHECK(centred::of_mean == 6);
    CHECK(centred::of_rest == array{0.0, 0.0, 0.0});
    CHECK(x.grad() == array{2.0, 2.0, 2.0});

    // In PyTorch's words.
    ad::Variable<array> changed = rest;
    ad::Variable<double> squares = ad::sum(changed * changed);
    changed.mutable_data() += 0;
    CHECK(error_of([&] { squares.backward(); })
              .find("[torch.DoubleTensor [3]], which is output 1 of CentredBackward, is at version 1")
          != std::string::npos);

    // Both, each used twice, with a hook and a gradient kept on the way.
    x.clear_grad();
    ad::Variable<double> m = mean;
    ad::Variable<array> r = rest;
    m.register_hook([](double g) { return 10 * g; });
    r.retain_grad();
    ad::Variable loss = ad::sum(r * r) + m + m;
    loss.backward();
    CHECK(centred::calls == 2);
    CHECK(centred::of_mean == 20);
    CHECK(r.grad() == array{-4.0, -2.0, 6.0});
    CHECK(xt::allclose(x.grad(), array{20.0 / 3 - 4, 20.0 / 3 - 2, 20.0 / 3 + 6}));
    CHECK(ad::oracle::error_of([&] { loss.backward(); }) == torch_says("backward_twice"));

    // One result alone, when the other has gone.
    x.clear_grad();
    r = std::get<1>(ad::apply<centred>(x));
    squares = ad::sum(r * r);
    squares.backward();
    CHECK(xt::allclose(x.grad(), array{-4.0, -2.0, 6.0}));
    CHECK(ad::grad(std::get<0>(ad::apply<centred>(x)), x) == array(xt::ones<double>({3}) / 3.0));
}

TEST_CASE("what is not recorded has no graph, also where forward gives its operand")
{
    ad::Variable<double> s(1.0, ad::requires_grad);
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    {
        const ad::no_grad guard;
        CHECK_FALSE(ad::apply<mixture>(s, 1.0, s).requires_grad());
        CHECK(mixture::last.expired());
        ad::Variable same = ad::apply<obedient>(x, obedient::obey);
        CHECK_FALSE(same.requires_grad());
        CHECK(&same.data() == &x.data());
    }
    // On record it shows the operand's elements, but is not the operand.
    ad::Variable same = ad::apply<obedient>(x, obedient::obey);
    CHECK(&same.data() == &x.data());
    CHECK(same.grad_fn().name() == "ObedientBackward");
    ad::sum(same).backward();
    CHECK(x.grad() == array{2.0, 2.0});
}

TEST_CASE("what was saved is freed by backward, or with the last Variable")
{
    ad::Variable<double> x(3.0, ad::requires_grad);
    {
        ad::Variable<double> y = ad::apply<mixture>(x, 2.0, x);
        y.backward({.retain_graph = true});
        CHECK_FALSE(mixture::last.expired());
        y.backward();
        CHECK(mixture::last.expired());
        CHECK(error_of([&] { y.backward(); }) == torch_says("backward_twice"));
        y = ad::apply<mixture>(x, 2.0, x);
        CHECK_FALSE(mixture::last.expired());
    }
    CHECK(mixture::last.expired());
    CHECK(error_of([] { ad::saved<array>().get(); }) == "this operation's forward has saved nothing here");
}

TEST_CASE("what was saved must not change before backward")
{
    ad::Variable<double> x(2.0, ad::requires_grad);
    ad::Variable<double> y = ad::apply<mixture>(x, 2.0, x);
    x.mutable_data() *= 2;
    CHECK(before_hint(error_of([&] { y.backward(); })) == torch_says_before_hint("modified_scalar"));
    CHECK_FALSE(x.has_grad());

    ad::Variable<double> e = ad::apply<exponential>(x);
    e.mutable_data() *= 2;
    CHECK(error_of([&] { e.backward(); }).find("is at version 1; expected version 0 instead") != std::string::npos);
    // A change on record makes a new entry: what was saved stays.
    ad::Variable<double> inner = x * x;
    ad::Variable<double> z = ad::apply<mixture>(inner, 0.0, inner);
    inner *= x;
    z.backward();
    CHECK(x.grad() == (1 + 2 * 16) * 8);
}

TEST_CASE("derivatives of derivatives, where pullback is written with operations on Variables")
{
    ad::Variable<double> x(0.5, ad::requires_grad);
    ad::Variable<double> w(2.0, ad::requires_grad);
    // (x + 2 w + x w) x
    ad::Variable<double> f = ad::apply<mixture>(x, 2.0, w) * x;
    ad::Variable<double> g = ad::grad(f, x, {.create_graph = true});
    CHECK(g.item() == 2 * 0.5 * 3 + 4);
    const auto [gx, gw] = ad::grad(g, x, w);
    CHECK(gx == 6);
    CHECK(gw == 2 * 0.5 + 2);

    // Through a saved result, also where the result itself has gone: every derivative of exp is exp.
    ad::Variable<double> first = ad::grad(ad::apply<exponential>(x), x, {.create_graph = true});
    ad::Variable<double> second = ad::grad(first, x, {.create_graph = true});
    CHECK(ad::grad(second, x) == doctest::Approx(std::exp(0.5)).epsilon(1e-15));
    ad::Variable<double> y = ad::apply<exponential>(x);
    first = ad::grad(y, x, {.create_graph = true});
    CHECK(ad::grad(first, y) == 1);
    // And where the operand was taken out of the graph since.
    ad::Variable<double> inner = x * x;
    y = ad::apply<mixture>(inner, 0.0, inner);
    inner.detach_();
    first = ad::grad(y, x, {.create_graph = true});
    CHECK(ad::grad(first, x) == doctest::Approx(2 + 12 * 0.25).epsilon(1e-15));

    // Several results.
    ad::Variable a(array{1.0, 2.0, 6.0}, ad::requires_grad);
    const auto [mean, rest, above] = ad::apply<centred>(a);
    ad::Variable h = ad::grad(mean * ad::Variable<double>(ad::sum(rest * rest)), a, {.create_graph = true});
    CHECK(xt::allclose(h.data(), array{14.0 / 3 - 12, 14.0 / 3 - 6, 14.0 / 3 + 18}));
    // The sum of h is that of rest², and mean times what is 0.
    CHECK(xt::allclose(ad::grad(ad::sum(h), a), array{-4.0, -2.0, 6.0}));

    ad::Variable v(array{1.0, 2.0}, ad::requires_grad);
    CHECK(error_of([&] { ad::grad(ad::sum(ad::apply<obedient>(v, obedient::obey)), v, {.create_graph = true}); })
          == "create_graph does not reach through ObedientBackward: its pullback gives plain values; write it with "
             "operations on the Variables that it is given");
}

TEST_CASE("gradients that do not fit, are not there, or are no numbers")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    const auto run = [&](obedient::orders order) { ad::sum(ad::apply<obedient>(x, order)).backward(); };
    // In PyTorch's words.
    CHECK(
        error_of([&] { run(obedient::wrong_shape); })
        == "Function ObedientBackward returned an invalid gradient at index 0 - got [5] but expected shape compatible "
           "with [2]");
    CHECK_FALSE(x.has_grad());
    run(obedient::nothing);
    CHECK_FALSE(x.has_grad());
    run(obedient::wide);
    CHECK(x.grad() == array{4.0, 4.0});
    const ad::detect_anomaly guard;
    CHECK(error_of([&] { run(obedient::not_a_number); })
          == "Function 'ObedientBackward' returned nan values in its 0th output.");
}

TEST_CASE("an exception in forward or pullback leaves everything as it was")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    ad::sum(x).backward();
    CHECK_THROWS_WITH_AS(ad::apply<obedient>(x, obedient::fail_forward), "forward", std::runtime_error);
    CHECK(ad::is_grad_enabled());
    ad::Variable y = ad::apply<obedient>(x, obedient::obey);
    ad::Variable z = ad::apply<obedient>(y, obedient::fail_back);
    CHECK_THROWS_WITH_AS(ad::sum(z).backward(), "back", std::runtime_error);
    CHECK(ad::is_grad_enabled());
    CHECK(x.grad() == array{1.0, 1.0});
    ad::sum(y).backward();
    CHECK(x.grad() == array{3.0, 3.0});
}

TEST_CASE("a pullback may run a backward pass of its own, and one in that, and so on")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    ad::Variable y = ad::apply<obedient>(ad::apply<obedient>(x, obedient::go_back), obedient::go_back);
    y.backward(array{3.0, 4.0});
    CHECK(x.grad() == array{12.0, 16.0});
}

TEST_CASE("in another thread, on a leaf of this one")
{
    ad::Variable<double> x(2.0, ad::requires_grad);
    std::array<double, 2> gradients{};
    const auto work = [&](std::size_t i)
    {
        for (int k = 0; k < 100; ++k)
        {
            gradients[i] = ad::grad(ad::apply<mixture>(x, double(i), x), x);
        }
    };
    std::thread first(work, 0), second(work, 1);
    first.join();
    second.join();
    CHECK(gradients == std::array{1 + 4.0, 1 + 1 + 4.0});
}

TEST_CASE("a chain of operations is freed without recursion")
{
    ad::Variable<double> x(0.0, ad::requires_grad);
    ad::Variable<double> y = x;
    for (int i = 0; i < 50000; ++i)
    {
        y = ad::apply<mixture>(y, 0.0, x);
    }
    y.backward({.retain_graph = true});
    CHECK(x.grad() == 1);
    y = x;
}
