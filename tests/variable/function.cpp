// SPDX-License-Identifier: BSD-3-Clause
// grad_fn: the graph of operations, the same whether a formula is one record or many.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

namespace ad = xautodiff;
using namespace boost::hana::literals;

namespace
{
    using array = xt::xarray<double>;

    /// `Sum(Mul(Grad, Add(Grad, -)))`: the whole graph as a line.
    std::string outline(const ad::function& f)
    {
        if (!f)
        {
            return "-";
        }
        std::string out = f.name();
        const auto next = f.next_functions();
        for (std::size_t i = 0; i < next.size(); ++i)
        {
            CHECK(next[i].index == 0);
            out += (i == 0 ? "(" : ", ") + outline(next[i].function) + (i + 1 == next.size() ? ")" : "");
        }
        return out;
    }
}

TEST_CASE("a difference that begins with a number is called another way")
{
    const ad::Variable x(xt::xtensor<double, 1>{1, 2}, ad::requires_grad);
    const ad::Variable y(3.0, ad::requires_grad);
    CHECK((2 - x).grad_fn().name() == "RsubBackward1");
    CHECK((2.0 - y).grad_fn().name() == "RsubBackward1");
    CHECK((x - 2).grad_fn().name() == "SubBackward0");
    CHECK((y - x).grad_fn().name() == "SubBackward0");
    CHECK((2 * y - x).grad_fn().name() == "SubBackward0");
}

TEST_CASE("the graph behind a Variable is the same in one statement and in many")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    ad::Variable c(array{1.0, 2.0});
    const std::string expected = "SumBackward0(MulBackward0(MulBackward0(AddBackward0(AccumulateGrad, -), "
                                 "AddBackward0(AccumulateGrad, -)), -))";
    auto e = x + 2;
    CHECK(outline(ad::sum(e * e * c).grad_fn()) == expected);
    ad::Variable whole = ad::sum(e * e * c);
    CHECK(outline(whole.grad_fn()) == expected);
    ad::Variable a = x + 2;
    ad::Variable b = a * a;
    ad::Variable d = b * c;
    ad::Variable parts = ad::sum(d);
    CHECK(outline(parts.grad_fn()) == expected);
}

TEST_CASE("an empty function is false and has nothing")
{
    ad::Variable x(1.0, ad::requires_grad);
    CHECK_FALSE(x.grad_fn());
    CHECK(x.grad_fn().name().empty());
    CHECK(x.grad_fn().next_functions().empty());
    ad::Variable c(1.0);
    CHECK_FALSE((c * c).grad_fn());
}

TEST_CASE("a function outlives the Variable and the expression that it was read from")
{
    ad::function f;
    {
        ad::Variable x(1.0, ad::requires_grad);
        ad::Variable y = ad::sin(x) * x;
        f = (ad::exp(y) - 1).grad_fn();
    }
    CHECK(outline(f) == "SubBackward0(ExpBackward0(MulBackward0(SinBackward0(AccumulateGrad), AccumulateGrad)), -)");
}

TEST_CASE("the names are PyTorch's")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    const auto name = [](const auto& e) { return e.grad_fn().name(); };
    CHECK(name(x + x) == "AddBackward0");
    CHECK(name(x - 1) == "SubBackward0");
    CHECK(name(x / 2) == "DivBackward0");
    CHECK(name(-x) == "NegBackward0");
    CHECK(name(ad::pow(x, 2)) == "PowBackward0");
    CHECK(name(ad::pow(x, 2_c)) == "PowBackward0");
    CHECK(name(ad::square(x)) == "PowBackward0");
    CHECK(name(ad::sqrt(x)) == "SqrtBackward0");
    CHECK(name(ad::tanh(x)) == "TanhBackward0");
    CHECK(name(ad::abs(x)) == "AbsBackward0");
    CHECK(name(ad::sum(x)) == "SumBackward0");
    CHECK(name(ad::mean(x)) == "MeanBackward0");
    CHECK(name(ad::amax(x)) == "AmaxBackward0");
    // Over axes PyTorch counts on.
    CHECK(name(ad::sum(x, 0)) == "SumBackward1");
    CHECK(name(ad::mean(x, 0)) == "MeanBackward1");
}

TEST_CASE("operands that no gradient flows to are empty: constants, masks, values outside the graph")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    ad::Variable c(array{1.0, 2.0});
    CHECK(outline((x * c).grad_fn()) == "MulBackward0(AccumulateGrad, -)");
    CHECK(outline((array{1.0, 2.0} * x).grad_fn()) == "MulBackward0(-, AccumulateGrad)");
    CHECK(outline(ad::where(x > 1, x, 0).grad_fn()) == "WhereBackward0(-, AccumulateGrad, -)");
    CHECK(outline((x * ad::Variable(x * 2).detach()).grad_fn()) == "MulBackward0(AccumulateGrad, -)");
}
