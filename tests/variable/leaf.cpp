// SPDX-License-Identifier: BSD-3-Clause
// Leaves: what they are made from, what they hold, how they are named, shared and changed.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>
#include <xtensor/xadapt.hpp>

#include "torch_error.hpp"

namespace ad = xautodiff;
using ad::oracle::error_of;
using ad::oracle::torch_says;

namespace
{
    using array = xt::xarray<double>;
    using matrix = xt::xtensor<double, 2>;
    using fixed = xt::xtensor_fixed<double, xt::xshape<2, 3>>;

    template <class T, class V>
    constexpr bool holds = std::same_as<typename V::container_type, T>;
}

TEST_CASE("a leaf keeps the container that it is made from")
{
    ad::Variable d(2.5, ad::requires_grad);
    ad::Variable f(2.5f);
    ad::Variable i(3);
    ad::Variable a(array{{1.0, 2.0}, {3.0, 4.0}});
    ad::Variable m(matrix{{1.0, 2.0}, {3.0, 4.0}});
    ad::Variable x(fixed{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}});
    ad::Variable s(std::array{1.0, 2.0});
    static_assert(holds<double, decltype(d)> && holds<float, decltype(f)> && holds<int, decltype(i)>);
    static_assert(holds<array, decltype(a)> && holds<matrix, decltype(m)> && holds<fixed, decltype(x)>);
    static_assert(holds<std::array<double, 2>, decltype(s)>);

    CHECK(d.data() == 2.5);
    CHECK(d.item() == 2.5);
    CHECK(f.item() == 2.5f);
    CHECK(a.data() == array{{1.0, 2.0}, {3.0, 4.0}});
    CHECK(a.shape() == std::vector<std::size_t>{2, 2});
    CHECK(m.shape() == std::array<std::size_t, 2>{2, 2});
    CHECK(x.shape() == std::array<std::size_t, 2>{2, 3});
    CHECK(d.shape() == std::array<std::size_t, 0>{});

    CHECK(d.requires_grad());
    CHECK_FALSE(a.requires_grad());
    CHECK(d.is_leaf());
    CHECK(a.is_leaf());
    CHECK_FALSE(d.grad_fn());
}

TEST_CASE("an xtensor expression is evaluated to the container that its shape asks for")
{
    const matrix m{{1.0, 2.0}, {3.0, 4.0}};
    const array a = m;
    ad::Variable function(m * 2);
    ad::Variable of_array(a * 2);
    ad::Variable ones(xt::ones<double>({2, 2}), ad::requires_grad);
    static_assert(holds<matrix, decltype(function)> && holds<array, decltype(of_array)>);
    static_assert(holds<matrix, decltype(ones)>);
    CHECK(function.data() == matrix{{2.0, 4.0}, {6.0, 8.0}});
    CHECK(ones.data() == matrix{{1.0, 1.0}, {1.0, 1.0}});
}

TEST_CASE("an adaptor's elements are copied into a container")
{
    std::vector<double> memory{1, 2, 3, 4};
    ad::Variable x(xt::adapt(memory, std::array<std::size_t, 2>{2, 2}), ad::requires_grad);
    static_assert(std::is_same_v<std::remove_cvref_t<decltype(x.data())>, xt::xtensor<double, 2>>);
    memory[0] = 9;
    CHECK(x.data() == xt::xtensor<double, 2>{{1, 2}, {3, 4}});
    // In the shape of another: a list whose length the type knows.
    const ad::Variable flat(xt::xtensor<double, 1>{5, 6, 7, 8});
    CHECK(ad::reshape(flat, x.shape()).data() == xt::xtensor<double, 2>{{5, 6}, {7, 8}});
    CHECK_THROWS_WITH_AS(x > 1 ? void() : void(), "Boolean value of Tensor with more than one value is ambiguous",
                         ad::error);
}

TEST_CASE("item of a one-element array, and of none or several")
{
    CHECK(ad::Variable(matrix{{7.0}}).item() == 7);
    CHECK(error_of(
              [] {
                  ad::Variable(array{1.0, 2.0}).item();
              })
          == "a Tensor with 2 elements cannot be converted to Scalar");
    CHECK(error_of([] { ad::Variable(array(xt::zeros<double>({0}))).item(); })
          == "a Tensor with 0 elements cannot be converted to Scalar");
}

TEST_CASE("the nameable type: parameters, members and vectors")
{
    struct model
    {
        ad::Variable<array> weight;
        ad::Variable<double> bias;
    };
    const auto step = [](ad::Variable<array>& w) { w.mutable_data() -= 0.5 * w.grad(); };
    const auto size_of = [](const ad::Variable<array>& w) { return w.data().size(); };

    ad::Variable w(array{1.0, 2.0}, ad::requires_grad);
    model m{w, ad::Variable<double>(0.5, ad::requires_grad)};
    ad::Variable loss = ad::sum(m.weight * m.weight) + m.bias;
    loss.backward();
    CHECK(w.grad() == array{2.0, 4.0});
    CHECK(m.bias.grad() == 1);
    step(w);
    CHECK(w.data() == array{0.0, 0.0});
    CHECK(m.weight.data() == w.data());
    CHECK(size_of(w) == 2);
}

TEST_CASE("copies are handles to one Variable, as in PyTorch")
{
    ad::Variable x(2.0, ad::requires_grad);
    ad::Variable same = x;
    ad::Variable<double> untagged = x;
    ad::Variable y = x * same * untagged;
    y.backward();
    CHECK(x.grad() == 12);
    CHECK(same.grad() == 12);
    CHECK(untagged.grad() == 12);

    // Assigning makes a handle refer to something else; it changes no Variable.
    same = x * 10;
    CHECK(same.item() == 20);
    CHECK(x.item() == 2);
    untagged = 5.0;
    CHECK(x.item() == 2);
    CHECK_FALSE(untagged.requires_grad());
}

TEST_CASE("one that was moved from says so")
{
    ad::Variable<double> x(2.0);
    const ad::Variable<double> y = std::move(x);
    CHECK(y.item() == 2);
    CHECK(error_of([&] { x.item(); }) == "this Variable was moved from");
    CHECK(error_of([&] { (x * 2).data(); }) == "this Variable was moved from");
    CHECK(error_of([&] { x.backward(); }) == "this Variable was moved from");
}

TEST_CASE("data is read by reference and changed in place on request, which counts")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    static_assert(std::same_as<decltype(x.data()), const array&>);
    const array& data = x.data();
    CHECK(x.version() == 0);
    x.mutable_data() *= 2;
    x.mutable_data()(0) = 7;
    CHECK(x.version() == 2);
    CHECK(&data == &x.data());
    CHECK(data == array{7.0, 4.0});
    CHECK(x.requires_grad());
    CHECK(x.is_leaf());
}

TEST_CASE("requires_grad_ turns the flag of a leaf on and off")
{
    ad::Variable x(array{1.0, 2.0});
    ad::Variable before = ad::sum(x * x);
    CHECK(x.requires_grad_().requires_grad());
    ad::Variable y = ad::sum(x * x);
    CHECK_FALSE(before.requires_grad());
    y.backward();
    CHECK(x.grad() == array{2.0, 4.0});

    // What was recorded while the flag was on is no concern of one that has since taken it off.
    y = ad::sum(x * x);
    x.requires_grad_(false);
    CHECK_FALSE(x.requires_grad());
    y.backward();
    CHECK(x.grad() == array{2.0, 4.0});
    y = ad::sum(x * x);
    CHECK_FALSE(y.requires_grad());
}

TEST_CASE("a leaf that was a constant when a statement was recorded stays one in it")
{
    ad::Variable x(3.0, ad::requires_grad);
    ad::Variable c(2.0);
    ad::Variable y = x * c;
    c.requires_grad_();
    y.backward();
    CHECK(x.grad() == 2);
    CHECK_FALSE(c.has_grad());
    CHECK_FALSE(y.grad_fn().next_functions()[1].function);

    y = x * c;
    CHECK(y.grad_fn().next_functions()[1].function);
    y.backward();
    CHECK(c.grad() == 3);
}

TEST_CASE("requires_grad_ of what was computed, and of integers")
{
    ad::Variable x(array{1.0, 1.0}, ad::requires_grad);
    ad::Variable y = x * 2;
    CHECK(y.requires_grad_().requires_grad());
    CHECK(error_of([&] { y.requires_grad_(false); }) == torch_says("requires_grad_off_non_leaf"));
    ad::Variable i(xt::xarray<int>{1, 2});
    CHECK(error_of([&] { i.requires_grad_(); }) == torch_says("integer_requires_grad_"));
    CHECK_FALSE(i.requires_grad_(false).requires_grad());
    ad::Variable b(xt::xarray<bool>{true});
    CHECK(error_of([&] { b.requires_grad_(); }) == torch_says("integer_requires_grad_"));
}
