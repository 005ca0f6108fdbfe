// SPDX-License-Identifier: BSD-3-Clause
#include <xautodiff/array/slices.hpp>

#include <doctest/doctest.h>

#include <optional>

#include "filled_array.hpp"

namespace ad = xautodiff;
namespace array = xautodiff::array;
using array::encode;
using array::shape;
using xautodiff::shape_error;

namespace
{
    using bound = std::optional<array::index>;  // nothing is ad::end

    /// The positions that Python's s[start:stop:step] goes through, walked one by one.
    std::vector<array::index> walked(array::index start, bound stop, array::index step, array::index extent)
    {
        std::vector<array::index> out;
        const auto wrapped = [&](array::index i) { return i < 0 ? i + extent : i; };
        if (step > 0)
        {
            for (array::index i = std::max<array::index>(wrapped(start), 0);
                 i < extent && (!stop || i < wrapped(*stop)); i += step)
            {
                out.push_back(i);
            }
        }
        else
        {
            // A stop before the front, as wrapped(-extent - 1), lets the walk reach the front.
            for (array::index i = std::min(wrapped(start), extent - 1); i >= 0 && (!stop || i > wrapped(*stop));
                 i += step)
            {
                out.push_back(i);
            }
        }
        return out;
    }
}

TEST_CASE("a range picks what Python's slice picks")
{
    const int data[6]{0, 1, 2, 3, 4, 5};
    for (array::index extent = 0; extent <= 6; ++extent)
    {
        const array::array_ref<const int> a(data, {extent});
        for (array::index start = -8; start <= 8; ++start)
        {
            for (array::index last = -8; last <= 9; ++last)
            {
                for (array::index step : {-7, -3, -2, -1, 1, 2, 3, 7})
                {
                    const bool open = last == 9;
                    const ad::range r = open ? ad::range(start, ad::end, step) : ad::range(start, last, step);
                    const auto view = array::sliced(a, encode(r));
                    std::vector<array::index> picked;
                    for (array::index i = 0; i < view.shape[0]; ++i)
                    {
                        picked.push_back(view.data[i * view.stride[0]]);
                    }
                    CAPTURE(extent);
                    CAPTURE(start);
                    CAPTURE(last);
                    CAPTURE(step);
                    REQUIRE(picked == walked(start, open ? bound() : bound(last), step, extent));
                }
            }
        }
    }
}

TEST_CASE("slices of several axes, in every layout")
{
    for (test::layout l : test::layouts)
    {
        const test::filled_array<int> a({4, 1, 5}, l);
        const auto v =
            array::sliced(a.look(), encode(ad::range(-1, 0, -2), ad::newaxis, ad::ellipsis, ad::range(1, ad::end, 3)));
        CHECK(v.shape == shape{2, 1, 1, 2});
        for (const auto& p : test::positions(v.shape))
        {
            CHECK(test::at(v, p) == test::at(a.look(), {3 - 2 * p[0], 0, 1 + 3 * p[3]}));
        }
    }
}

TEST_CASE("a slice can be written through")
{
    int data[6]{};
    const auto v = array::sliced(array::array_ref<int>(data, {2, 3}), encode(-1, ad::range(0, 2)));
    v.data[v.stride[0]] = 7;
    CHECK(data[4] == 7);
}

TEST_CASE("indices that are not there")
{
    const auto shape_of = [](auto... s) { return array::sliced_shape({3, 2}, encode(s...)); };
    CHECK_THROWS_WITH_AS(shape_of(5), "index 5 is out of bounds for dimension 0 with size 3", shape_error);
    CHECK_THROWS_WITH_AS(shape_of(3), "index 3 is out of bounds for dimension 0 with size 3", shape_error);
    CHECK_THROWS_WITH_AS(shape_of(-4), "index -4 is out of bounds for dimension 0 with size 3", shape_error);
    CHECK_THROWS_WITH_AS(shape_of(ad::newaxis, ad::ellipsis, 2), "index 2 is out of bounds for dimension 1 with size 2",
                         shape_error);
    CHECK_NOTHROW(shape_of(-3, -2));
    CHECK_THROWS_WITH_AS(array::sliced_shape({0}, encode(0)), "index 0 is out of bounds for dimension 0 with size 0",
                         shape_error);
}

TEST_CASE("slices that cannot be")
{
    CHECK_THROWS_WITH_AS(array::sliced_shape({3, 2}, encode(0, 0, ad::newaxis, 0)),
                         "too many indices for tensor of dimension 2", shape_error);
    CHECK_THROWS_WITH_AS(array::sliced_shape({}, encode(ad::all)), "too many indices for tensor of dimension 0",
                         shape_error);
    CHECK_THROWS_WITH_AS(array::sliced_shape({3}, encode(ad::ellipsis, ad::ellipsis)),
                         "an index can only have a single ellipsis", shape_error);
    CHECK_THROWS_WITH_AS(array::sliced_shape({3}, encode(ad::range(0, 2, 0))), "slice step cannot be zero",
                         shape_error);
}
