// SPDX-License-Identifier: BSD-3-Clause
#include <xautodiff/array/loop.hpp>

#include <doctest/doctest.h>

#include <algorithm>

#include "filled_array.hpp"

namespace array = xautodiff::array;
using array::array_ref;
using array::shape;
using test::filled_array;
using xautodiff::shape_error;

namespace
{
    const shape shapes[]{{},     {1},       {7},       {0},       {2, 3},       {1, 5},
                         {5, 1}, {3, 0, 2}, {2, 3, 4}, {2, 1, 4}, {4, 3, 1, 2}, {2, 2, 1, 3, 2}};

    template <std::size_t K>
    int rows(const shape& s, const std::array<array::strides, K>& st)
    {
        int n = 0;
        array::loop<K>(s, st).for_each_row([&](const auto&) { ++n; });
        return n;
    }
}

TEST_CASE("each element is seen once, with its partners, whatever the layouts")
{
    for (const shape& s : shapes)
    {
        for (test::layout la : test::layouts)
        {
            for (test::layout lb : test::layouts)
            {
                const filled_array<int> a(s, la, 1);
                const filled_array<int> b(s, lb, 2);
                std::vector<std::pair<const int*, const int*>> seen;
                std::vector<std::pair<const int*, const int*>> expected;
                array::for_each_element(
                    s, [&](const int& x, const int& y) { seen.emplace_back(&x, &y); }, a.look(), b.look());
                for (const auto& p : test::positions(s))
                {
                    expected.emplace_back(&test::at(a.look(), p), &test::at(b.look(), p));
                }
                std::sort(seen.begin(), seen.end());
                std::sort(expected.begin(), expected.end());
                CAPTURE(to_string(s));
                REQUIRE(seen == expected);
            }
        }
    }
}

TEST_CASE("axes that lie in one piece make one row")
{
    const shape s{2, 3, 4};
    CHECK(rows<2>(s, {array::strides{12, 4, 1}, array::strides{12, 4, 1}}) == 1);
    CHECK(rows<1>(s, {array::strides{1, 2, 6}}) == 1);
    CHECK(rows<1>(s, {array::strides{24, 8, 2}}) == 1);
    CHECK(rows<1>(s, {array::strides{-12, -4, -1}}) == 1);
    CHECK(rows<1>(s, {array::strides{}}) == 1);
    CHECK(rows<2>(s, {array::strides{12, 4, 1}, array::strides{0, 4, 1}}) == 2);
    CHECK(rows<2>(s, {array::strides{12, 4, 1}, array::strides{0, 0, 1}}) == 6);
    CHECK(rows<2>(s, {array::strides{12, 4, 1}, array::strides{3, 1, 0}}) == 6);
    CHECK(rows<1>({5, 1, 4}, {array::strides{4, 0, 1}}) == 1);
    CHECK(rows<1>({}, {array::strides{}}) == 1);
    CHECK(rows<1>({3, 0}, {array::strides{}}) == 0);
}

TEST_CASE("rows have the stride of their elements")
{
    const array::loop<2> l({3, 4}, {array::strides{4, 1}, array::strides{1, 0}});
    CHECK(l.row_size() == 4);
    CHECK(l.row_stride() == std::array<array::index, 2>{1, 0});
    const array::loop<1> scalar({1, 1}, {array::strides{}});
    CHECK(scalar.row_size() == 1);
}

TEST_CASE("copy and add broadcast")
{
    for (test::layout lo : test::layouts)
    {
        for (test::layout li : test::layouts)
        {
            for (const shape& from : {shape{}, shape{4}, shape{3, 1}, shape{1, 1, 4}, shape{2, 1, 4}, shape{2, 3, 4}})
            {
                const filled_array<double> out({2, 3, 4}, lo);
                const filled_array<float> in(from, li, 5);
                array::copy(out.ref, in.look());
                for (const auto& p : test::positions(out.ref.shape))
                {
                    REQUIRE(test::at(out.look(), p) == test::at(in.look(), p));
                }
                array::add_to(out.ref, in.look());
                for (const auto& p : test::positions(out.ref.shape))
                {
                    REQUIRE(test::at(out.look(), p) == 2 * test::at(in.look(), p));
                }
            }
        }
    }
}

TEST_CASE("only the elements that are looked at are written")
{
    filled_array<double> out({3, 2}, test::layout::spaced);
    std::fill(out.data.begin(), out.data.end(), 5.0);
    array::fill(out.ref, 1);
    CHECK(std::count(out.data.begin(), out.data.end(), 1.0) == 6);
    CHECK(std::count(out.data.begin(), out.data.end(), 5.0) == 6);
}

TEST_CASE("shapes that cannot be broadcast to")
{
    double x[12]{};
    const array_ref<double> out(x, {3, 4});
    CHECK_THROWS_WITH_AS(
        array::copy(out, array_ref<double>(x, {2, 4})),
        "The expanded size of the tensor (3) must match the existing size (2) at non-singleton dimension 0.  "
        "Target sizes: [3, 4].  Tensor sizes: [2, 4]",
        shape_error);
    CHECK_THROWS_WITH_AS(
        array::copy(out, array_ref<double>(x, {3})),
        "The expanded size of the tensor (4) must match the existing size (3) at non-singleton dimension 1.  "
        "Target sizes: [3, 4].  Tensor sizes: [3]",
        shape_error);
    CHECK_THROWS_WITH_AS(array::add_to(out, array_ref<double>(x, {1, 3, 4})),
                         "shape [1, 3, 4] cannot be broadcast to shape [3, 4], which has fewer dimensions",
                         shape_error);
}
