// SPDX-License-Identifier: BSD-3-Clause
// Loops that no type can know: ten thousand steps, and a million on a small stack.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>
#include <pthread.h>

#include <cmath>
#include <random>

namespace ad = xautodiff;

namespace
{
    using array = xt::xarray<double>;
    using vector = xt::xtensor<double, 1>;

    /// Runs f on a stack of 512 KiB, on which no million frames fit.
    template <class F>
    void on_small_stack(F f)
    {
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        REQUIRE(pthread_attr_setstacksize(&attributes, 512 * 1024) == 0);
        pthread_t thread{};
        const auto run = [](void* p) -> void*
        {
            (*static_cast<F*>(p))();
            return nullptr;
        };
        REQUIRE(pthread_create(&thread, &attributes, run, &f) == 0);
        pthread_join(thread, nullptr);
        pthread_attr_destroy(&attributes);
    }
}

TEST_CASE("ten thousand steps of a scalar")
{
    ad::Variable x(0.3, ad::requires_grad);
    ad::Variable y = x * 1;
    double value = 0.3, derivative = 1;
    for (int i = 0; i < 10000; ++i)
    {
        y = ad::sin(y) + 0.5 * x;
        derivative = std::cos(value) * derivative + 0.5;
        value = std::sin(value) + 0.5 * 0.3;
    }
    CHECK(y.item() == doctest::Approx(value).epsilon(1e-14));
    y.backward();
    CHECK(x.grad() == doctest::Approx(derivative).epsilon(1e-12));
}

TEST_CASE("ten thousand steps of an array")
{
    ad::Variable x(array{0.5, -0.25}, ad::requires_grad);
    ad::Variable<array> y = x;
    for (int i = 0; i < 10000; ++i)
    {
        y = y * 1.0001 + x / 10000;
    }
    ad::sum(y).backward();
    // Linear: the same factor for every element.
    const double factor = y.data()(0) / 0.5;
    CHECK(y.data()(1) == doctest::Approx(-0.25 * factor).epsilon(1e-12));
    CHECK(xt::allclose(x.grad(), array{factor, factor}, 1e-12, 0.0));
}

TEST_CASE("a statement that is run again finds new places, shapes and layouts")
{
    using any_layout = xt::xarray<double, xt::layout_type::dynamic>;
    const auto numbers = [](std::size_t rows, std::size_t columns, xt::layout_type layout)
    {
        any_layout a(std::vector{rows, columns}, layout);
        for (std::size_t i = 0; i < rows; ++i)
        {
            for (std::size_t j = 0; j < columns; ++j)
            {
                a(i, j) = double(i) - 0.3 * double(j);
            }
        }
        return a;
    };
    const auto row = xt::layout_type::row_major, column = xt::layout_type::column_major;
    const xt::xtensor<int, 2> whole{{2, -1, 3}};
    // Kept, so that nothing lies where what came before it lay.
    std::vector<ad::Variable<any_layout>> kept;
    for (const auto& [rows, columns, layout] : {std::tuple(4, 3, row),
                                                {4, 3, row},
                                                {4, 3, column},
                                                {2, 3, column},
                                                {300, 3, row},
                                                {300, 3, row},
                                                {4, 3, row}})
    {
        const any_layout start = numbers(std::size_t(rows), std::size_t(columns), layout);
        const auto f = [&](const auto& x)
        { return ad::sum(ad::sin(x) * whole + ad::view(x, ad::range(0, 1)), 0) * ad::mean(x * x); };
        ad::Variable<any_layout> x(start, ad::requires_grad);
        ad::Variable y = f(x);
        // What is evaluated without being recorded is planned each time.
        CHECK(y.data() == f(x).data());
        const any_layout seed = y.data();
        y.backward(seed);
        const auto expected = ad::grad([&](const auto& v) { return ad::sum(ad::cref(seed) * f(v)); })(start);
        CHECK(xt::allclose(x.grad(), expected, 1e-13, 1e-13));
        kept.push_back(x);
    }
}

namespace
{
    /// x², which is found by a statement of the kind that it stands in.
    struct nested_square
    {
        static constexpr std::string_view name = "nested_square";
        static inline int depth = 0;

        static double value(double x);
        template <class X>
        static constexpr auto value(const X& x)
        {
            return x * x;
        }
        template <class X>
        static constexpr auto partials(const X&, const X& x)
        {
            return std::tuple(2 * x);
        }
    };

    double nested_square::value(double x)
    {
        if (depth == 2)
        {
            return x * x;
        }
        ++depth;
        ad::Variable<vector> inner(vector{x, x + 1, x + 2}, ad::requires_grad);
        ad::Variable<vector> squares = ad::apply<nested_square>(inner);
        --depth;
        return squares.data()(0);
    }
}

TEST_CASE("a statement runs inside of one of its kind")
{
    ad::Variable<vector> x(vector{1.0, 2.0, 3.0, 4.0}, ad::requires_grad);
    for (int i = 0; i < 2; ++i)
    {
        x.clear_grad();
        ad::Variable<vector> y = ad::apply<nested_square>(x);
        CHECK(y.data() == vector{1.0, 4.0, 9.0, 16.0});
        ad::sum(y).backward();
        CHECK(x.grad() == vector{2.0, 4.0, 6.0, 8.0});
    }
}

TEST_CASE("a loop whose length depends on the data, from anywhere")
{
    std::mt19937 generator(11);
    std::normal_distribution<double> normal;
    const vector v{0.1, 1.0, 0.0001};
    for (int trial = 0; trial < 20; ++trial)
    {
        ad::Variable x(vector{normal(generator), normal(generator), normal(generator)}, ad::requires_grad);
        ad::Variable y = x * 2;
        int k = 1;
        while (ad::norm_l2(y.data()).item() < 1000)
        {
            y = y * 2;
            ++k;
        }
        CHECK(k > 5);
        y.backward(v);
        CHECK(x.grad() == v * std::ldexp(1.0, k));
    }
}

TEST_CASE("a chain of a million steps is built, differentiated and freed on a small stack")
{
    double gradient_of_scalar = 0, gradient_of_array = 0;
    on_small_stack(
        [&]
        {
            ad::Variable x(1.0, ad::requires_grad);
            {
                ad::Variable<double> y = x;
                for (int i = 0; i < 1000000; ++i)
                {
                    y = y + x;
                }
                y.backward();
            }
            gradient_of_scalar = x.grad();
        });
    CHECK(gradient_of_scalar == 1000001);
    on_small_stack(
        [&]
        {
            ad::Variable x(std::array{1.0, 2.0}, ad::requires_grad);
            ad::Variable<std::array<double, 2>> y = x;
            for (int i = 0; i < 1000000; ++i)
            {
                y = y + x;
            }
            y.backward(std::array{1.0, 1.0});
            // Freed here, in one go, by what takes its place.
            y = x * 2;
            gradient_of_array = x.grad()[1];
        });
    CHECK(gradient_of_array == 1000001);
    on_small_stack(
        [&]
        {
            ad::Variable x(vector{1.0}, ad::requires_grad);
            ad::Variable<vector> y = x;
            for (int i = 0; i < 20000; ++i)
            {
                y = y * 1.0;
            }
            y.backward();
            y = x * 2;
            gradient_of_array = x.grad()(0);
        });
    CHECK(gradient_of_array == 1);
}

TEST_CASE("a chain is differentiated operation by operation on a small stack too")
{
    double third = 0;
    on_small_stack(
        [&]
        {
            ad::Variable x(1.0, ad::requires_grad);
            ad::Variable y = x * 1;
            for (int i = 0; i < 3000; ++i)
            {
                y = y * x;
            }
            ad::Variable first = ad::grad(y, x, {.create_graph = true});
            third = ad::grad(first, x);
        });
    CHECK(third == 3001.0 * 3000.0);
}

TEST_CASE("memory comes back by itself")
{
    const auto reserved = [] { return ad::variable::tape::here().reserved_bytes(); };
    ad::Variable w(0.5, ad::requires_grad);
    ad::Variable rate(0.001);
    const auto step = [&]
    {
        ad::Variable<double> s = w;
        for (int k = 0; k < 10; ++k)
        {
            s = ad::tanh(s) * 1.5 + w * double(k);
        }
        ad::Variable loss = s * s;
        loss.backward();
        {
            ad::no_grad guard;
            w -= rate * w.grad();
        }
        w.zero_grad();
        return loss;
    };
    std::vector<ad::Variable<double>> kept;
    for (int i = 0; i < 100; ++i)
    {
        step();
    }
    const std::size_t after_100 = reserved();
    double sum = 0;
    for (int i = 0; i < 100000; ++i)
    {
        sum += step().item();
        if (i % 1000 == 0)
        {
            kept.emplace_back(step().detach());
        }
    }
    CHECK(std::isfinite(sum));
    CHECK(reserved() == after_100);
    // A loss in a list keeps its graph, as in PyTorch.
    kept.clear();
    for (int i = 0; i < 30000; ++i)
    {
        kept.push_back(step());
    }
    CHECK(kept.front().grad_fn().next_functions()[0].function.name() == "AddBackward0");
    const std::size_t with_graphs = reserved();
    CHECK(with_graphs > 30000 * 11 * 32);
    // A long chain's memory is there for the next one, and given back when that is short.
    kept.clear();
    step();
    step();
    CHECK(reserved() < with_graphs);
    const auto chain = [&](int n)
    {
        ad::Variable<double> s = w;
        for (int i = 0; i < n; ++i)
        {
            s = s * 1.0;
        }
    };
    chain(5000);
    chain(5000);
    CHECK(reserved() < after_100 + 4 * ad::variable::page::alignment);
}

TEST_CASE("entries too large for a page that they would share lie among small ones")
{
    // 72000 bytes: more than an entry's flags can tell.
    using large = xt::xtensor_fixed<double, xt::xshape<9000>>;
    static_assert(sizeof(large) > ad::variable::page::largest);
    const auto reserved = [] { return ad::variable::tape::here().reserved_bytes(); };
    std::size_t after_first = 0;
    for (int round = 0; round < 20; ++round)
    {
        large ones;
        ones.fill(1.0);
        ad::Variable<large> x(ones, ad::requires_grad);
        ad::Variable<double> s(2.0, ad::requires_grad);
        ad::Variable<double> small = s * 3.0;
        ad::Variable<large> y = x * small;
        small = small * s;
        ad::Variable<large> z = y * y;
        ad::Variable<double> out = ad::sum(z) * small;
        out.backward();
        // 9000 (3 s)² 3 s²
        CHECK(out.item() == 9000 * 36.0 * 12.0);
        CHECK(s.grad() == doctest::Approx(9000 * 108.0 * 8));
        CHECK(x.grad()(8999) == 2 * 36.0 * 12.0);
        after_first = round == 0 ? reserved() : after_first;
    }
    CHECK(reserved() <= after_first);
}

TEST_CASE("a ladder of steps that were never differentiated is freed on a small stack")
{
    on_small_stack(
        []
        {
            ad::Variable x(1.0, ad::requires_grad);
            ad::Variable<double> a = x, b = x;
            for (int i = 0; i < 30000; ++i)
            {
                ad::Variable<double> next = a + b;
                a = b * 0.5;
                b = next * 0.5;
            }
            a.detach_();
            b = 0.0;
        });
}

TEST_CASE("a training loop")
{
    const array features{{1.0, 2.0}, {3.0, -1.0}, {0.5, 0.5}}, targets{8.5, 3.5, 3.0};
    ad::Variable w(array{0.0, 0.0}, ad::requires_grad);
    ad::Variable bias(0.0, ad::requires_grad);
    double first = 0, last = 0;
    for (int epoch = 0; epoch < 2000; ++epoch)
    {
        ad::Variable error = ad::sum(w * features, 1) + bias - targets;
        ad::Variable loss = ad::mean(error * error);
        loss.backward();
        w.mutable_data() -= 0.05 * w.grad();
        bias.mutable_data() -= 0.05 * bias.grad();
        w.zero_grad();
        bias.zero_grad();
        (epoch == 0 ? first : last) = loss.item();
    }
    CHECK(first > 20);
    CHECK(last < 1e-12);
    CHECK(xt::allclose(w.data(), array{2.0, 3.0}, 1e-5, 1e-5));
}
