// SPDX-License-Identifier: BSD-3-Clause
// Formulas whose tasks go along the rows of a matrix that is too large for a cache, so that they are run in blocks of rows.
#include <cstdlib>
#include <new>

#include "against_reference.hpp"

using namespace evaluate_test;

namespace
{
    std::size_t watched_size = 0;
    int allocations_of_that_size = 0;
}

void* operator new(std::size_t size)
{
    allocations_of_that_size += size >= watched_size;
    if (void* p = std::malloc(size))
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
    using float_matrix = xt::xtensor<float, 2>;

    /// Numbers of rows that are a whole number of blocks, that are not, and that are so by one.
    constexpr int heights[]{4096, 4001, 6145};
    constexpr int width = 20;

    template <class F, class A, class... X>
    void check_in_blocks(const F& f, const A& a, const X&... x)
    {
        compared(f, a, x...).check(rounding);
    }

    constexpr auto logistic = [](auto w, auto X, auto y)
    { return ad::mean(ad::log1p(ad::exp(-y * ad::matmul(X, w)))); };

    constexpr auto cross_entropy = [](auto z, auto wanted)
    {
        const auto shifted = z - ad::amax(z, 1, ad::keep_dims);
        return ad::mean(ad::log(ad::sum(ad::exp(shifted), 1)) - ad::sum(shifted * wanted, 1));
    };
}

TEST_CASE("a link between two products with one matrix, of any layout")
{
    std::mt19937 engine(1);
    for (int rows : heights)
    {
        CAPTURE(rows);
        const matrix X = make<matrix>({rows, width}, engine);
        const vector w = make<vector>({width}, engine), y = make<vector>({rows}, engine);
        check_in_blocks(logistic, w, X, y);
        check_in_blocks(logistic, w, columns(X), y);
    }
}

TEST_CASE("several passes over rows, whose intermediates have memory for a block")
{
    std::mt19937 engine(2);
    for (int rows : heights)
    {
        CAPTURE(rows);
        const matrix z = make<matrix>({rows, width}, engine), wanted = make<matrix>({rows, width}, engine);
        check_in_blocks(cross_entropy, z, wanted);
    }
    const matrix z = make<matrix>({6145, width}, engine), wanted = make<matrix>({6145, width}, engine);
    auto p = ad::bind(cross_entropy, z, wanted);
    watched_size = z.size() * sizeof(double) / 2;
    allocations_of_that_size = 0;
    p.value_and_grad();
    // The gradient itself.
    CHECK(allocations_of_that_size == 1);
    watched_size = 0;
    allocations_of_that_size = 0;
    p.value_and_grad();
    CHECK(allocations_of_that_size == 0);
}

TEST_CASE("a square matrix, whose rows and columns have one length")
{
    std::mt19937 engine(3);
    const matrix square = make<matrix>({301, 301}, engine);
    const vector one = make<vector>({301}, engine), other = make<vector>({301}, engine);
    check_in_blocks(
        [](auto x, auto A, auto b)
        {
            const auto r = x - b;
            return -0.5 * ad::dot(r, ad::matmul(A, r)) + ad::dot(ad::matmul(r, A), ad::sin(ad::matmul(A, b)));
        },
        one, square, other);
    // A vector for each row, and the same for each column; the matrix, and its transpose.
    check_in_blocks(
        [](auto x, auto A)
        {
            const auto s = ad::sum(ad::exp(A) * ad::square(x), 1, ad::keep_dims);
            return ad::sum(ad::exp(A / s) * (A * x) + ad::transpose(A) * ad::matmul(A, x));
        },
        one, square);
}

TEST_CASE("sums over rows that rows wait for")
{
    std::mt19937 engine(4);
    for (int rows : heights)
    {
        CAPTURE(rows);
        const matrix X = make<matrix>({rows, width}, engine), scale = make<matrix>({rows, 1}, engine);
        const vector shift = make<vector>({width}, engine);
        check_in_blocks(
            [](auto x, auto s, auto w)
            {
                const auto z = ad::exp(x * s - w);
                const auto centred = z - ad::mean(z, 0);
                const auto spread = ad::sqrt(ad::mean(ad::square(centred), 0) + 0.1);
                return ad::sum(ad::sin(centred / spread) * s) + ad::sum(ad::norm_l2(z, 1));
            },
            X, scale, shift);
    }
}

TEST_CASE("parts of a gradient that wait for a sum over rows")
{
    std::mt19937 engine(8);
    const matrix u = make<matrix>({6145, width}, engine), v = make<matrix>({6145, width}, engine);
    check_in_blocks(
        [](auto of, auto z)
        {
            const auto x = ad::exp(of);
            const auto left = ad::view(x, ad::all, ad::range(0, -1));
            const auto right = ad::view(x, ad::all, ad::range(1, ad::end));
            const auto totals = ad::sum(ad::exp(z - ad::amax(z, 1, ad::keep_dims)), 1);
            return ad::sum(ad::sin(left * right * ad::sum(z) / 1e5)) + ad::sum(ad::log(totals));
        },
        u, v);
}

TEST_CASE("results with rows, beside sums over them")
{
    std::mt19937 engine(5);
    const matrix X = make<matrix>({5000, width}, engine);
    const vector w = make<vector>({width}, engine);
    const auto f = [](auto x, auto v) { return ad::tanh(ad::matmul(x, v)) * ad::amax(x, 1); };
    const vector value = f(X, w).data();
    REQUIRE(value.shape(0) == 5000);
    for (std::size_t i : {0u, 777u, 4999u})
    {
        double z = 0, high = X(i, 0);
        for (std::size_t j = 0; j < width; ++j)
        {
            z += X(i, j) * w(j);
            high = std::max(high, X(i, j));
        }
        CHECK(value(i) == doctest::Approx(std::tanh(z) * high).epsilon(1e-13));
    }
}

TEST_CASE("arguments that move, shrink and grow between runs")
{
    std::mt19937 engine(6);
    matrix X = make<matrix>({4001, width}, engine);
    vector w = make<vector>({width}, engine), y = make<vector>({4001}, engine);
    compared p(logistic, w, X, y);
    p.check(rounding);
    const matrix other = make<matrix>({4001, width}, engine);
    X = matrix(other);  // elsewhere
    p.check(rounding);
    for (int rows : {3, 5000, 4001})
    {
        X = make<matrix>({rows, width}, engine);
        y = make<vector>({rows}, engine);
        p.check(rounding);
    }
}

TEST_CASE("float")
{
    std::mt19937 engine(7);
    const float_matrix X = make<float_matrix>({9001, width}, engine);
    const auto w = make<xt::xtensor<float, 1>>({width}, engine), y = make<xt::xtensor<float, 1>>({9001}, engine);
    auto p = ad::bind<0, 1>(logistic, w, X, y);
    const double value = p.value_and_grad();
    const matrix X64 = X;
    const vector w64 = w, y64 = y;
    auto exact = ad::bind<0, 1, 2>(logistic, w64, X64, y64);
    CHECK(value == doctest::Approx(exact.value_and_grad()).epsilon(1e-5));
    CHECK(xt::amax(xt::abs(p.grad<0>() - exact.grad<0>()))() < 1e-6);
    CHECK(xt::amax(xt::abs(p.grad<1>() - exact.grad<1>()))() < 1e-8);
}
