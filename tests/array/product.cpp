// SPDX-License-Identifier: BSD-3-Clause
// Both matrix products, the plain loops and BLAS, against the definition.
#include <xautodiff/array/blas.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "filled_array.hpp"

namespace array = xautodiff::array;
using array::array_ref;
using array::shape;
using test::filled_array;
using xautodiff::shape_error;

namespace
{
    struct loops
    {
        template <class... A>
        static void matmul(const A&... a)
        {
            array::matmul(a...);
        }
    };

    struct blas
    {
        template <class... A>
        static void matmul(const A&... a)
        {
            array::blas::matmul(a...);
        }
    };

    template <class T, class Engine>
    void compare(const shape& sizes, test::layout lo, test::layout la, test::layout lb, int flags)
    {
        const bool ta = (flags & 1) != 0;
        const bool tb = (flags & 2) != 0;
        const bool accumulate = (flags & 4) != 0;
        const array::index m = sizes[0];
        const array::index k = sizes[1];
        const array::index n = sizes[2];
        const filled_array<T> a(ta ? shape{k, m} : shape{m, k}, la, 1);
        const filled_array<T> b(tb ? shape{n, k} : shape{k, n}, lb, 2);
        const filled_array<T> out({m, n}, lo, 3);
        const filled_array<T> expected({m, n}, lo, 3);
        if (!accumulate && std::numeric_limits<T>::has_quiet_NaN)
        {
            // What is overwritten must not be read.
            array::fill(out.ref, std::numeric_limits<T>::quiet_NaN());
        }
        for (array::index i = 0; i < m; ++i)
        {
            for (array::index j = 0; j < n; ++j)
            {
                T& sum = test::at(expected.ref, {i, j});
                sum = accumulate ? sum : T(0);
                for (array::index p = 0; p < k; ++p)
                {
                    sum += test::at(a.look(), ta ? test::position{p, i} : test::position{i, p})
                           * test::at(b.look(), tb ? test::position{j, p} : test::position{p, j});
                }
            }
        }
        Engine::matmul(out.ref, a.look(), b.look(), ta, tb, accumulate);
        CAPTURE(to_string(sizes));
        CAPTURE(flags);
        CAPTURE(int(lo));
        CAPTURE(int(la));
        CAPTURE(int(lb));
        REQUIRE(out.data == expected.data);
    }
}

TEST_CASE_TEMPLATE("products of matrices in any layout, transposed or not, replacing or adding", Engine, loops, blas)
{
    for (const shape& sizes :
         {shape{0, 3, 2}, shape{2, 0, 3}, shape{2, 3, 0}, shape{1, 1, 1}, shape{2, 3, 4}, shape{1, 70, 1},
          shape{9, 10, 1}, shape{1, 10, 9}, shape{9, 1, 10}, shape{7, 5, 6}, shape{1, 1, 80}, shape{80, 1, 1},
          shape{23, 37, 1}, shape{1, 37, 23}, shape{37, 16, 1}, shape{3, 2100, 1}, shape{1, 19, 2070}})
    {
        for (test::layout lo : test::layouts)
        {
            for (test::layout la : test::layouts)
            {
                for (test::layout lb : test::layouts)
                {
                    for (int flags = 0; flags < 8; ++flags)
                    {
                        compare<double, Engine>(sizes, lo, la, lb, flags);
                        compare<float, Engine>(sizes, lo, la, lb, flags);
                    }
                }
            }
        }
    }
    compare<int, Engine>({7, 5, 6}, test::layout::row_major, test::layout::column_major, test::layout::row_major, 0);
}

TEST_CASE_TEMPLATE("operands that repeat a row, a column or one element", Engine, loops, blas)
{
    const double x[9]{1, 2, 3, 4, 5, 6, 7, 8, 9};
    double out[81]{};
    const array_ref<double> to(out, {9, 9});
    const array_ref<const double> rows(x, {9, 9}, {0, 1});
    const array_ref<const double> columns(x, {9, 9}, {1, 0});
    Engine::matmul(to, columns, rows);
    CHECK(out[0] == 9);
    CHECK(out[80] == 9 * 81);
    Engine::matmul(to, rows, columns);
    CHECK(out[0] == 285);
    CHECK(out[80] == 285);

    double sum = 0;
    const array_ref<const double> same(x + 1, {1, 100}, {0, 0});
    Engine::matmul(array_ref<double>(&sum, {1, 1}), same, same, false, true);
    CHECK(sum == 400);
}

TEST_CASE_TEMPLATE("overlapping windows of a signal are a matrix too", Engine, loops, blas)
{
    double signal[20]{};
    for (int i = 0; i < 20; ++i)
    {
        signal[i] = i;
    }
    double weights[5]{1, 0, -1, 0, 2};
    double out[16]{};
    Engine::matmul(array_ref<double>(out, {16, 1}), array_ref<const double>(signal, {16, 5}, {1, 1}),
                   array_ref<const double>(weights, {5, 1}));
    for (int i = 0; i < 16; ++i)
    {
        CHECK(out[i] == 2 * i + 6);
    }
}

TEST_CASE_TEMPLATE("what is infinite in a product with a vector stays where it is", Engine, loops, blas)
{
    constexpr double infinity = std::numeric_limits<double>::infinity();
    // Whatever does not fill a register, or fills it with elements that were there before, is no factor of anything.
    for (array::index at = 0; at < 21; ++at)
    {
        const filled_array<double> a({19, 21}, test::layout::row_major, 1), x({21, 1}, test::layout::row_major, 2),
            y({19, 1}, test::layout::row_major, 3), out({19, 1}, test::layout::row_major, 4),
            transposed({21, 1}, test::layout::row_major, 5);
        std::fill(x.ref.data, x.ref.data + 21, 1.0);
        std::fill(y.ref.data, y.ref.data + 19, 1.0);
        a.ref.data[17 * 21 + at] = infinity;
        Engine::matmul(out.ref, a.look(), x.look());
        Engine::matmul(transposed.ref, a.look(), y.look(), true);
        for (array::index i = 0; i < 19; ++i)
        {
            CHECK((out.ref.data[i] == infinity) == (i == 17));
            CHECK(std::isfinite(out.ref.data[i]) == (i != 17));
        }
        for (array::index j = 0; j < 21; ++j)
        {
            CHECK((transposed.ref.data[j] == infinity) == (j == at));
            CHECK(std::isfinite(transposed.ref.data[j]) == (j != at));
        }
    }
}

TEST_CASE_TEMPLATE("the error of an inner product does not grow with its length", Engine, loops, blas)
{
    constexpr array::index n = 1 << 20;
    const std::vector<float> x(static_cast<std::size_t>(n), 0.1f);
    const std::vector<float> y(static_cast<std::size_t>(n), 1.0f);
    float sum = 0;
    Engine::matmul(array_ref<float>(&sum, {1, 1}), array_ref<const float>(x.data(), {1, n}),
                   array_ref<const float>(y.data(), {n, 1}));
    CHECK(std::abs(sum - double(0.1f) * n) <= 1e-5 * double(0.1f) * n);
}

TEST_CASE_TEMPLATE("products that do not fit", Engine, loops, blas)
{
    double x[12]{};
    const auto ref = [&](const shape& s) { return array_ref<double>(x, s); };
    CHECK_THROWS_WITH_AS(Engine::matmul(ref({2, 2}), ref({2, 3}), ref({2, 3})),
                         "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)", shape_error);
    CHECK_THROWS_WITH_AS(Engine::matmul(ref({2, 3}), ref({2, 3}), ref({3, 2})),
                         "a product of shape [2, 2] does not fit a result of shape [2, 3]", shape_error);
    CHECK_THROWS_WITH_AS(Engine::matmul(ref({2, 2}), ref({3}), ref({3, 2})),
                         "a matrix is needed, not an array of shape [3]", shape_error);
}

TEST_CASE("shapes of products that cannot be")
{
    CHECK_THROWS_WITH_AS(array::matmul_shape({2, 3}, {2, 3}), "mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)",
                         shape_error);
    CHECK_THROWS_WITH_AS(array::matmul_shape({3}, {2, 3}), "mat1 and mat2 shapes cannot be multiplied (1x3 and 2x3)",
                         shape_error);
    CHECK_THROWS_WITH_AS(array::matmul_shape({2, 3}, {2}), "size mismatch, got 2, 2x3,2", shape_error);
    CHECK_THROWS_WITH_AS(
        array::matmul_shape({2}, {3}),
        "inconsistent tensor size, expected tensor [2] and src [3] to have the same number of elements, but got 2 "
        "and 3 elements respectively",
        shape_error);
    CHECK_THROWS_WITH_AS(array::matmul_shape({}, {2, 3}),
                         "both arguments to matmul need to be at least 1D, but they are 0D and 2D", shape_error);
    CHECK_THROWS_WITH_AS(array::matmul_shape({2, 3}, {2, 2, 3}),
                         "matmul takes arrays of 1 or 2 dimensions here, but they are 2D and 3D", shape_error);
}
