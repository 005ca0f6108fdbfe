// SPDX-License-Identifier: BSD-3-Clause
// grad, jvp and vjp as constants, on numbers and std::array, and inside one another.
#include <xautodiff/core.hpp>

#include <boost/hana/integral_constant.hpp>

namespace ad = xautodiff;
using namespace boost::hana::literals;
using array2 = std::array<double, 2>;

namespace
{
    constexpr auto cube = [](auto x) { return x * x * x; };
    constexpr auto two_results = [](auto x, auto y) { return std::tuple{ad::sum(x * y), x + y}; };
    constexpr auto product = [](auto x) { return x[0_c] * x[1_c]; };
    constexpr auto swapped = [](auto x) { return std::array{x[1] * x[1], x[0] * x[1]}; };

    // One place each for a number, an array and a slice, which stands for several where it is called several times.
    constexpr auto scaled(const auto& x, double factor) { return x * factor; }
    constexpr auto weighted(const auto& x, const array2& weights) { return ad::sum(x * weights); }
    constexpr auto element(const auto& x, int i) { return ad::view(x, i); }
    constexpr auto steps = [](auto x)
    { return ad::sum(ad::square(ad::view(x, ad::range(1_c, ad::end)) - ad::view(x, ad::range(0_c, -1_c)))); };
}

// Ranges of constants: the type knows the shape of what they choose.
static_assert(ad::grad(steps)(std::array{1.0, 2.0, 4.0}) == std::array{-2.0, -2.0, 4.0});
static_assert(
    ad::vjp([](auto x) { return ad::view(x, ad::range(-1_c, ad::end, -2_c)); }, std::array{1.0, 2.0, 3.0}).value
    == array2{3, 1});

// Extents and orders of constants, in the same way.
constexpr auto rows_of_two = [](auto x)
{ return ad::sum(ad::square(ad::sum(ad::reshape(x, std::integer_sequence<int, 2, -1>{}), 0_c))); };
static_assert(ad::grad(rows_of_two)(std::array{1.0, 2.0, 3.0, 4.0}) == std::array{8.0, 12.0, 8.0, 12.0});
constexpr auto with_itself_transposed = [](auto x)
{ return ad::sum(ad::transpose(x, std::integer_sequence<int, 1, 0>{}) * x); };
static_assert(ad::grad(with_itself_transposed)(std::array{array2{1, 2}, array2{3, 4}})
              == std::array{array2{2, 6}, array2{4, 8}});

// jvp: an aggregate of value and tangent.
constexpr auto cube_jvp = ad::jvp(cube, 2.0, 3.0);
static_assert(cube_jvp.value == 8 && cube_jvp.tangent == 36);
static_assert(std::is_same_v<decltype(ad::jvp(cube, 2.0f, 1.0f).tangent), float>);
static_assert(ad::jvp(cube, 2.0, 1).tangent == 12);
static_assert(ad::jvp([](auto) { return 5.0; }, 2.0, 1.0).tangent == 0);
static_assert(ad::jvp([](auto x) { return x * x; }, array2{1, 2}, array2{10, 1}).tangent == array2{20, 4});

constexpr auto two_jvp = ad::jvp(two_results, std::tuple{array2{1, 2}, 3.0}, std::tuple{array2{1, 1}, 1.0});
static_assert(std::get<0>(two_jvp.value) == 9 && std::get<1>(two_jvp.value) == array2{4, 5});
static_assert(std::get<0>(two_jvp.tangent) == 9 && std::get<1>(two_jvp.tangent) == array2{2, 2});

constexpr auto array_jvp = ad::jvp(swapped, array2{3, 5}, array2{1, 0});
static_assert(array_jvp.value == array2{25, 15} && array_jvp.tangent == array2{0, 5});

// vjp: an aggregate of value and pullback. The pullback may be a constant too.
constexpr auto cube_vjp = ad::vjp(cube, 2.0);
static_assert(cube_vjp.value == 8 && cube_vjp.pullback(3.0) == 36 && cube_vjp.pullback(-1) == -12);

constexpr auto array_vjp = ad::vjp(product, array2{3, 5});
static_assert(array_vjp.value == 15 && array_vjp.pullback(2.0) == array2{10, 6});

constexpr auto two_vjp = ad::vjp(two_results, array2{1, 2}, 3.0);
static_assert(two_vjp.pullback(std::tuple{2.0, array2{1, 10}}) == std::tuple{array2{7, 16}, 2.0 * 3 + 11});
static_assert(ad::vjp<1>(two_results, array2{1, 2}, 3.0).pullback(std::tuple{1.0, array2{0, 0}}) == 3);
static_assert(ad::vjp(swapped, array2{3, 5}).pullback(array2{1, 0}) == array2{0, 10});

// The defining identity: <J t, v> = <t, J' v>.
constexpr bool are_adjoint(array2 x, array2 t, array2 v)
{
    const auto forward = ad::jvp(swapped, x, t).tangent;
    const auto backward = ad::vjp(swapped, x).pullback(v);
    return forward[0] * v[0] + forward[1] * v[1] == t[0] * backward[0] + t[1] * backward[1];
}
static_assert(are_adjoint({3, 5}, {2, -1}, {4, 7}));

// Inside another formula they are nodes of it.
static_assert(ad::jvp(ad::grad(cube), 2.0, 1.0).tangent == 12);
static_assert(ad::vjp(ad::grad(cube), 2.0).pullback(1.0) == 12);
static_assert(ad::grad(
                  [](auto x)
                  {
                      auto [y, t] = ad::jvp(cube, x, x);  // 3 x^3
                      return y * t;                       // 3 x^6
                  })(2.0)
              == 18 * 32);
static_assert(ad::grad(
                  [](auto x)
                  {
                      auto [y, pullback] = ad::vjp(cube, x);
                      return y * pullback(x);
                  })(2.0)
              == 18 * 32);
static_assert(ad::grad(
                  [](auto x) {
                      return std::get<0>(ad::jvp(swapped, x, array2{1, 1}).tangent);
                  })(array2{3, 5})
              == array2{0, 2});
// ... of the adjoint alone, too.
static_assert(ad::grad([](auto v) { return cube_vjp.pullback(v * v); })(5.0) == 120);
static_assert(ad::grad([](auto v) { return ad::sum(array_vjp.pullback(v * v)); })(5.0) == 80);
static_assert(ad::grad(ad::grad(ad::grad(cube)))(7.0) == 6);

// No perturbation confusion: an inner derivative does not take the outer variable for its own, and an inner function that
// captured one is part of the outer formula though its own argument is a number.
static_assert(ad::grad([](auto x) { return x * ad::grad([x](auto y) { return x + y; })(1.0); })(1.0) == 1);
static_assert(ad::grad([](auto x) { return ad::grad([x](auto y) { return x * x * y * y; })(3.0); })(5.0) == 60);
static_assert(ad::grad([](auto x) { return ad::jvp([x](auto y) { return x * y * y; }, 3.0, 1.0).tangent; })(5.0) == 6);
static_assert(ad::grad([](auto x) { return ad::vjp([x](auto y) { return x * y * y; }, 3.0).pullback(2.0); })(5.0)
              == 12);
static_assert(ad::grad([](auto x) { return ad::grad(ad::grad([x](auto y) { return x * x * y * y * y; }))(3.0); })(5.0)
              == 180);

// Two numbers of one type among the arguments of a nested derivative are two constants.
static_assert(ad::grad([](auto x)
                       { return ad::grad([](auto a, auto b, auto c) { return a * a * b + a * c; })(x, 3.0, 4.0); })(5.0)
              == 6);

// So are two numbers, arrays or slices of one place in the code: equal types are one node only where they hold the same.
static_assert(ad::grad([](auto x) { return scaled(x, 2) * scaled(x, 3); })(5.0) == 60);
static_assert(ad::grad(
                  [](auto x) {
                      return weighted(x, {1, 2}) * weighted(x, {3, 4});
                  })(array2{1, 1})
              == array2{16, 26});
static_assert(ad::grad([](auto x) { return element(x, 0) * element(x, 1); })(array2{3, 5}) == array2{5, 3});
