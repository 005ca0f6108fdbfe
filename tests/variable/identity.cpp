// SPDX-License-Identifier: BSD-3-Clause
// Identity: equal types that stand for different objects must never be taken for one. Design, section 2.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include <vector>

namespace ad = xautodiff;
using namespace boost::hana::literals;

namespace
{
    using array = xt::xarray<double>;

    // Every call returns a Variable of one type, tag included.
    auto make(double value)
    {
        ad::Variable x(value, ad::requires_grad);
        return x;
    }

    auto make_array(const array& value)
    {
        ad::Variable x(value, ad::requires_grad);
        return x;
    }

    auto scaled(const auto& x, double factor) { return x * factor; }
    auto shifted(const auto& x, const array& by) { return x + by; }
    auto element(const auto& x, int i) { return ad::view(x, i); }
    auto summed_over(const auto& x, int axis) { return ad::sum(x, axis); }

    // By-value nodes: the local expression goes, the result stays whole.
    auto squared_sum(auto x)
    {
        auto y = x + 2;
        return y * y;
    }

    template <class E>
    constexpr int steps()
    {
        return ad::graph::program<ad::graph::value_of<ad::expression::node_t<E>>>::graph.size();
    }
}

TEST_CASE("one declaration is one node: what is equal is computed once")
{
    ad::Variable x(3.0, ad::requires_grad);
    auto y = ad::sin(x) * 2_c;
    auto z = y * y + ad::sin(x);
    static_assert(steps<decltype(z)>() == 6, "x, 2, sin x, times 2, its square, the sum");
    const double s = std::sin(3.0), c = std::cos(3.0);
    CHECK(z.item() == doctest::Approx(4 * s * s + s).epsilon(1e-15));
    z.backward();
    CHECK(x.grad() == doctest::Approx(8 * s * c + c).epsilon(1e-15));
}

TEST_CASE("variables of one type from a factory are different objects")
{
    auto a = make(2.0);
    auto b = make(3.0);
    static_assert(std::same_as<decltype(a), decltype(b)>);
    CHECK((a * b).item() == 6);
    (a * b).backward();
    CHECK(a.grad() == 3);
    CHECK(b.grad() == 2);
    CHECK((make(2.0) * make(3.0)).item() == 6);
    CHECK((make(2.0) - make(3.0)).item() == -1);
}

TEST_CASE("so they are with equal values")
{
    auto a = make(2.0);
    auto b = make(2.0);
    ad::Variable y = a * b * b;
    y.backward();
    CHECK(y.item() == 8);
    CHECK(a.grad() == 4);
    CHECK(b.grad() == 8);
    a.clear_grad();
    (a * a).backward();
    CHECK(a.grad() == 4);

    const array ones = xt::ones<double>({3});
    auto u = make_array(ones);
    auto v = make_array(ones);
    ad::sum(u * u * v).backward();
    CHECK(u.grad() == array{2.0, 2.0, 2.0});
    CHECK(v.grad() == array{1.0, 1.0, 1.0});
}

TEST_CASE("and with different shapes")
{
    auto row = make_array(array{1.0, 2.0});
    auto column = make_array(xt::xtensor<double, 2>{{10.0}, {20.0}});
    ad::Variable y = row * column;
    CHECK(y.data() == array{{10.0, 20.0}, {20.0, 40.0}});
    ad::sum(y).backward();
    CHECK(row.grad() == array{30.0, 30.0});
    CHECK(column.grad() == xt::xtensor<double, 2>{{3.0}, {3.0}});
}

TEST_CASE("a Variable that was assigned to is another object than the one it was declared from")
{
    ad::Variable x(2.0, ad::requires_grad);
    auto y = x;
    static_assert(std::same_as<decltype(x), decltype(y)>);
    y = y * y;
    ad::Variable z = x * y;
    z.backward();
    CHECK(z.item() == 8);
    CHECK(x.grad() == 12);
}

TEST_CASE("one with a gradient and one without, of one type")
{
    auto a = make(2.0);
    auto b = make(5.0);
    b.requires_grad_(false);
    (a * a * b).backward();
    CHECK(a.grad() == 20);
    CHECK_FALSE(b.has_grad());
}

TEST_CASE("a helper called twice with different constants")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    auto numbers = scaled(x, 2.0) * scaled(x, 3.0);
    CHECK(numbers.data() == array{6.0, 24.0});
    ad::sum(numbers).backward();
    CHECK(x.grad() == array{12.0, 24.0});

    x.clear_grad();
    auto arrays = shifted(x, array{1.0, 1.0}) * shifted(x, array{0.0, 10.0});
    CHECK(arrays.data() == array{2.0, 36.0});
    ad::sum(arrays).backward();
    CHECK(x.grad() == array{3.0, 15.0});

    x.clear_grad();
    auto parameters = element(x, 0) * element(x, 1);
    CHECK(parameters.item() == 2);
    parameters.backward();
    CHECK(x.grad() == array{2.0, 1.0});

    ad::Variable m(array{{1.0, 2.0}, {3.0, 4.0}}, ad::requires_grad);
    auto sums = summed_over(m, 0) * summed_over(m, 1);
    CHECK(sums.data() == array{12.0, 42.0});
    ad::sum(sums).backward();
    CHECK(m.grad() == array{{3.0 + 4.0, 7.0 + 4.0}, {3.0 + 6.0, 7.0 + 6.0}});
}

TEST_CASE("constants that differ only in the sign of zero, or are nan")
{
    ad::Variable x(1.0, ad::requires_grad);
    CHECK((1 / scaled(x, 0.0) + 1 / scaled(x, 2.0)).item() == std::numeric_limits<double>::infinity());
    CHECK((1 / scaled(x, -0.0) - 1 / scaled(x, 0.0)).item() == -std::numeric_limits<double>::infinity());
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(std::isnan((scaled(x, nan) * scaled(x, nan)).item()));
}

TEST_CASE("a loop over a vector of Variables")
{
    std::vector<ad::Variable<array>> w;
    for (int i = 0; i < 5; ++i)
    {
        w.emplace_back(array{double(i), 1.0}, ad::requires_grad);
    }
    ad::Variable<array> total = w[0] * w[0];
    for (std::size_t i = 1; i < w.size(); ++i)
    {
        total = total + w[i] * w[i - 1];
    }
    ad::sum(total).backward();
    CHECK(total.data() == array{0 + 0 + 2 + 6 + 12.0, 5.0});
    CHECK(w[0].grad() == array{0 + 1.0, 3.0});
    CHECK(w[2].grad() == array{1 + 3.0, 2.0});
    CHECK(w[4].grad() == array{3.0, 1.0});
}

TEST_CASE("expressions outlive the function, the operands and the variables that they were made from")
{
    ad::Variable x(3.0, ad::requires_grad);
    auto y = squared_sum(x);
    static_assert(steps<decltype(y)>() == 4, "x, 2, their sum, its square");
    CHECK(y.item() == 25);
    y.backward();
    CHECK(x.grad() == 10);

    const auto made = []
    {
        ad::Variable w(array{1.0, 2.0}, ad::requires_grad);
        const array operand{3.0, 4.0};
        return ad::sum(w * operand * w) + ad::sum(array{1.0, 1.0} * w);
    }();
    CHECK(made.item() == 3 + 16 + 3);
    made.backward();

    ad::Variable root = [&]
    {
        ad::Variable inner = x * x;
        return ad::Variable<double>(inner * x);
    }();
    x.clear_grad();
    root.backward();
    CHECK(x.grad() == 27);
}

TEST_CASE("an operand is read when it is written, ad::cref when it is evaluated")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    array operand{1.0, 1.0};
    auto copied = ad::sum(x * operand);
    auto referred = ad::sum(x * ad::cref(operand));
    operand *= 10;
    CHECK(copied.item() == 3);
    CHECK(referred.item() == 30);
    referred.backward();
    CHECK(x.grad() == array{10.0, 10.0});
}

TEST_CASE("structured bindings and subscripts of a Variable")
{
    ad::Variable x(array{2.0, 3.0, 5.0}, ad::requires_grad);
    ad::Variable y = x[0] * x[1] * x[2];
    y.backward();
    CHECK(y.item() == 30);
    CHECK(x.grad() == array{15.0, 10.0, 6.0});
    x.clear_grad();
    (x[0_c] * x[0_c]).backward();
    CHECK(x.grad() == array{4.0, 0.0, 0.0});
}
