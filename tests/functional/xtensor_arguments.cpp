// SPDX-License-Identifier: BSD-3-Clause
// Transforms take views, functions and adaptors of xtensor's as they are.
#include <xautodiff/core.hpp>
#include <xautodiff/evaluate/blas_product.hpp>
#include <xautodiff/expression/xtensor_operand.hpp>

#include <doctest/doctest.h>
#include <xtensor/xadapt.hpp>
#include <xtensor/xview.hpp>

#include <vector>

namespace ad = xautodiff;
using matrix = xt::xtensor<double, 2>;
using vector = xt::xtensor<double, 1>;

namespace
{
    constexpr auto squares = [](auto x) { return ad::sum(x * x); };
    const matrix a{{1, 2, 3}, {4, 5, 6}};
    const vector b{10, 20, 30};
}

TEST_CASE("the gradient at a view is a container of the view's shape")
{
    const auto g = ad::grad(squares)(xt::view(a, 1));
    static_assert(std::is_same_v<decltype(g), const vector>);
    CHECK(g == vector{8, 10, 12});
}

TEST_CASE("functions, beside containers")
{
    const auto [value, g] = ad::value_and_grad(squares)(b / 10.0 + xt::view(a, 0));
    static_assert(std::is_same_v<decltype(g), const vector>);
    CHECK(value == 4 + 16 + 36);
    CHECK(g == vector{4, 8, 12});

    const auto dot = [](auto x, auto y) { return ad::dot(x, y); };
    const auto [gx, gy] = ad::grad<0, 1>(dot)(xt::view(a, 0), b);
    CHECK(gx == b);
    CHECK(gy == vector{1, 2, 3});
}

TEST_CASE("an adaptor of foreign memory")
{
    const std::vector<double> memory{1, 2, 3};
    CHECK(ad::grad(squares)(xt::adapt(memory, std::array<std::size_t, 1>{3})) == vector{2, 4, 6});
}

TEST_CASE("the other transforms")
{
    const auto cubes = [](auto x) { return x * x * x; };
    const auto [y, t] = ad::jvp(cubes, xt::view(a, 0), 2.0 * vector{1, 1, 0});
    CHECK(y == vector{1, 8, 27});
    CHECK(t == vector{6, 24, 0});

    const auto [value, pullback] = ad::vjp(cubes, xt::view(a, 0));
    CHECK(value == vector{1, 8, 27});
    CHECK(pullback(vector{1, 1, 1}) == vector{3, 12, 27});
    CHECK(pullback(b / 10.0) == vector{3, 24, 81});

    CHECK(ad::jacobian(cubes)(xt::view(a, 0)) == matrix{{3, 0, 0}, {0, 12, 0}, {0, 0, 27}});
    CHECK(ad::hessian(squares)(xt::view(a, 0)) == matrix{{2, 0, 0}, {0, 2, 0}, {0, 0, 2}});
    CHECK(ad::hvp(squares, xt::view(a, 0), b) == vector{20, 40, 60});
    CHECK(ad::check_grads(squares, xt::view(a, 0)).ok);
}

TEST_CASE("vmap of a view and of a function; bind of an adaptor, whose gradient is a container")
{
    const auto product = ad::vmap([](auto x, auto y) { return x * y; });
    CHECK(product(xt::view(a, 1), b + 1.0) == vector{44, 105, 186});

    std::vector<double> memory{1, 2, 3};
    const auto seen = xt::adapt(memory, std::array<std::size_t, 1>{3});
    auto bound = ad::bind(squares, seen);
    static_assert(std::is_same_v<decltype(bound.grad()), const vector&>);
    CHECK(bound.value_and_grad() == 14);
    memory[0] = 5;
    CHECK(bound.value_and_grad() == 38);
    CHECK(bound.grad() == vector{10, 4, 6});
}

TEST_CASE("where only the run tells the rank, only the run tells a number from an array")
{
    const xt::xarray<double> x{1, 2, 3};
    const auto cubes = [](auto v) { return v * v * v; };
    const char* not_scalar = "grad can be implicitly created only for scalar outputs";
    CHECK_THROWS_WITH_AS(ad::grad(cubes)(x), not_scalar, ad::shape_error);
    CHECK_THROWS_WITH_AS(ad::value_and_grad(cubes)(x), not_scalar, ad::shape_error);
    CHECK_THROWS_WITH_AS(ad::hvp(cubes, x, x), not_scalar, ad::shape_error);
    auto bound = ad::bind(cubes, x);
    CHECK(bound.value() == xt::xarray<double>{1, 8, 27});
    CHECK_THROWS_WITH_AS(bound.value_and_grad(), not_scalar, ad::shape_error);

    const auto dot = [](auto v) { return ad::dot(v, v); };
    CHECK(ad::grad(dot)(x) == xt::xarray<double>{2, 4, 6});
    CHECK(ad::hvp(dot, x, x) == xt::xarray<double>{2, 4, 6});
}
