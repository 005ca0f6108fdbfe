// SPDX-License-Identifier: BSD-3-Clause
// Forward mode generates nothing for an operand that does not vary: no array of zeros is made, and nothing computed of one.
#include <xautodiff/linalg.hpp>

namespace ad = xautodiff;
namespace expression = xautodiff::expression;
namespace graph = xautodiff::graph;

namespace
{
    struct formula;
    template <int Position, class C>
    using input = expression::input<formula, Position, C>;
    // Shapes that only the run knows, so that one cannot be taken for the other.
    using array = xt::xarray<double>;
    using x = input<0, array>;
    using c = input<1, array>;
    using d = input<2, array>;

    /// The graph of y and its tangent where the inputs in V vary; their tangents are inputs 10, 11, ...
    template <class Y, class... V>
    inline constexpr const auto& tangents =
        graph::program<graph::tangents_of<graph::outputs<Y>, graph::type_list<V...>,
                                          graph::type_list<input<10 + V::position, array>...>, true>>::graph;

    constexpr int spread_numbers(const auto& g)
    {
        int count = 0;
        for (const graph::step& s : g.steps)
        {
            count += s.op != nullptr && graph::is<ad::op::broadcast_like>(s.op)
                     && g.steps[std::size_t(s.operand[0])].kind == graph::step_kind::literal;
        }
        return count;
    }

    template <class Op>
    constexpr int count_of(const auto& g)
    {
        int count = 0;
        for (const graph::step& s : g.steps)
        {
            count += s.op != nullptr && graph::is<Op>(s.op);
        }
        return count;
    }

    using chosen = decltype(ad::where(x{} > 0, x{}, c{}));
    static_assert(spread_numbers(tangents<chosen, x>) == 0);
    using larger = decltype(ad::maximum(x{}, c{}));
    static_assert(spread_numbers(tangents<larger, x>) == 0);
    static_assert(count_of<ad::op::add>(tangents<larger, x>) == 0);
    using smaller = decltype(ad::minimum(c{}, x{}));
    static_assert(spread_numbers(tangents<smaller, x>) == 0);
    using held = decltype(ad::clamp(x{}, c{}, d{}));
    static_assert(spread_numbers(tangents<held, x>) == 0);

    // A system's matrix or right side that does not vary.
    using solution = decltype(ad::solve(x{}, c{}));
    using solve = ad::op::solve<ad::linalg::lapack>;
    static_assert(spread_numbers(tangents<solution, x>) == 0);
    static_assert(count_of<ad::op::matmul>(tangents<solution, x>) == 1);
    static_assert(count_of<ad::op::subtract>(tangents<solution, x>) == 0);
    static_assert(count_of<ad::op::matmul>(tangents<solution, c>) == 0);
    static_assert(count_of<solve>(tangents<solution, c>) == 2);
    static_assert(count_of<ad::op::matmul>(tangents<solution, x, c>) == 1);
    static_assert(count_of<ad::op::subtract>(tangents<solution, x, c>) == 1);
}
