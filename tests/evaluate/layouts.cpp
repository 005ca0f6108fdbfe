// SPDX-License-Identifier: BSD-3-Clause
// Fused loops over whatever lies in memory in some way: column-major and adapted memory, fixed shapes, other number
// types; and over arguments that change, move or grow between two runs.
#include <array>
#include <vector>

#include "against_reference.hpp"

#if __has_include(<xtensor/containers/xadapt.hpp>)
#include <xtensor/containers/xadapt.hpp>
#else
#include <xtensor/xadapt.hpp>
#endif

using namespace evaluate_test;

namespace
{
    constexpr auto least_squares = [](auto x, auto w, auto y)
    {
        auto r = x * w - y;
        return ad::mean(r * r) + 0.1 * ad::sum(w * w) + ad::sum(ad::exp(y) / 64);
    };

    std::mt19937 engine(1);
}

TEST_CASE("row-major, column-major and adapted memory in one formula")
{
    for (int n : lengths)
    {
        for (int rows : {1, 2, 5})
        {
            CAPTURE(n);
            CAPTURE(rows);
            const matrix x = make<matrix>({rows, n}, engine);
            const columns w = make<columns>({rows, n}, engine);
            std::vector<double> memory(std::size_t(n), 0.25);
            const auto y = xt::adapt(memory, std::array<std::size_t, 2>{1, std::size_t(n)});
            const matrix same = y;
            compared(least_squares, x, w, same).check(rounding);
            // Adapted memory is read where it lies.
            auto p = ad::bind<0, 1>(least_squares, x, w, y);
            auto q = ad::bind<0, 1>(least_squares, x, w, same);
            CHECK(p.value_and_grad() == q.value_and_grad());
            CHECK(p.grad<1>() == q.grad<1>());
        }
    }
}

TEST_CASE("fixed shapes: a cheap result is read by a loop of another shape too")
{
    const xt::xtensor_fixed<double, xt::xshape<3>> w{1, 2, 3}, v{1, -1, 1};
    const xt::xtensor_fixed<double, xt::xshape<2, 3>> x{{1, 2, 3}, {4, 5, 6}};
    compared([](auto a, auto b, auto c) { return ad::sum(c * c) + ad::sum(b * (a * a)) + ad::sum(c * (a * a)); }, w, v,
             x)
        .check(rounding);
}

TEST_CASE("numbers of single precision, and both in one formula")
{
    for (int n : lengths)
    {
        CAPTURE(n);
        const auto x = make<xt::xtensor<float, 2>>({2, n}, engine);
        const auto w = make<xt::xtensor<float, 1>>({n}, engine), y = make<xt::xtensor<float, 1>>({n}, engine);
        compared(least_squares, x, w, y).check(3e-6);
        const vector z = make<vector>({n}, engine);
        auto p = ad::bind<0, 2>(least_squares, x, w, z);
        const matrix wide = x;
        const vector wide_w = w;
        auto q = ad::bind<0, 2>(least_squares, wide, wide_w, z);
        check_near(look(p.value_and_grad()), look(q.value_and_grad()), 1e-13);
        static_assert(std::is_same_v<decltype(p.grad<0>()), const xt::xtensor<float, 2>&>);
        check_near(look(p.grad<0>()), look(q.grad<0>()), 1e-7);
        check_near(look(p.grad<2>()), look(q.grad<2>()), 1e-13);
    }
}

TEST_CASE("arguments that change, grow and move between two runs")
{
    matrix x = make<matrix>({3, 17}, engine);
    vector w = make<vector>({17}, engine), y = make<vector>({17}, engine);
    compared c(least_squares, x, w, y);
    c.check(rounding);
    // In place.
    fill(x, engine);
    w(3) = 0.125;
    c.check(rounding);
    // To other shapes, there and back; to no elements; to extents of 1, where the types had let expect none.
    for (int n : {600, 17, 1, 0, 9})
    {
        CAPTURE(n);
        x = make<matrix>({n == 9 ? 1 : 4, n}, engine);
        w = make<vector>({n == 600 ? 1 : n}, engine);
        y = make<vector>({n == 9 ? 1 : n}, engine);
        if (n != 0)
        {
            c.check(rounding);
        }
    }
    // The same shapes at another address.
    matrix other = make<matrix>({1, 9}, engine);
    std::swap(x, other);
    c.check(rounding);
    // Shapes that do not fit are refused each time, and forgotten.
    y = make<vector>({4}, engine);
    auto p = ad::bind<0, 1, 2>(least_squares, x, w, y);
    CHECK_THROWS_AS(p.value(), ad::shape_error);
    CHECK_THROWS_AS(p.value_and_grad(), ad::shape_error);
    CHECK_THROWS_AS(p.value_and_grad(), ad::shape_error);
    y = make<vector>({9}, engine);
    CHECK(p.value() == doctest::Approx(p.value_and_grad()));
    c.check(rounding);
}

TEST_CASE("a copy of what is bound has results of its own")
{
    vector x{1, 2, 3};
    auto p = ad::bind([](auto v) { return ad::sum(v * v * v); }, x);
    p.value_and_grad();
    auto q = p;
    x = vector{2, 2, 2};
    CHECK(q.value_and_grad() == 24);
    CHECK(q.grad() == vector{12, 12, 12});
    CHECK(p.grad() == vector{3, 12, 27});
    CHECK(p.value_and_grad() == 24);
    CHECK(p.grad() == vector{12, 12, 12});
}

TEST_CASE("a result that is not wanted is left alone, and does not keep the others from theirs")
{
    struct id;
    using request_node = decltype(node_of<id>(least_squares, matrix(), vector(), vector()));
    using request =
        ad::graph::value_and_gradient_of<request_node, ad::expression::input<id, 0, matrix>,
                                         ad::expression::input<id, 1, vector>, ad::expression::input<id, 2, vector>>;
    using program = ad::graph::program<request, true>;
    using namespace xautodiff::evaluate;
    array_evaluator<program::graph, double, product_of<array::family::xtensor>> machine;
    const matrix x = make<matrix>({3, 21}, engine);
    const vector w = make<vector>({21}, engine), y = make<vector>({21}, engine);
    const auto node = node_of<id>(least_squares, x, w, y);
    const std::tuple arguments{&x, &w, &y};
    const auto gradient = reference::gradient(node, 1.0, std::tie(x, w, y));
    const double expected = reference::value(node, std::tie(x, w, y)).item();
    for (unsigned wanted = 0; wanted < 32; ++wanted)
    {
        // Each choice follows one that wants other results.
        const unsigned bits = (wanted * 7) % 16;
        double value = 99;
        matrix dx{{99}};
        vector dw{99}, dy{99};
        machine.run(node, arguments,
                    std::tuple{bits & 1u ? &value : nullptr, bits & 2u ? &dx : nullptr, bits & 4u ? &dw : nullptr,
                               bits & 8u ? &dy : nullptr});
        CAPTURE(bits);
        CHECK(value == doctest::Approx(bits & 1u ? expected : 99));
        if ((bits & 2u) != 0)
        {
            check_near(look(dx), gradient.input[0].ref(), rounding);
        }
        else
        {
            CHECK(dx == matrix{{99}});
        }
        if ((bits & 4u) != 0)
        {
            check_near(look(dw), gradient.input[1].ref(), rounding);
        }
        else
        {
            CHECK(dw == vector{99});
        }
        if ((bits & 8u) != 0)
        {
            check_near(look(dy), gradient.input[2].ref(), rounding);
        }
        else
        {
            CHECK(dy == vector{99});
        }
    }
}
