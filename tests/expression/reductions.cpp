// SPDX-License-Identifier: BSD-3-Clause
// Reductions over axes, as functions: every way to name the axes, and the shapes that the types then know.
#include <xautodiff/core.hpp>
#include <xautodiff/evaluate/blas_product.hpp>
#include <xautodiff/expression/xtensor_operand.hpp>

#include <doctest/doctest.h>

namespace ad = xautodiff;
using namespace boost::hana::literals;
using array = xt::xarray<double>;
using matrix = xt::xtensor<double, 2>;
using vector = xt::xtensor<double, 1>;

TEST_CASE("norm_l2 over axes, named in each of the ways")
{
    const matrix x{{3, 0}, {4, 2}};
    const auto data = [&](auto f) { return array(f(ad::cref(x)).data()); };

    CHECK(data([](auto a) { return ad::norm_l2(a, 0); }) == array{5, 2});
    CHECK(data([](auto a) { return ad::norm_l2(a, 0_c); }) == array{5, 2});
    CHECK(data([](auto a) { return ad::norm_l2(a, -2); }) == array{5, 2});
    CHECK(data([](auto a) { return ad::norm_l2(a, 0, ad::keep_dims); }) == array{{5, 2}});
    CHECK(data([](auto a) { return ad::norm_l2(a, 0, true); }) == array{{5, 2}});
    CHECK(data([](auto a) { return ad::norm_l2(a, {0}, false); }) == array{5, 2});
    CHECK(ad::norm_l2(ad::cref(x), {0, 1}).item() == doctest::Approx(std::sqrt(29.0)));
    CHECK(data([](auto a) { return ad::norm_l2(a, ad::keep_dims); })(0, 0) == doctest::Approx(std::sqrt(29.0)));
    CHECK_THROWS_AS(ad::norm_l2(ad::cref(x), 2).data(), std::exception);

    static_assert(std::is_same_v<decltype(ad::norm_l2(ad::cref(x), 0).data()), vector>);
    static_assert(std::is_same_v<decltype(ad::norm_l2(ad::cref(x), 0, ad::keep_dims).data()), matrix>);
}

TEST_CASE("the gradient of norms over an axis; that of a norm which is 0 is 0")
{
    const matrix x{{3, 0}, {4, 0}};
    const matrix g = ad::grad([](auto a) { return ad::sum(ad::norm_l2(a, 0)); })(x);
    CHECK(g(0, 0) == doctest::Approx(0.6));
    CHECK(g(1, 0) == doctest::Approx(0.8));
    CHECK(g(0, 1) == 0);
    CHECK(g(1, 1) == 0);

    const matrix y{{1, 2, -1}, {0.5, -3, 2}};
    const auto report = ad::check_grads([](auto a) { return ad::norm_l2(a, 1, ad::keep_dims) * a; }, y);
    INFO(report.message);
    CHECK(report.ok);
}

#ifndef __clang__  // whose std::sqrt is no constant expression
static_assert(ad::grad([](auto x)
                       { return ad::sum(ad::norm_l2(x, 0_c)); })(std::array<std::array<double, 2>, 1>{{{2.0, 0.0}}})
              == std::array<std::array<double, 2>, 1>{{{1.0, 0.0}}});
#endif
