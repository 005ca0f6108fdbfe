// SPDX-License-Identifier: BSD-3-Clause
// Variables, expressions, gradients and functions on streams.
#include <xautodiff/io.hpp>

#include <doctest/doctest.h>

#include <sstream>

namespace ad = xautodiff;

namespace
{
    using array = xt::xarray<double>;

    std::string printed(const auto& x)
    {
        std::ostringstream out;
        out << x;
        CHECK(out.good());
        return out.str();
    }
}

TEST_CASE("a Variable prints its elements, and its flag or the function that made it")
{
    ad::Variable x(xt::ones<double>({2, 2}), ad::requires_grad);
    CHECK(printed(x) == "tensor([[1., 1.],\n        [1., 1.]], requires_grad=True)");
    ad::Variable out = ad::sum(ad::pow(x + 2, 2));
    CHECK(printed(out) == "tensor(36., grad_fn=<SumBackward0>)");
    CHECK(ad::to_string(out) == printed(out));
    CHECK(printed(out.detach()) == "tensor(36.)");
    CHECK(printed(ad::Variable(array{0.6, 6.0, 60.0})) == "tensor([ 0.6000,  6.0000, 60.0000])");
    CHECK(printed(x.detach_()) == "tensor([[1., 1.],\n        [1., 1.]])");
}

TEST_CASE("an expression prints as the Variable that it would be")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    ad::Variable c(array{1.0, 2.0});
    CHECK(printed(x * c) == "tensor([1., 4.], grad_fn=<MulBackward0>)");
    CHECK(printed(c + 0.5) == "tensor([1.5000, 2.5000])");
    ad::no_grad guard;
    CHECK(printed(x * c) == "tensor([1., 4.])");
    CHECK(printed(x) == "tensor([1., 2.], requires_grad=True)");
}

TEST_CASE("every kind of container, row major whatever its layout")
{
    CHECK(printed(ad::Variable(2.5, ad::requires_grad)) == "tensor(2.5000, requires_grad=True)");
    CHECK(printed(ad::Variable(std::array{1.0, 2.0})) == "tensor([1., 2.])");
    CHECK(printed(ad::Variable(xt::xtensor_fixed<double, xt::xshape<1, 2>>{{1.0, 2.0}})) == "tensor([[1., 2.]])");
    const xt::xtensor<double, 2, xt::layout_type::column_major> columns{{1.0, 2.0}, {3.0, 4.0}};
    CHECK(printed(ad::Variable(columns)) == "tensor([[1., 2.],\n        [3., 4.]])");
    CHECK(printed(ad::Variable(xt::xarray<float>{1.0f, 2.0f})) == "tensor([1., 2.], dtype=torch.float32)");
    CHECK(printed(ad::Variable(array(xt::zeros<double>({0})))) == "tensor([])");
}

TEST_CASE("gradients and other plain arrays print too")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    ad::sum(x * x).backward();
    CHECK(printed(x.grad()) == "tensor([2., 4.])");
    CHECK(printed(x.data()) == "tensor([1., 2.])");
    CHECK(printed(xt::xtensor<double, 1>{1.0}) == "tensor([1.])");
    CHECK(ad::to_string(x.grad()) == "tensor([2., 4.])");
    CHECK(ad::to_string(2.0) == "tensor(2.)");
}

TEST_CASE("functions, and what comes before them")
{
    ad::Variable x(array{3.0}, ad::requires_grad);
    CHECK(printed(x.grad_fn()) == "None");
    const ad::function f = (ad::pow(x, 3) + 3).grad_fn();
    CHECK(printed(f) == "<AddBackward0>");
    CHECK(printed(f.next_functions()) == "((<PowBackward0>, 0), (None, 0))");
    CHECK(printed(ad::exp(x).grad_fn().next_functions()) == "((<AccumulateGrad>, 0),)");
    CHECK(printed(x.grad_fn().next_functions()) == "()");
}
