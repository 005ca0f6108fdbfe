// SPDX-License-Identifier: BSD-3-Clause
// Operations of your own. One rule each: values, both modes, derivatives of every order and printing follow from it.
#include <xautodiff/io.hpp>

#include <cmath>
#include <iostream>

namespace ad = xautodiff;
using vector = xt::xtensor<double, 1>;

// Elementwise: a name, the value and the partial derivatives, which may use the result y. This is Lambert's W, which no
// formula gives: the y >= 0 with y exp(y) = x.
struct lambert_w
{
    static constexpr std::string_view name = "lambert_w";
    static constexpr auto value(const auto& x)
    {
        auto y = std::log1p(x);
        for (int i = 0; i < 8; ++i)
        {
            y = (y * y + x * std::exp(-y)) / (y + 1);
        }
        return y;
    }
    static constexpr auto partials(const auto& y, const auto&) { return std::tuple{1 / (ad::math::exp(y) * (1 + y))}; }
};

// On whole arrays: the shape of the result, the loop, and what flows back and forth, in terms of operations. Element i of
// cumulative_sum is x[0] + ... + x[i]; so x[i] is part of the elements from i on.
struct cumulative_sum
{
    static constexpr std::string_view name = "cumulative_sum";
    static constexpr auto result_shape(const ad::array::shape& x) { return x; }

    template <class T>
    static constexpr void evaluate(ad::array::array_ref<T> out, ad::array::array_ref<const T> x)
    {
        T total = 0;
        for (ad::array::index i = 0; i < x.size(); ++i)
        {
            out.data[i * out.stride[0]] = total += x.data[i * x.stride[0]];
        }
    }

    static constexpr auto pullback(const auto& adjoint, const auto&, const auto&)
    {
        return std::tuple{ad::math::sum(adjoint) - ad::math::call<cumulative_sum>(adjoint) + adjoint};
    }

    static constexpr auto pushforward(const auto&, const auto&, const auto& tangent)
    {
        return ad::math::call<cumulative_sum>(tangent);
    }
};

// Forgets that the derivative of x² is 2x.
struct wrong_square
{
    static constexpr std::string_view name = "wrong_square";
    static constexpr auto value(const auto& x) { return x * x; }
    static constexpr auto partials(const auto&, const auto& x) { return std::tuple{x}; }
};

constexpr auto product = [](auto x) { return x * ad::apply<lambert_w>(x); };
constexpr auto sums = [](auto x) { return ad::apply<cumulative_sum>(x * x); };
constexpr auto wrong = [](auto x) { return ad::apply<wrong_square>(x); };

static_assert(ad::formula(product) == "x * lambert_w(x)");
static_assert(ad::formula(ad::grad(product)) == "t0 = lambert_w(x); t0 + x * (1 / (exp(t0) * (1 + t0)))");
static_assert(ad::grad([](auto x) { return ad::sum(sums(x)); })(std::array{1.0, 2.0, 3.0})
              == std::array{6.0, 8.0, 6.0});
#ifndef __clang__  // whose std::exp is no constant expression
static_assert(ad::grad([](auto x) { return ad::apply<lambert_w>(x); })(0.0) == 1);
#endif

int main()
{
    // Like any other: on numbers, on arrays, recorded.
    std::cout << ad::apply<lambert_w>(1.0) << '\n';
    ad::Variable x(vector{1.0, 2.0, 3.0}, ad::requires_grad);
    ad::Variable y = sums(x);
    std::cout << y << '\n';
    ad::sum(product(x) + y).backward();
    std::cout << x.grad() << '\n';

    // A rule is easily wrong. check_grads holds it against differences of the values, and one mode against the other.
    std::cout << std::boolalpha << ad::check_grads(product, 1.2).ok << ' '
              << ad::check_grads(sums, vector{0.3, 1.2, 2.5}).ok << ' ' << ad::check_grads(wrong, 1.2).ok << '\n';
}
