// SPDX-License-Identifier: BSD-3-Clause
// Formulas that are known only at run time: captures, xtensor arguments, expressions of Variables.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

namespace ad = xautodiff;

TEST_CASE("captured numbers are written with the values they have")
{
    double k = 2.5;
    const auto f = [&k](auto x) { return k * x * x; };
    static_assert(std::is_same_v<decltype(ad::formula(f)), std::string>);
    CHECK(ad::formula(f) == "2.5 * x * x");
    k = -0.1;
    CHECK(ad::formula(f) == "-0.1 * x * x");
    CHECK(ad::formula(ad::grad([k](auto x) { return ad::pow(x, 2 + k); })) == "1.9 * pow(x, 0.8999999999999999)");
}

namespace
{
    double at_namespace_scope = 3;
}

TEST_CASE("a callable without captures that reads a variable has a formula of the moment")
{
    const auto f = [](auto x) { return x * at_namespace_scope; };
    CHECK(ad::formula(f) == "x * 3");
    at_namespace_scope = 4;
    CHECK(ad::formula(f) == "x * 4");
}

TEST_CASE("arrays: xtensor arguments by their types, constants by name")
{
    using matrix = xt::xtensor<double, 2>;
    using vector = xt::xtensor<double, 1>;
    const auto layer = [](auto w, auto x) { return ad::sum(ad::tanh(ad::matmul(w, x))); };
    CHECK(ad::formula<matrix, vector>(layer) == "sum(tanh(matmul(x, y)))");
    CHECK(ad::formula<matrix, vector>(ad::grad<1>(layer)).find("matmul_tn(x, ") != std::string::npos);

    const vector c{1, 2};
    CHECK(ad::formula([&c](auto x) { return ad::sum(c * x) + ad::sum(c * c * x); }) == "sum(c0 * x) + sum(c1 * x)");
}

TEST_CASE("expressions of Variables")
{
    ad::Variable x(xt::xarray<double>{1, 2}, ad::requires_grad);
    ad::Variable y(3.0);
    CHECK(ad::formula(ad::sum(x * x) * y + 1.5) == "sum(v0 * v0) * v1 + 1.5");
}
