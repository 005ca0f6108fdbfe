// SPDX-License-Identifier: BSD-3-Clause
// Variables of all kinds of containers and both precisions in one expression. A gradient has the type of its Variable.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include "torch_error.hpp"

namespace ad = xautodiff;

namespace
{
    using array = xt::xarray<double>;
    using matrix = xt::xtensor<double, 2>;
    using fixed = xt::xtensor_fixed<double, xt::xshape<2>>;
    using column_major = xt::xtensor<double, 2, xt::layout_type::column_major>;
}

TEST_CASE("a scalar, an xarray, an xtensor and an xtensor_fixed in one expression")
{
    ad::Variable s(2.0, ad::requires_grad);
    ad::Variable a(array{1.0, 2.0}, ad::requires_grad);
    ad::Variable m(matrix{{1.0, 2.0}, {3.0, 4.0}, {5.0, 6.0}}, ad::requires_grad);
    ad::Variable f(fixed{10.0, 20.0}, ad::requires_grad);
    ad::Variable y = s * a * m + f;
    CHECK(y.data() == array{{12.0, 28.0}, {16.0, 36.0}, {20.0, 44.0}});
    ad::Variable loss = ad::sum(y * m);
    loss.backward();
    static_assert(std::same_as<decltype(s.grad()), const double&> && std::same_as<decltype(a.grad()), const array&>);
    static_assert(std::same_as<decltype(m.grad()), const matrix&> && std::same_as<decltype(f.grad()), const fixed&>);
    // d/ds = sum a m^2, d/da = s sum m^2, d/dm = 2 s a m + f, d/df = sum m.
    CHECK(s.grad() == 35 + 112);
    CHECK(a.grad() == array{70.0, 112.0});
    CHECK(m.grad() == matrix{{14.0, 36.0}, {22.0, 52.0}, {30.0, 68.0}});
    CHECK(f.grad() == fixed{9.0, 12.0});
}

TEST_CASE("results are as static as their operands")
{
    ad::Variable f(fixed{1.0, 2.0});
    ad::Variable m(matrix{{1.0, 2.0}, {3.0, 4.0}});
    ad::Variable a(array{1.0, 2.0});
    ad::Variable of_fixed = f * 2;
    ad::Variable of_tensor = m * f;
    ad::Variable of_array = m * a;
    ad::Variable number = ad::sum(a);
    static_assert(std::same_as<decltype(of_fixed)::container_type, fixed>);
    static_assert(std::same_as<decltype(of_tensor)::container_type, matrix>);
    static_assert(std::same_as<decltype(of_array)::container_type, array>);
    static_assert(std::same_as<decltype(number)::container_type, double>);
    // A declaration may ask for another container.
    ad::Variable<array> as_array = f * 2;
    CHECK(as_array.data() == array{2.0, 4.0});
    ad::Variable<xt::xtensor<double, 1>> as_tensor = a * 2;
    CHECK(as_tensor.data() == array{2.0, 4.0});
    CHECK(ad::oracle::error_of([&] { ad::Variable<xt::xtensor<double, 2>> wrong = a * 2; })
              .find("does not fit a container of 2 dimensions")
          != std::string::npos);
}

TEST_CASE("gradients pass through a change of container")
{
    ad::Variable f(fixed{1.0, 2.0}, ad::requires_grad);
    ad::Variable<array> y = f * f;
    ad::Variable<xt::xtensor<double, 1>> z = y * 3;
    ad::sum(z).backward();
    CHECK(f.grad() == fixed{6.0, 12.0});
    // A Variable of another container made from a Variable: the same values, on record.
    f.clear_grad();
    ad::Variable<array> same = f;
    ad::sum(same * same).backward();
    CHECK(f.grad() == fixed{2.0, 4.0});
}

TEST_CASE("float alone stays float; with double it computes in double")
{
    ad::Variable f(xt::xarray<float>{1.0f, 2.0f}, ad::requires_grad);
    ad::Variable half = f * 0.5;
    static_assert(std::same_as<decltype(half)::container_type, xt::xarray<float>>);
    ad::Variable d(array{3.0, 4.0}, ad::requires_grad);
    ad::Variable both = f * d;
    static_assert(std::same_as<decltype(both)::container_type, array>);
    ad::sum(both).backward();
    static_assert(std::same_as<decltype(f.grad()), const xt::xarray<float>&>);
    CHECK(f.grad() == xt::xarray<float>{3.0f, 4.0f});
    CHECK(d.grad() == array{1.0, 2.0});

    ad::Variable s(2.0f, ad::requires_grad);
    ad::Variable p = s * s * s;
    static_assert(std::same_as<decltype(p.item()), float>);
    p.backward();
    CHECK(s.grad() == 12.0f);
    (s * d(0)).backward();
    CHECK(s.grad() == 15.0f);
}

TEST_CASE("integers and truth values are constants")
{
    ad::Variable x(array{1.0, 2.0, 3.0}, ad::requires_grad);
    ad::Variable counts(xt::xarray<int>{2, 0, 5});
    ad::Variable chosen(xt::xarray<bool>{true, false, true});
    ad::Variable factor(3);
    ad::sum(x * counts * factor).backward();
    CHECK(x.grad() == array{6.0, 0.0, 15.0});
    x.clear_grad();
    ad::sum(ad::where(chosen, x * x, 0)).backward();
    CHECK(x.grad() == array{2.0, 0.0, 6.0});
}

TEST_CASE("std::array, and arrays in column-major order")
{
    ad::Variable v(std::array{1.0, 2.0}, ad::requires_grad);
    ad::Variable y = v * v;
    static_assert(std::same_as<decltype(y)::container_type, std::array<double, 2>>);
    ad::sum(y).backward();
    CHECK(v.grad() == std::array{2.0, 4.0});

    column_major values = matrix{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}};
    ad::Variable c(values, ad::requires_grad);
    ad::Variable copy = c;
    static_assert(std::same_as<decltype(copy)::container_type, decltype(c)::container_type>);
    ad::Variable sums = ad::sum(c * c, 0);
    CHECK(sums.data() == xt::xtensor<double, 1>{17.0, 29.0, 45.0});
    sums.backward(xt::xtensor<double, 1>{1.0, 10.0, 100.0});
    CHECK(c.grad() == matrix{{2.0, 40.0, 600.0}, {8.0, 100.0, 1200.0}});
    // The root itself is column major, and so is its seed.
    c.clear_grad();
    ad::Variable<column_major> same = c * 2;
    same.backward(values);
    CHECK(c.grad() == 2 * values);
    CHECK(ad::grad(ad::sum(c * c), c) == 2 * values);
}

TEST_CASE("empty arrays and arrays of one element")
{
    ad::Variable empty(array(xt::zeros<double>({0, 3})), ad::requires_grad);
    ad::Variable y = ad::sum(ad::exp(empty));
    CHECK(y.item() == 0);
    y.backward();
    CHECK(empty.grad().shape() == empty.data().shape());

    ad::Variable one(xt::xtensor<double, 1>{2.0}, ad::requires_grad);
    ad::Variable square = one * one;
    square.backward();
    CHECK(one.grad()(0) == 4);
    ad::Variable rank_zero(array(5.0), ad::requires_grad);
    CHECK(rank_zero.shape().empty());
    (rank_zero * 2).backward();
    CHECK(rank_zero.grad()() == 2);
}

TEST_CASE("broadcast operands get gradients of their own shape")
{
    ad::Variable column(matrix{{1.0}, {2.0}}, ad::requires_grad);
    ad::Variable row(array{1.0, 10.0, 100.0}, ad::requires_grad);
    ad::Variable number(2.0, ad::requires_grad);
    ad::Variable y = column * row + number;
    CHECK(y.data() == array{{3.0, 12.0, 102.0}, {4.0, 22.0, 202.0}});
    ad::sum(y).backward();
    CHECK(column.grad() == matrix{{111.0}, {111.0}});
    CHECK(row.grad() == array{3.0, 3.0, 3.0});
    CHECK(number.grad() == 6);
    CHECK(ad::oracle::error_of(
              [&] {
                  (row + array{1.0, 2.0}).data();
              })
          == "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0");
}

TEST_CASE("comparisons are values, of one element truth values, and can be counted")
{
    ad::Variable a(1.0);
    ad::Variable b(2.0);
    CHECK((a < b).item() == 1);
    CHECK((a > b).item() == 0);
    CHECK(bool(a < b));
    CHECK_FALSE(bool(a >= b));
    CHECK((a != b ? "different" : "equal") == std::string("different"));
    ad::Variable x(array{1.0, 2.0, 3.0}, ad::requires_grad);
    CHECK((x > 1.5).data() == array{0.0, 1.0, 1.0});
    CHECK(ad::sum(x > 1.5).item() == 2);
    CHECK(ad::sum(ad::Variable(std::array{1.0, 2.0, 3.0}) >= 2).item() == 2);
    CHECK_FALSE((x > 1.5).requires_grad());
    CHECK(ad::oracle::error_of([&] { static_cast<void>(bool(x > 1.5)); })
          == "Boolean value of Tensor with more than one value is ambiguous");
    ad::sum(x * (x > 1.5)).backward();
    CHECK(x.grad() == array{0.0, 1.0, 1.0});
}
