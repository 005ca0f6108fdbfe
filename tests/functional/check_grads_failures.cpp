// SPDX-License-Identifier: BSD-3-Clause
// check_grads names what is wrong: the argument, the element, by how much, and by which check.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include <cmath>

namespace ad = xautodiff;
using vector = xt::xtensor<double, 1>;
using matrix = xt::xtensor<double, 2>;

namespace
{
    /// x cubed, with a derivative that is one percent too large.
    struct wrong_cube
    {
        static constexpr std::string_view name = "wrong_cube";
        static constexpr auto value(const auto& x) { return x * x * x; }
        static constexpr auto partials(const auto&, const auto& x) { return std::tuple{3.03 * x * x}; }
    };

    /// x squared, with a derivative that is one percent too large.
    struct wrong_square
    {
        static constexpr std::string_view name = "wrong_square";
        static constexpr auto value(const auto& x) { return x * x; }
        static constexpr auto partials(const auto&, const auto& x) { return std::tuple{2.02 * x}; }
    };

    /// x cubed, with a derivative that is right in value, but is made of what has a wrong one.
    struct wrong_second
    {
        static constexpr std::string_view name = "wrong_second";
        static constexpr auto value(const auto& x) { return x * x * x; }
        static constexpr auto partials(const auto&, const auto& x)
        {
            return std::tuple{3 * ad::math::call<wrong_square>(x)};
        }
    };

    /// A sum whose pushforward is not that of its pullback.
    struct torn_sum
    {
        static constexpr std::string_view name = "torn_sum";
        static constexpr ad::array::shape result_shape(const ad::array::shape&) { return {}; }
        template <class T>
        static constexpr void evaluate(ad::array::array_ref<T> out, ad::array::array_ref<const T> x)
        {
            ad::array::sum_to(out, x);
        }
        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& x)
        {
            return std::tuple{ad::math::broadcast_like(adjoint, x)};
        }
        static constexpr auto pushforward(const auto&, const auto&, const auto& tangent)
        {
            return 0.99 * ad::math::sum(tangent);
        }
    };

    bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
}

TEST_CASE("a rule that is wrong by one percent is caught and named")
{
    const auto report = ad::check_grads([](auto x) { return ad::apply<wrong_cube>(x); }, 1.3);
    CHECK_FALSE(report.ok);
    CHECK(report.message
          == "d result / d argument 0: forward mode gives 5.1207, finite differences 5.07; the difference is 0.0507");
}

TEST_CASE("the message names argument and elements")
{
    const auto f = [](auto a, auto x) { return a * ad::apply<wrong_cube>(x); };
    const auto report = ad::check_grads(f, 2.0, matrix{{0.0, 0.0, 0.0}, {0.0, 0.0, 1.0}});
    CHECK_FALSE(report);
    CHECK_MESSAGE(contains(report.message,
                           "d result[1, 2] / d argument 1[1, 2]: forward mode gives 6.06, finite differences 6; "
                           "the difference is 0.06"),
                  report.message);
    const auto several = ad::check_grads([](auto x) { return std::tuple{x, ad::apply<wrong_cube>(x)}; }, 1.0);
    CHECK_MESSAGE(contains(several.message, "result 1: d result / d argument 0: "), several.message);
}

TEST_CASE("a second derivative that is wrong alone is caught")
{
    const auto f = [](auto x) { return ad::apply<wrong_second>(x); };
    CHECK(ad::check_grads({.order = 1}, f, 2.0).ok);
    const auto report = ad::check_grads(f, 2.0);
    CHECK_FALSE(report);
    CHECK_MESSAGE(contains(report.message,
                           "second order, gradient with respect to argument 0: d result / d argument 0: "
                           "forward mode gives 12.12, finite differences 12;"),
                  report.message);
}

TEST_CASE("modes that disagree are caught")
{
    const auto f = [](auto x) { return ad::expression::make_apply<torn_sum, torn_sum>(x * x); };
    const auto report = ad::check_grads(f, vector{1, 2});
    CHECK_FALSE(report);
    CHECK(contains(report.message, "forward mode"));
    // With a tolerance that lets it pass as a difference to values, it still fails one mode against the other.
    const auto loose = ad::check_grads(ad::check_options{.rtol = 0.1}, f, vector{1, 2});
    CHECK_FALSE(loose);
    CHECK_MESSAGE(contains(loose.message, "forward mode gives 1.98, reverse mode 2"), loose.message);
}

TEST_CASE("options")
{
    const auto f = [](auto x) { return ad::apply<wrong_cube>(x); };
    CHECK(ad::check_grads({.order = 1, .rtol = 0.02}, f, 1.3).ok);
    CHECK(ad::check_grads({.order = 1, .atol = 0.1}, f, 1.3).ok);
    CHECK_FALSE(ad::check_grads({.order = 1, .eps = 1e-4}, f, 1.3).ok);
    CHECK(ad::check_grads(
              {.eps = 1e-4}, [](auto x) { return ad::sin(x); }, 1.3)
              .ok);
}

TEST_CASE("derivatives that are not finite fail")
{
    CHECK_FALSE(ad::check_grads([](auto x) { return ad::sqrt(x); }, -1.0));
    CHECK_FALSE(ad::check_grads([](auto x) { return ad::sqrt(x); }, 0.0));
}

TEST_CASE("float")
{
    CHECK_FALSE(ad::check_grads(
        {.order = 1}, [](auto z) { return ad::apply<wrong_cube>(z); }, 1.3f));
}
