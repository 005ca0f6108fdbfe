// SPDX-License-Identifier: BSD-3-Clause
// Formulas as constant text.
#include <xautodiff/core.hpp>

#include <boost/hana/integral_constant.hpp>

namespace ad = xautodiff;
using namespace boost::hana::literals;
using array3 = std::array<double, 3>;
using matrix = std::array<array3, 2>;

namespace
{
    constexpr auto sin_times_x = [](auto x) { return ad::sin(x) * x; };
    constexpr auto cube = [](auto x) { return ad::pow(x, 3.0); };
}

static_assert(std::is_same_v<decltype(ad::formula(sin_times_x)), std::string_view>);
static_assert(ad::formula(sin_times_x) == "sin(x) * x");
static_assert(ad::formula(ad::grad(sin_times_x)) == "sin(x) + x * cos(x)");
static_assert(ad::formula(ad::grad(ad::grad(sin_times_x))) == "t0 = cos(x); t0 - sin(x) * x + t0");

// Arguments.
static_assert(ad::formula([](auto a, auto b, auto c, auto d, auto e) { return a * b + c * d - e; })
              == "x * y + z * x3 - x4");

// As few parentheses as C++ needs to read the same steps back.
static_assert(ad::formula([](auto x, auto y) { return x - y - 1; }) == "x - y - 1");
static_assert(ad::formula([](auto x, auto y) { return x - (y - 1); }) == "x - (y - 1)");
static_assert(ad::formula([](auto x, auto y) { return x / y / (x * y + 1); }) == "x / y / (x * y + 1)");
static_assert(ad::formula([](auto x, auto y) { return x / (y / x) * (x + y); }) == "x / (y / x) * (x + y)");
static_assert(ad::formula([](auto x, auto y) { return -(x * y); }) == "-(x * y)");
static_assert(ad::formula([](auto x) { return -ad::exp(-x); }) == "-exp(-x)");
static_assert(ad::formula([](auto x) { return ad::where(x + 1 > 0, x, -x); }) == "where(x + 1 > 0, x, -x)");

// Numbers: the values that were written, signs taken in by sums.
static_assert(ad::formula([](auto x) { return 3.0 * x * x - 2.0 * x + 1.0 / 3; })
              == "3 * x * x - 2 * x + 0.3333333333333333");
static_assert(ad::formula([](auto x) { return x - -2.5 + -1.0; }) == "x + 2.5 - 1");
static_assert(ad::formula([](auto x) { return -2 * x + 0.1f; }) == "-2 * x + 0.1");
static_assert(ad::formula([](auto x) { return x * 2_c; }) == "x * 2");
static_assert(ad::formula([](auto) { return 4.0; }) == "4");
static_assert(ad::formula(ad::grad([](auto) { return 4.0; })) == "0");

// What is read twice, and more than a leaf, is named.
static_assert(ad::formula(
                  [](auto x)
                  {
                      auto y = x + 2;
                      return y * y;
                  })
              == "t0 = x + 2; t0 * t0");
static_assert(ad::formula([](auto x) { return ad::sin(-x) * ad::cos(-x); }) == "sin(-x) * cos(-x)");
static_assert(ad::formula(ad::grad([](auto x) { return ad::log(x) / x; })) == "t0 = 1 / x; t0 * t0 - log(x) / x * t0");

// What constants alone decide is worked out.
static_assert(ad::formula(cube) == "pow(x, 3)");
static_assert(ad::formula(ad::grad(cube)) == "3 * pow(x, 2)");
static_assert(ad::formula(ad::grad([](auto x) { return ad::pow(x, 2.0); })) == "2 * x");
static_assert(ad::formula(ad::hessian([](auto x) { return ad::pow(x, 2.0); })) == "2");

// Several results.
static_assert(ad::formula(ad::grad<0, 1>([](auto x, auto y) { return x * y + ad::sin(x); })) == "(cos(x) + y, x)");
static_assert(ad::formula([](auto x) { return std::array{x * x, x * x}; }) == "t0 = x * x; (t0, t0)");
static_assert(ad::formula([](auto x) { return std::tuple{x * x}; }) == "x * x");
static_assert(ad::formula([](auto x, auto y) { return std::tuple{x + y, std::array{x, x}}; }) == "(x + y, (x, x))");
static_assert(ad::formula([](auto x) { return std::tuple{x, std::array{1.0, 2.5}}; }) == "(x, (1, 2.5))");

// Value and gradient, or tangent, which share what they have in common.
static_assert(ad::formula(ad::value_and_grad([](auto x) { return ad::sin(x); })) == "value = sin(x); grad = cos(x)");
static_assert(ad::formula(ad::value_and_grad<0, 1>([](auto x, auto y) { return ad::exp(x * y); }))
                  .starts_with("t0 = exp(x * y); value = "));
static_assert(ad::formula(ad::value_and_grad<0, 2>([](auto x, auto y, auto z) { return x * y + ad::sin(z); }))
              == "value = x * y + sin(z); grad = (y, cos(z))");
static_assert(ad::formula<array3>(ad::value_and_grad([](auto x) { return ad::sum(x * x); }))
              == "value = sum(x * x); grad = 2 * x");
static_assert(ad::formula(ad::value_and_grad([](auto) { return 4.0; })) == "value = 4; grad = 0");
static_assert(ad::formula([](auto x, auto t) { return ad::jvp([](auto a) { return ad::sin(a); }, x, t); })
              == "value = sin(x); tangent = y * cos(x)");

// Arrays, and the parameters of operations as one writes them.
static_assert(ad::formula<array3>([](auto x) { return ad::sum(x * x); }) == "sum(x * x)");
static_assert(ad::formula<array3>(ad::grad([](auto x) { return ad::sum(x * x); })) == "2 * x");
static_assert(ad::formula<array3>([](auto x) { return x * array3{1, 2, 3}; }) == "x * c0");
static_assert(ad::formula<matrix>([](auto x) { return ad::sum(x, 1, ad::keep_dims); }) == "sum(x, 1, keep_dims)");
static_assert(ad::formula<matrix>([](auto x) { return ad::amax(x, {0, 1}); }) == "amax(x, {0, 1})");
static_assert(ad::formula<matrix>(
                  [](auto x) {
                      return ad::transpose(ad::reshape(x, {3, -1}));
                  })
              == "transpose(reshape(x, {3, -1}))");
static_assert(ad::formula<matrix>(
                  [](auto x) {
                      return ad::view(x, ad::all, ad::range(1, ad::end))
                             - ad::view(x, -1, ad::newaxis, ad::range(0, 2));
                  })
              == "view(x, all, range(1, end)) - view(x, -1, newaxis, range(0, 2))");
