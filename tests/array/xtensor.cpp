// SPDX-License-Identifier: BSD-3-Clause
#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/xtensor.hpp>

#include <doctest/doctest.h>

#include <vector>

#include "filled_array.hpp"

namespace array = xautodiff::array;
using array::evaluate;
using array::evaluated_t;
using array::shape;
using array::traits;
using xautodiff::shape_error;

namespace
{
    /// That the ref of `c` reaches the elements that `c` itself gives, and is flat along axes of extent 1.
    template <class C>
    void check_ref(C& c)
    {
        using container = std::remove_const_t<C>;
        const auto r = traits<container>::ref(c);
        REQUIRE(r.shape.rank == static_cast<int>(c.dimension()));
        for (int d = 0; d < r.shape.rank; ++d)
        {
            REQUIRE(r.shape[d] == static_cast<array::index>(c.shape()[static_cast<std::size_t>(d)]));
            if (r.shape[d] == 1)
            {
                CHECK(r.stride[static_cast<std::size_t>(d)] == 0);
            }
        }
        for (const auto& p : test::positions(r.shape))
        {
            CHECK(&test::at(r, p) == &c.element(p.begin(), p.end()));
        }
    }

    template <class C>
    void check_both(C& c)
    {
        check_ref(c);
        check_ref(std::as_const(c));
    }

    template <class C>
    void check_resize(const shape& s)
    {
        C c;
        traits<C>::resize(c, s);
        CHECK(traits<C>::ref(c).shape == s);
        CHECK(static_cast<array::index>(c.size()) == s.size());
        array::fill(traits<C>::ref(c), 3);
        for (const auto& p : test::positions(s))
        {
            CHECK(c.element(p.begin(), p.end()) == 3);
        }
    }

    constexpr auto row_major = xt::layout_type::row_major;
    constexpr auto column_major = xt::layout_type::column_major;
    constexpr auto dynamic = xt::layout_type::dynamic;
}

TEST_CASE("refs onto containers of either layout, of rank 0, of extent 1 and empty ones")
{
    for (const std::vector<std::size_t>& s :
         std::vector<std::vector<std::size_t>>{{}, {3}, {1}, {0}, {2, 3}, {1, 3}, {2, 1, 3}, {2, 0, 3}, {1, 1, 1}})
    {
        xt::xarray<double, row_major> r(s);
        xt::xarray<float, column_major> c(s);
        xt::xarray<int, dynamic> d(s, column_major);
        check_both(r);
        check_both(c);
        check_both(d);
    }
    xt::xtensor<double, 0> t0;
    xt::xtensor<bool, 2> t2({2, 3});
    xt::xtensor<double, 3, column_major> t3({2, 1, 3});
    xt::xtensor_fixed<double, xt::xshape<>> f0;
    xt::xtensor_fixed<double, xt::xshape<2, 1, 3>> f3;
    xt::xtensor_fixed<float, xt::xshape<3, 1, 2>, column_major> fc;
    xt::xtensor_fixed<double, xt::xshape<0, 3>> fe;
    check_both(t0);
    check_both(t2);
    check_both(t3);
    check_both(f0);
    check_both(f3);
    check_both(fc);
    check_both(fe);
}

TEST_CASE("refs onto foreign memory")
{
    std::vector<double> memory(12);
    using vector_shape = std::vector<std::size_t>;
    xt::xarray_adaptor<std::vector<double>&, dynamic, vector_shape> strided(memory, vector_shape{3, 1, 2},
                                                                            std::vector<std::ptrdiff_t>{4, 9, 2});
    xt::xarray_adaptor<std::vector<double>&, row_major, vector_shape> rows(memory, vector_shape{3, 4});
    xt::xtensor_adaptor<std::vector<double>&, 2, column_major> columns(memory, {3, 4});
    xt::xtensor_adaptor<const std::vector<double>&, 2> constant(memory, {6, 2});
    check_both(strided);
    check_both(rows);
    check_both(columns);
    check_ref(std::as_const(constant));
    CHECK_NOTHROW(traits<decltype(rows)>::resize(rows, {3, 4}));
    CHECK_THROWS_WITH_AS(traits<decltype(rows)>::resize(rows, {4, 3}),
                         "shape [4, 3] does not fit a container of the fixed shape [3, 4]", shape_error);
}

TEST_CASE("resizing gives the shape, or says why not")
{
    for (const shape& s : {shape{}, shape{4}, shape{2, 1, 3}, shape{0, 2}})
    {
        check_resize<xt::xarray<double>>(s);
        check_resize<xt::xarray<double, column_major>>(s);
        check_resize<xt::xarray<double, dynamic>>(s);
    }
    check_resize<xt::xtensor<double, 2>>({3, 2});
    check_resize<xt::xtensor<double, 2, column_major>>({0, 2});
    check_resize<xt::xtensor<double, 0>>({});
    check_resize<xt::xtensor_fixed<double, xt::xshape<3, 2>>>({3, 2});

    xt::xtensor<double, 2> t({2, 2});
    CHECK_THROWS_WITH_AS((traits<xt::xtensor<double, 2>>::resize(t, {2, 1, 2})),
                         "shape [2, 1, 2] does not fit a container of 2 dimensions", shape_error);
    xt::xtensor<double, 1> v;
    CHECK_THROWS_WITH_AS((traits<xt::xtensor<double, 1>>::resize(v, {})),
                         "shape [] does not fit a container of 1 dimension", shape_error);
    using fixed = xt::xtensor_fixed<double, xt::xshape<2, 2>>;
    fixed f;
    CHECK_THROWS_WITH_AS(traits<fixed>::resize(f, {4}), "shape [4] does not fit a container of the fixed shape [2, 2]",
                         shape_error);
}

TEST_CASE("resizing to the shape that is there keeps the memory")
{
    xt::xarray<double> a = xt::xarray<double>::from_shape({3, 2});
    const double* before = a.data();
    traits<xt::xarray<double>>::resize(a, {3, 2});
    CHECK(a.data() == before);
}

TEST_CASE("expressions evaluate to the container that their type tells")
{
    const xt::xarray<double> a{{1, 2}, {3, 4}};
    const xt::xtensor<float, 2> t{{1, 2}, {3, 4}};
    const xt::xtensor_fixed<double, xt::xshape<2, 2>> f{{1, 2}, {3, 4}};
    const xt::xarray<double, column_major> c = a;

    static_assert(std::same_as<evaluated_t<decltype(a + 1)>, xt::xarray<double>>);
    static_assert(std::same_as<evaluated_t<decltype(a + f)>, xt::xarray<double>>);
    static_assert(std::same_as<evaluated_t<decltype(t * t)>, xt::xtensor<float, 2>>);
    static_assert(std::same_as<evaluated_t<decltype(t * f)>, xt::xtensor<double, 2>>);
    static_assert(std::same_as<evaluated_t<decltype(f * 2)>, xt::xtensor_fixed<double, xt::xshape<2, 2>>>);
    static_assert(std::same_as<evaluated_t<decltype(c + a)>, xt::xarray<double>>);
    static_assert(std::same_as<evaluated_t<decltype(a < 2)>, xt::xarray<bool>>);

    const auto sum = evaluate(a + 1);
    CHECK(sum.dimension() == 2);
    CHECK(sum == xt::xarray<double>{{2, 3}, {4, 5}});
    CHECK(evaluate(t * f) == xt::xarray<double>{{1, 4}, {9, 16}});
    CHECK(evaluate(f * 2) == xt::xarray<double>{{2, 4}, {6, 8}});
    CHECK(evaluate(a < 2) == xt::xarray<bool>{{true, false}, {false, false}});
    CHECK(evaluate(c + a) == xt::xarray<double>{{2, 4}, {6, 8}});
    CHECK(evaluate(xt::xscalar<double>(2))() == 2);
}

TEST_CASE("a container that owns its elements evaluates to itself, an adaptor to a copy")
{
    xt::xarray<double, column_major> c{{1, 2}, {3, 4}};
    static_assert(std::same_as<evaluated_t<const decltype(c)&>, xt::xarray<double, column_major>>);
    CHECK(evaluate(c).data() != c.data());
    CHECK(evaluate(c) == c);

    const double* memory = c.data();
    const auto moved = evaluate(std::move(c));
    CHECK(moved.data() == memory);

    std::vector<double> v{1, 2, 3, 4};
    xt::xtensor_adaptor<std::vector<double>&, 2> looking(v, {2, 2});
    static_assert(std::same_as<evaluated_t<decltype(looking)>, xt::xtensor<double, 2>>);
    const auto copied = evaluate(looking);
    v[3] = 7;
    CHECK(copied(1, 1) == 4);
}
