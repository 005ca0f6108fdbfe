// SPDX-License-Identifier: BSD-3-Clause
// Gradients that are sums of terms with numbers in common, of arrays, against those of the same formula of numbers: of these
// nothing is written anew.
#include <xautodiff/core.hpp>
#include <xautodiff/evaluate/blas_product.hpp>
#include <xautodiff/expression/xtensor_operand.hpp>

#include <doctest/doctest.h>

#include <algorithm>

namespace ad = xautodiff;

namespace
{
    using row = xt::xtensor<double, 1>;
    using matrix = xt::xtensor<double, 2>;

    constexpr double k = 1.7, m = -0.6;

    /// The gradient of factor * mean(each(a, c, k, m)) by a and c, whose last axes have 3 elements.
    template <class A, class C, class F>
    void check(const A& a, const C& c, const F& each)
    {
        const auto whole = [&each](auto x, auto y, auto s, auto t) { return s * ad::mean(each(x, y, s, t)); };
        const auto [by_a, by_c] = ad::grad<0, 1>(whole)(a, c, k, m);

        const std::size_t rows = std::max(a.size(), c.size()) / 3;
        A expected_by_a = xt::zeros_like(a);
        C expected_by_c = xt::zeros_like(c);
        const auto element = [](auto& x, std::size_t i, std::size_t j) -> auto&
        { return x.data()[x.size() == 3 ? j : 3 * i + j]; };
        for (std::size_t i = 0; i < rows; ++i)
        {
            for (std::size_t j = 0; j < 3; ++j)
            {
                const auto [da, dc] = ad::grad<0, 1>(each)(double(element(a, i, j)), double(element(c, i, j)), k, m);
                element(expected_by_a, i, j) += k * da / double(3 * rows);
                element(expected_by_c, i, j) += k * dc / double(3 * rows);
            }
        }
        for (std::size_t i = 0; i < a.size(); ++i)
        {
            CHECK(by_a.data()[i] == doctest::Approx(expected_by_a.data()[i]).epsilon(1e-12));
        }
        for (std::size_t i = 0; i < c.size(); ++i)
        {
            CHECK(by_c.data()[i] == doctest::Approx(expected_by_c.data()[i]).epsilon(1e-12));
        }
    }

    template <class F>
    void check(const F& each)
    {
        const row a{0.3, -0.7, 1.1}, c{0.9, 0.2, -0.4};
        const matrix many{{0.3, -0.7, 1.1}, {0.8, 0.1, -0.2}};
        check(a, c, each);
        check(many, c, each);
        check(c, many, each);
    }
}

TEST_CASE("1/n and what comes with it")
{
    check([](auto a, auto c, auto, auto) { return ad::square(a * c - 1) + 0.1 * a * a; });
}

TEST_CASE("a sum that others read too keeps its factors")
{
    check(
        [](auto a, auto c, auto s, auto)
        {
            const auto u = ad::sin(s * a) * c;
            return ad::square(u) + ad::square(ad::sin(u)) + ad::cos(s * ad::exp(a));
        });
}

TEST_CASE("factors that only some terms have, differences, quotients, signs")
{
    check([](auto a, auto c, auto s, auto t)
          { return s * ad::exp(a) * c - t * ad::square(a) / (2 + ad::square(c)) + s * t * ad::sin(a * c); });
    check([](auto a, auto c, auto s, auto t)
          { return ad::tanh(-(s * a)) * t - ad::cos(t * a - c * 4) * s + ad::square(2 * a - s * c); });
}

TEST_CASE("a number that is there twice")
{
    check([](auto a, auto c, auto s, auto) { return ad::sin(s * ad::exp(s * a)) + ad::cos(s * (s * a)) * c; });
}
