// SPDX-License-Identifier: BSD-3-Clause
// The reference evaluator in constant expressions: what reaches inputs, payload leaves, and what does not flow.
#include <xautodiff/core.hpp>
#include <xautodiff/evaluate/reference.hpp>

namespace ad = xautodiff;
namespace expression = xautodiff::expression;
namespace reference = xautodiff::evaluate::reference;
using ad::math::none;

namespace
{
    struct formula;
    using vector = std::array<double, 3>;
    template <int Position, class C = double>
    using input = expression::input<formula, Position, C>;
    using numbers = std::vector<double>;

    // Not at namespace scope, where names as short as these would hide behind the library's parameters.
    struct numeric
    {
        static constexpr input<0> x{};
        static constexpr input<1> y{};
        static constexpr auto f = x * y + x / y + 2.0;
        static constexpr std::tuple at{3.0, 2.0};

        static_assert(reference::value(f, at).item() == 9.5);
        static_assert(reference::gradient(f, 2.0, at).input[0].item() == 5.0);
        static_assert(reference::gradient(f, 2.0, at).input[1].item() == 4.5);
        static_assert(reference::gradient(f, 2.0, at).leaf[0].item() == 2.0);
        static_assert(reference::tangent(f, at, std::tuple{1.0, none{}}).item() == 2.5);
        static_assert(reference::tangent(f, at, std::tuple{1.0, 4.0}).item() == 11.5);
        static_assert(reference::tangent(f, at, std::tuple{none{}, none{}}).item() == 0.0);
    };

    struct broadcast
    {
        static constexpr input<0, vector> x{};
        static constexpr input<1> y{};
        static constexpr auto f = x * y + vector{1, 1, 2};
        static constexpr std::tuple at{vector{1, 2, 6}, 10.0};

        static_assert(reference::value(f, at).elements() == numbers{11, 21, 62});
        static_assert(reference::gradient(f, vector{1, 1, 2}, at).input[0].elements() == numbers{10, 10, 20});
        static_assert(reference::gradient(f, vector{1, 1, 2}, at).input[1].elements() == numbers{15});
        static_assert(reference::gradient(f, 1.0, at).leaf[0].elements() == numbers{1, 1, 1});
        static_assert(reference::tangent(y + x, at, std::tuple{none{}, 5.0}).elements() == numbers{5, 5, 5});
    };

    // An operation that is a formula of others, and one with parameters.
    struct composed
    {
        static constexpr input<0, vector> x{};
        static constexpr auto mean = ad::mean(x);
        static constexpr auto means = ad::mean(x, 0, ad::keep_dims);
        static constexpr std::tuple at{vector{2, 3, 6}};

        static_assert(reference::gradient(mean * mean, 9.0, at).input[0].elements() == numbers{22, 22, 22});
        static_assert(reference::tangent(mean, at, std::tuple{vector{1, 1, 4}}).item() == 2);
        static_assert(reference::value(means, at).shape() == ad::array::shape{1});
        static_assert(reference::tangent(means, at, std::tuple{vector{7, 0, 2}}).elements() == numbers{3});
    };

    // Through a comparison nothing flows, and a selection lets nothing into the branch that is dead.
    struct masked
    {
        static constexpr input<0> x{};
        static constexpr auto f = ad::where(x == 0.0, x, 1.0 / x) + (x == 0.0);

        static_assert(reference::gradient(f, 1.0, std::tuple{2.0}).input[0].item() == -0.25);
        static_assert(reference::tangent(f, std::tuple{2.0}, std::tuple{1.0}).item() == -0.25);
    };

    // A derivative inside a formula, whose body reads an input of that formula.
    struct nested
    {
        static constexpr input<0> x{};
        static constexpr auto f = ad::grad([](auto t) { return t * t * x; })(x + 1.0);

        static_assert(reference::value(f, std::tuple{3.0}).item() == 24);
    };
}
