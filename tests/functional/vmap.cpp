// SPDX-License-Identifier: BSD-3-Clause
// ad::vmap: a function of numbers, or a transform of one, over arrays: element by element what it is of numbers.
#include <xautodiff/core.hpp>
#include <xautodiff/evaluate/blas_product.hpp>
#include <xautodiff/expression/xtensor_operand.hpp>
#include <xautodiff/functional/vmap.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <new>

namespace ad = xautodiff;

namespace
{
    std::size_t allocations = 0;
}

void* operator new(std::size_t size)
{
    ++allocations;
    if (void* p = std::malloc(size == 0 ? 1 : size))
    {
        return p;
    }
    throw std::bad_alloc();
}
// Not inlined: a compiler that sees free where it sees new takes them for a mistake.
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

namespace
{
    using vector = xt::xtensor<double, 1>;
    using matrix = xt::xtensor<double, 2>;

    constexpr auto product = [](auto x, auto y) { return ad::sin(x) * y + y * y; };

    double product_of(double x, double y) { return std::sin(x) * y + y * y; }

    vector counted(std::size_t n, double first, double step)
    {
        vector v = xt::empty<double>({n});
        for (std::size_t i = 0; i < n; ++i)
        {
            v(i) = first + step * double(i);
        }
        return v;
    }

    /// Sizes around those of a register and of a block.
    constexpr std::size_t sizes[]{0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 511, 512, 513, 2047, 2048, 2049, 5000};

    bool near(double a, double b) { return std::abs(a - b) <= 1e-14 * std::max(1.0, std::abs(b)); }
}

TEST_CASE("value and gradients of a function of numbers over vectors of any size")
{
    for (std::size_t n : sizes)
    {
        CAPTURE(n);
        const vector x = counted(n, -2, 0.01), y = counted(n, 1, -0.003);
        const auto [value, gradients] = ad::vmap(ad::value_and_grad<0, 1>(product))(x, y);
        const auto& [dx, dy] = gradients;
        REQUIRE(value.size() == n);
        REQUIRE(dx.size() == n);
        REQUIRE(dy.size() == n);
        for (std::size_t i = 0; i < n; ++i)
        {
            REQUIRE(near(value(i), product_of(x(i), y(i))));
            REQUIRE(near(dx(i), std::cos(x(i)) * y(i)));
            REQUIRE(near(dy(i), std::sin(x(i)) + 2 * y(i)));
        }
    }
}

TEST_CASE("every transform of a function of numbers")
{
    const vector x = counted(21, -1, 0.1), y = counted(21, 0.5, 0.2), t = counted(21, 1, 0.3);
    const vector plain = ad::vmap(product)(x, y);
    const vector slope = ad::vmap(ad::grad<1>(product))(x, y);
    const vector curvature = ad::vmap(ad::grad(ad::grad(product)))(x, y);
    const auto along = ad::vmap(
        [](auto a, auto b, auto d) {
            return ad::jvp(product, std::tuple{a, b}, std::tuple{d, 2.0});
        })(x, y, t);
    for (std::size_t i = 0; i < x.size(); ++i)
    {
        CHECK(near(plain(i), product_of(x(i), y(i))));
        CHECK(near(slope(i), std::sin(x(i)) + 2 * y(i)));
        CHECK(near(curvature(i), -std::sin(x(i)) * y(i)));
        CHECK(near(along.value(i), plain(i)));
        CHECK(near(along.tangent(i), std::cos(x(i)) * y(i) * t(i) + 2 * slope(i)));
    }
}

TEST_CASE("results come in the form in which the function returns them")
{
    const vector x{0.5, 2, -3};
    const auto shifted = [](auto a, double by) { return a + by; };
    const auto [square, pair] = ad::vmap(
        [=](auto a) {
            return std::tuple{a * a, std::array{shifted(a, 1), shifted(a, -1)}};
        })(x);
    static_assert(std::is_same_v<decltype(pair), const std::array<vector, 2>>);
    CHECK(square == vector{0.25, 4, 9});
    CHECK(pair[0] == vector{1.5, 3, -2});
    CHECK(pair[1] == vector{-0.5, 1, -4});
}

TEST_CASE("a result that does not vary has the arguments' shape too")
{
    const vector x{1, 2, 3};
    const auto [seven, two, pair] = ad::vmap(
        [](auto a) {
            return std::tuple{7.0, ad::grad([](auto b) { return 2 * b; })(a), std::array{3.0, 4.0}};
        })(x);
    static_assert(std::is_same_v<decltype(pair), const std::array<vector, 2>>);
    CHECK(seven == vector{7, 7, 7});
    CHECK(pair == std::array{vector{3, 3, 3}, vector{4, 4, 4}});
    CHECK(two == vector{2, 2, 2});
    // Of one of two arguments: the shape of both.
    CHECK(ad::vmap([](auto, auto b) { return b; })(x, 5.0) == vector{5, 5, 5});
}

TEST_CASE("arguments broadcast, numbers among them")
{
    const matrix column{{1}, {2}};
    const vector row{10, 20, 30};
    const auto [value, gradients] =
        ad::vmap(ad::value_and_grad<0, 1, 2>([](auto a, auto b, auto c) { return a * b + c; }))(column, row, 0.5);
    const auto& [da, db, dc] = gradients;
    static_assert(std::is_same_v<decltype(da), const matrix>);
    CHECK(value == matrix{{10.5, 20.5, 30.5}, {20.5, 40.5, 60.5}});
    CHECK(da == matrix{{10, 20, 30}, {10, 20, 30}});
    CHECK(db == matrix{{1, 1, 1}, {2, 2, 2}});
    CHECK(dc == matrix{{1, 1, 1}, {1, 1, 1}});
    const vector wrong{1, 2};
    CHECK_THROWS_WITH_AS(ad::vmap(product)(row, wrong),
                         "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0",
                         ad::shape_error);
}

TEST_CASE("arrays of unknown rank, of column-major layout, and of numbers of single precision")
{
    const xt::xarray<double> x{{1, 2}, {3, 4}}, y{10, 20};
    const xt::xarray<double> sum = ad::vmap([](auto a, auto b) { return a * a + b; })(x, y);
    CHECK(sum == xt::xarray<double>{{11, 24}, {19, 36}});
    const xt::xtensor<double, 2, xt::layout_type::column_major> c{{1, 2, 3}, {4, 5, 6}};
    const matrix m{{1, 1, 1}, {2, 2, 2}};
    CHECK(ad::vmap([](auto a, auto b) { return a / b; })(c, m) == matrix{{1, 2, 3}, {2, 2.5, 3}});
    const xt::xtensor<float, 1> f{1, 4, 9};
    const auto [root, slope] = ad::vmap(ad::value_and_grad([](auto a) { return ad::sqrt(a); }))(f);
    static_assert(std::is_same_v<decltype(root), const xt::xtensor<float, 1>>);
    CHECK(root == xt::xtensor<float, 1>{1, 2, 3});
    CHECK(slope == xt::xtensor<float, 1>{0.5f, 0.25f, 1 / 6.0f});
}

namespace
{
    constexpr std::array points{1.0, 2.0, 3.0};
    constexpr auto cubes = ad::vmap(ad::value_and_grad([](auto x) { return x * x * x; }))(points);
    static_assert(cubes.value == std::array{1.0, 8.0, 27.0});
    static_assert(cubes.grad == std::array{3.0, 12.0, 27.0});
    static_assert(ad::vmap([](auto x, auto y) { return x * y; })(points, 2.0) == std::array{2.0, 4.0, 6.0});
    static_assert(ad::vmap([](auto x, auto y) { return x - y; })(std::array<std::array<double, 2>, 1>{{{1, 2}}},
                                                                 std::array{3.0, 5.0})
                  == std::array<std::array<double, 2>, 1>{{{-2, -3}}});
}

TEST_CASE("bound to its arguments it allocates nothing from the second call on, and reads their present contents")
{
    vector x = counted(1000, -1, 0.002), y = counted(1000, 1, 0.001);
    auto p = ad::bind(ad::vmap(ad::value_and_grad<0, 1>(product)), x, y);
    p.value();
    x(7) = 3;
    const std::size_t before = allocations;
    const auto& [value, gradients] = p.value();
    CHECK(allocations == before);
    CHECK(near(value(7), product_of(3, y(7))));
    CHECK(near(std::get<0>(gradients)(7), std::cos(3.0) * y(7)));
    CHECK(near(value(999), product_of(x(999), y(999))));
    // Other shapes are planned anew.
    x = counted(3, 0, 1);
    y = counted(3, 1, 1);
    REQUIRE(p.value().value.size() == 3);
    CHECK(near(p.value().value(2), product_of(2, 3)));
}
