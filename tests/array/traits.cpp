// SPDX-License-Identifier: BSD-3-Clause
#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/traits.hpp>

#include <doctest/doctest.h>

#include "filled_array.hpp"

namespace array = xautodiff::array;
using array::shape;
using array::traits;
using xautodiff::shape_error;

TEST_CASE("a nested std::array is one block to its ref")
{
    using cube = std::array<std::array<std::array<int, 4>, 1>, 3>;
    cube c{};
    const auto r = traits<cube>::ref(c);
    CHECK(r.shape == shape{3, 1, 4});
    for (const auto& p : test::positions(r.shape))
    {
        const auto i = static_cast<std::size_t>(p[0]);
        const auto k = static_cast<std::size_t>(p[2]);
        CHECK(&test::at(r, p) == &c[i][0][k]);
        CHECK(&test::at(traits<cube>::ref(std::as_const(c)), p) == &c[i][0][k]);
    }
    array::fill(r, 7);
    CHECK(c[2][0][3] == 7);
}

TEST_CASE("containers of one shape refuse others")
{
    std::array<double, 3> a{};
    CHECK_NOTHROW(traits<std::array<double, 3>>::resize(a, {3}));
    CHECK_THROWS_WITH_AS((traits<std::array<double, 3>>::resize(a, {1, 3})),
                         "shape [1, 3] does not fit a container of the fixed shape [3]", shape_error);
    double x = 0;
    CHECK_THROWS_WITH_AS(traits<double>::resize(x, {1}), "shape [1] does not fit a container of the fixed shape []",
                         shape_error);
}

TEST_CASE("empty std::arrays")
{
    std::array<std::array<double, 0>, 2> inner{};
    std::array<std::array<double, 2>, 0> outer{};
    CHECK(traits<decltype(inner)>::ref(inner).size() == 0);
    CHECK(traits<decltype(outer)>::ref(outer).size() == 0);
    array::fill(traits<decltype(inner)>::ref(inner), 1);
    array::fill(traits<decltype(outer)>::ref(outer), 1);
}
