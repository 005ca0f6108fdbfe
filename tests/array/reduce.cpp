// SPDX-License-Identifier: BSD-3-Clause
#include <xautodiff/array/reduce.hpp>

#include <doctest/doctest.h>

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
    /// All shapes that `s` can be reduced to: some extents 1, with and without leading ones.
    std::vector<shape> targets(const shape& s)
    {
        std::vector<shape> out;
        for (int mask = 0; mask < (1 << s.rank); ++mask)
        {
            shape t = s;
            for (int d = 0; d < s.rank; ++d)
            {
                t[d] = (mask >> d) & 1 ? 1 : s[d];
            }
            out.push_back(t);
            while (t.rank > 0 && t[0] == 1)
            {
                shape shorter;
                for (int d = 1; d < t.rank; ++d)
                {
                    shorter.push_back(t[d]);
                }
                t = shorter;
                out.push_back(t);
            }
        }
        return out;
    }

    const shape shapes[]{{},        {1},    {300},  {0},       {5, 3},     {3, 200},    {200, 3},
                         {150, 70}, {1, 9}, {2, 0}, {4, 3, 5}, {2, 1, 40}, {3, 2, 2, 3}};
}

TEST_CASE("sums over any axes, in any layout")
{
    for (const shape& s : shapes)
    {
        for (const shape& t : targets(s))
        {
            for (test::layout li : test::layouts)
            {
                for (test::layout lo : {test::layout::row_major, test::layout::column_major, test::layout::spaced})
                {
                    const filled_array<double> in(s, li, 3);
                    const filled_array<double> out(t, lo, 4);
                    const filled_array<double> expected(t, lo, 4);
                    CAPTURE(to_string(s));
                    CAPTURE(to_string(t));
                    array::fill(expected.ref, 0);
                    for (const auto& p : test::positions(s))
                    {
                        test::at(expected.ref, p) += test::at(in.look(), p);
                    }
                    array::sum_to(out.ref, in.look());
                    REQUIRE(out.data == expected.data);
                }
            }
        }
    }
}

TEST_CASE("the largest over any axes, in any layout")
{
    for (const shape& s : shapes)
    {
        for (const shape& t : targets(s))
        {
            if (s.size() == 0 && t.size() != 0)
            {
                continue;
            }
            for (test::layout l : test::layouts)
            {
                const filled_array<int> in(s, l, 7);
                const filled_array<int> out(t, test::layout::row_major);
                const filled_array<int> expected(t, test::layout::row_major);
                array::fill(expected.ref, -100);
                for (const auto& p : test::positions(s))
                {
                    int& m = test::at(expected.ref, p);
                    m = std::max(m, test::at(in.look(), p));
                }
                array::max_to(out.ref, in.look());
                CAPTURE(to_string(s));
                CAPTURE(to_string(t));
                REQUIRE(out.data == expected.data);
            }
        }
    }
}

TEST_CASE("the error of a sum does not grow with the number of terms")
{
    // A plain running sum of these floats is wrong in the third digit.
    constexpr array::index n = 1 << 20;
    const std::vector<float> tenths(static_cast<std::size_t>(n), 0.1f);
    const double exact = double(0.1f) * n;
    float sum = 0;
    SUBCASE("along a row")
    {
        array::sum_to(array_ref<float>(&sum, {}), array_ref<const float>(tenths.data(), {n}));
        CHECK(std::abs(sum - exact) <= 1e-6 * exact);
    }
    SUBCASE("with a stride")
    {
        array::sum_to(array_ref<float>(&sum, {}), array_ref<const float>(tenths.data(), {n / 2}, {2}));
        CHECK(std::abs(sum - exact / 2) <= 1e-6 * exact);
    }
    SUBCASE("across rows")
    {
        float sums[4]{};
        array::sum_to(array_ref<float>(sums, {4}), array_ref<const float>(tenths.data(), {n / 4, 4}));
        for (float s : sums)
        {
            CHECK(std::abs(s - exact / 4) <= 1e-6 * exact / 4);
        }
    }
    SUBCASE("across wide rows")
    {
        constexpr array::index rows = n / 2 - 50;
        std::vector<float> sums(100);
        array::sum_to(array_ref<float>(sums.data(), {100}), array_ref<const float>(tenths.data(), {rows, 100}, {2, 1}));
        for (float s : sums)
        {
            CHECK(std::abs(s - double(0.1f) * double(rows)) <= 1e-6 * exact);
        }
    }
    SUBCASE("in short rows")
    {
        array::sum_to(array_ref<float>(&sum, {}), array_ref<const float>(tenths.data(), {n / 8, 3}, {8, 1}));
        CHECK(std::abs(sum - exact * 3 / 8) <= 1e-6 * exact);
    }
}

TEST_CASE("a running sum over doubles would lose the small ones")
{
    // A quarter of an ulp of 1 each: added one by one to the 1 they vanish.
    constexpr array::index n = 1 << 16;
    std::vector<double> terms(static_cast<std::size_t>(n) + 1, std::ldexp(1.0, -54));
    terms[0] = 1;
    double sum = 0;
    array::sum_to(array_ref<double>(&sum, {}), array_ref<const double>(terms.data(), {n + 1}));
    CHECK(sum - 1 == doctest::Approx(n * std::ldexp(1.0, -54)).epsilon(0.01));
}

TEST_CASE("sums of nothing, of infinities and of other types")
{
    double sum = 5;
    array::sum_to(array_ref<double>(&sum, {1, 1}), array_ref<const double>(nullptr, {0, 3}));
    CHECK(sum == 0);

    const double inf = std::numeric_limits<double>::infinity();
    const double mixed[3]{inf, 1, -inf};
    array::sum_to(array_ref<double>(&sum, {}), array_ref<const double>(mixed, {3}));
    CHECK(std::isnan(sum));

    const bool mask[5]{true, false, true, true, false};
    array::sum_to(array_ref<double>(&sum, {}), array_ref<const bool>(mask, {5}));
    CHECK(sum == 3);
}

TEST_CASE("a nan is the largest")
{
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double data[6]{1, nan, 3, 4, 2, 6};
    double out[3]{};
    array::max_to(array_ref<double>(out, {3}), array_ref<const double>(data, {2, 3}));
    CHECK(out[0] == 4);
    CHECK(std::isnan(out[1]));
    CHECK(out[2] == 6);
    array::max_to(array_ref<double>(out, {3}), array_ref<const double>(data + 1, {1, 3}));
    CHECK(std::isnan(out[0]));
    array::max_to(array_ref<double>(out, {}), array_ref<const double>(data, {6}));
    CHECK(std::isnan(out[0]));
}

TEST_CASE("there is no largest of nothing")
{
    double out[3]{};
    CHECK_THROWS_WITH_AS(
        array::max_to(array_ref<double>(out, {}), array_ref<const double>(nullptr, {0, 3})),
        "amax(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
        "the 'dim' argument.",
        shape_error);
    CHECK_THROWS_WITH_AS(array::max_to(array_ref<double>(out, {3}), array_ref<const double>(nullptr, {0, 3})),
                         "amax(): Expected reduction dim 0 to have non-zero size.", shape_error);
    CHECK_NOTHROW(array::max_to(array_ref<double>(nullptr, {0, 1}), array_ref<const double>(nullptr, {0, 3})));
}

TEST_CASE("shapes that cannot be reduced to")
{
    double x[6]{};
    CHECK_THROWS_WITH_AS(array::sum_to(array_ref<double>(x, {2}), array_ref<const double>(x, {2, 3})),
                         "shape [2, 3] cannot be reduced to shape [2]", shape_error);
    CHECK_THROWS_WITH_AS(array::max_to(array_ref<double>(x, {1, 2, 3}), array_ref<const double>(x, {2, 3})),
                         "shape [2, 3] cannot be reduced to shape [1, 2, 3]", shape_error);
}

TEST_CASE("pairwise sums of blocks, for loops that make their terms as they go")
{
    array::pairwise_sum<double> sum;
    CHECK(sum.total() == 0);
    for (int n = 1; n <= 1000; ++n)
    {
        sum.add(n);
        const int expected = n * (n + 1) / 2;
        REQUIRE(sum.total() == expected);
    }
    for (array::index n = 0; n < 300; ++n)
    {
        array::pairwise_sum<double> squares;
        array::add_terms(squares, n, [](array::index i) { return static_cast<double>(i * i); });
        const array::index expected = n * (n - 1) * (2 * n - 1) / 6;
        REQUIRE(squares.total() == static_cast<double>(expected));
    }
}
