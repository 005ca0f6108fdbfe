// SPDX-License-Identifier: BSD-3-Clause
// Forward mode through what is linear in each operand: one more of itself for each operand that varies, none for the rest.
#include <xautodiff/core.hpp>
#include <xautodiff/functional/jvp.hpp>

#include <limits>

namespace ad = xautodiff;
namespace expression = xautodiff::expression;
namespace graph = xautodiff::graph;

namespace
{
    struct formula;
    using vector = std::array<double, 2>;
    using matrix = std::array<vector, 2>;
    template <int Position, class C>
    using input = expression::input<formula, Position, C>;
    using a = input<0, matrix>;
    using b = input<1, vector>;
    using product = decltype(ad::matmul(a{}, b{}));

    constexpr auto products_in = [](const auto& g)
    {
        int count = 0;
        for (const graph::step& s : g.steps)
        {
            count += s.op != nullptr && graph::is<ad::op::matmul>(s.op);
        }
        return count;
    };

    template <class Inputs, class Tangents>
    using pushforward = graph::program<graph::tangents_of<graph::outputs<product>, Inputs, Tangents, true>>;
    using graph::type_list;

    static_assert(products_in(pushforward<type_list<a>, type_list<input<2, matrix>>>::graph) == 2);
    static_assert(products_in(pushforward<type_list<a, b>, type_list<input<2, matrix>, input<3, vector>>>::graph) == 3);

    // What does not vary may be infinite: nothing multiplies it by 0.
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr auto along_second_row = ad::jvp(
        [](auto x) {
            return ad::matmul(x, vector{1, 2});
        },
        matrix{vector{infinity, 1}, vector{1, 1}}, matrix{vector{0, 0}, vector{1, 1}});
    static_assert(along_second_row.tangent == vector{0, 3});
}
