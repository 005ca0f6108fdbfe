// SPDX-License-Identifier: BSD-3-Clause
// What a rule asks for is what the formula has already computed, where that is so.
#include <xautodiff/core.hpp>

namespace ad = xautodiff;
namespace graph = xautodiff::graph;

namespace
{
    struct formula;
    using x = ad::expression::input<formula, 0, double>;

    // sin, cos, two squares and their difference.
    constexpr auto sin_cos = [](auto a) { return ad::sin(a) * ad::cos(a); };
    static_assert(graph::program<graph::gradient_of<decltype(sin_cos(x{})), x>>::graph.steps.size() == 1 + 5);

    // A power of two goes to the number beside it: 2 * r * (1 / n) is one product for each element.
    using array = ad::expression::input<formula, 1, std::array<double, 3>>;

    template <class Node>
    constexpr int products_of_arrays = []
    {
        int n = 0;
        for (const graph::step& s : graph::program<Node>::graph.steps)
        {
            n += s.op != nullptr && graph::is<ad::op::multiply>(s.op) && !s.shape.is_scalar();
        }
        return n;
    }();
    constexpr auto mean_square = [](auto a) { return ad::mean(ad::square(a)); };
    static_assert(products_of_arrays<graph::gradient_of<decltype(mean_square(array{})), array>> == 1);
    // (1 / n) * (square(a) + 2 * a * a): by 1 / n, which both terms have in common, it is multiplied once.
    constexpr auto mean_third = [](auto a) { return ad::mean(ad::square(a) * a); };
    static_assert(products_of_arrays<graph::gradient_of<decltype(mean_third(array{})), array>> == 3);

    // Not what is no power of two, which would round otherwise.
    static_assert(graph::detail::is_power_of_two(2) && graph::detail::is_power_of_two(1024));
    static_assert(!graph::detail::is_power_of_two(3) && !graph::detail::is_power_of_two(-2)
                  && !graph::detail::is_power_of_two(0) && !graph::detail::is_power_of_two(0.5));
}
