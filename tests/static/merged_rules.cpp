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
}
