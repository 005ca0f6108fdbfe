// SPDX-License-Identifier: BSD-3-Clause
// What is detached is a constant, in every mode and on both sides.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

namespace ad = xautodiff;
using matrix = xt::xtensor<double, 2>;

namespace
{
    constexpr auto half_known = [](auto x) { return x * ad::detach(x * x); };
    constexpr auto by_member = [](auto x) { return x * (x * x).detach(); };

    constexpr auto normalised = [](auto z, auto shift)
    {
        const auto e = ad::exp(z - shift);
        return ad::sum(ad::square(e / ad::sum(e, 1, ad::keep_dims)));
    };

    static_assert(half_known(3.0) == 27);
    static_assert(ad::grad(half_known)(3.0) == 9);
    static_assert(ad::grad(by_member)(3.0) == 9);
    static_assert(ad::grad(ad::grad(half_known))(3.0) == 0);
    static_assert(ad::grad(ad::grad([](auto x) { return x * x * ad::detach(x); }))(3.0) == 6);
    static_assert(ad::jvp(half_known, 3.0, 1.0).tangent == 9);
    static_assert(ad::grad([](auto x) { return ad::detach(x); })(3.0) == 0);
}

TEST_CASE("rows are shifted by their largest elements, which do not count")
{
    const matrix logits{{1, 3, 2}, {0, -1, 0}};
    constexpr auto shifted = [](auto z) { return normalised(z, ad::detach(ad::amax(z, 1, ad::keep_dims))); };
    constexpr auto plain = [](auto z) { return normalised(z, 0.0); };
    const auto with_shift = ad::value_and_grad(shifted)(logits), without = ad::value_and_grad(plain)(logits);
    CHECK(with_shift.value == doctest::Approx(without.value).epsilon(1e-14));
    CHECK(xt::allclose(with_shift.grad, without.grad, 1e-13, 1e-15));
}

TEST_CASE("a formula shows what is computed")
{
    CHECK(ad::formula(half_known) == "x * (x * x)");
    CHECK(ad::formula(ad::grad(half_known)) == "x * x");
}

TEST_CASE("in statements on record")
{
    ad::Variable x(3.0, ad::requires_grad);
    ad::Variable y = half_known(x);
    y.backward();
    CHECK(x.grad() == 9);

    const ad::Variable d = ad::detach(x * x);
    CHECK(d.data() == 9);
    CHECK_FALSE(d.requires_grad());
    CHECK_FALSE((x * x).detach().requires_grad());
    CHECK(d.is_leaf());
    CHECK_FALSE(d.grad_fn());
}

TEST_CASE("in functions with branches")
{
    CHECK(ad::grad(ad::dynamic(
              [](auto x)
              {
                  ad::Variable y = x * 2;
                  while (y.item() < 100)
                  {
                      y = y * ad::detach(x);
                  }
                  return y;
              }))(3.0)
          == 54);
}
