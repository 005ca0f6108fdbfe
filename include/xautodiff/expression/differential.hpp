// SPDX-License-Identifier: BSD-3-Clause
// A derivative inside an expression: what `grad(f)(x)` is when x is itself an expression. The body is f's formula in
// inputs of its own, so an inner derivative never mistakes an outer variable for its own (no perturbation confusion);
// the arguments are put in their place after differentiating.
#pragma once

#include <xautodiff/expression/static_shape.hpp>

namespace xautodiff::expression
{
    /// The body's own value: beside its derivatives, so that it shares their steps.
    struct primal_mode
    {
    };

    /// The adjoint of input `Position` for a scalar body: the gradient.
    template <int Position>
    struct reverse_mode
    {
    };

    /// The tangent of the body; the arguments are followed by the inputs' tangents.
    struct forward_mode
    {
    };

    template <class... Input>
    struct inputs
    {
    };

    template <class Mode, class Body, class Inputs, class... X>
    struct differential : expression_facade<differential<Mode, Body, Inputs, X...>>
    {
        static constexpr bool has_identity = Body::has_identity && (X::has_identity && ...);
        static constexpr bool is_counted = Body::is_counted || (X::is_counted || ...);

        Body body;
        boost::hana::basic_tuple<X...> arguments;

        constexpr explicit differential(const Body& b, const X&... x) : body(b), arguments(x...) {}
        using expression_facade<differential>::operator=;
        constexpr const differential& node() const { return *this; }
    };

    template <int Position, class Body, class Inputs, class... X>
    struct facts<differential<reverse_mode<Position>, Body, Inputs, X...>>
    {
        static constexpr array::shape shape = std::array{facts<X>::shape...}[std::size_t(Position)];
        static constexpr array::family family = std::max({facts<X>::family..., facts<Body>::family});
        using strong_type = typename detail::widest<strong_type_of<Body>, strong_type_of<X>...>::type;
    };

    template <class Mode, class Body, class Inputs, class... X>
    struct facts<differential<Mode, Body, Inputs, X...>>
    {
        static constexpr array::shape shape = facts<Body>::shape;
        static constexpr array::family family = std::max({facts<X>::family..., facts<Body>::family});
        using strong_type = typename detail::widest<strong_type_of<Body>, strong_type_of<X>...>::type;
    };
}
