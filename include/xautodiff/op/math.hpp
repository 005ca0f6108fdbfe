// SPDX-License-Identifier: BSD-3-Clause
// The words that rules are written in. `math::sin(x)` computes on a number and is written down on a traced value
// (a symbol of the graph builder): that is how one rule serves evaluation, both modes, and every order.
#pragma once

#include <cmath>
#include <concepts>
#include <tuple>
#include <type_traits>
#include <utility>

// clang-format off
namespace xautodiff::op
{
    struct eval; struct detach; struct negate; struct add; struct subtract; struct multiply; struct divide; struct square;
    struct pow; struct sqrt;
    struct exp; struct expm1; struct log; struct log1p; struct sigmoid;
    struct sin; struct cos; struct tan; struct tanh; struct erf; struct erfc;
    struct abs; struct sign; struct relu; struct clamp; struct maximum; struct minimum; struct where; struct where_adjoint;
    struct less; struct less_equal; struct greater; struct greater_equal; struct equal; struct not_equal;
    struct sum; struct sum_over; struct sum_to; struct expand; struct broadcast_like; struct element_count; struct scalar_seed; struct amax;
    struct mean; struct mean_over; struct norm_l2; struct norm_l2_over;
    struct reshape; struct reshape_like; struct transpose; struct untranspose; struct view; struct unview;
    struct matmul; struct matmul_nt; struct matmul_tn;

    /// Whether an elementwise operation's value can be computed on SIMD lanes too: all of those here. An operation of a
    /// user's says so by `static constexpr bool is_vectorized = true;` and else is computed lane by lane.
    template <class Op> constexpr bool is_vectorized(const Op*) { return true; }

    /// Whether no derivative flows through an operation: a comparison, or one that says so. It has no rule then.
    template <class Op> concept stops_derivatives = requires { Op::is_mask; } || requires { Op::is_constant; };
}
// clang-format on

namespace xautodiff::math
{
    /// Base of values whose operations are recorded, not computed. A traced type has `record<Op>(operands...)`, which gives
    /// a value of that type again, or of its `recorded<Op, Operand...>`.
    struct traced
    {
    };

    template <class X>
    concept traced_value = std::is_base_of_v<traced, std::remove_cvref_t<X>>;

    /// "Nothing flows here": what a pullback returns for an operand that is only a mask, a shape or a parameter.
    struct none
    {
    };

    /// The first traced type among X... (a rule mixes symbols with plain numbers).
    template <class X, class... R>
    struct first_traced
    {
        using type = typename first_traced<R...>::type;
    };

    template <traced_value X, class... R>
    struct first_traced<X, R...>
    {
        using type = X;
    };

    /// Whether a tangent is there. A pushforward of several operands whose operation says `takes_absent_tangents` must ask
    /// before it uses one; to any other zeros are given in place of what does not vary.
    template <class X>
    constexpr bool varies(const X& tangent)
    {
        if constexpr (traced_value<X> && std::is_constructible_v<bool, const X&>)
        {
            return static_cast<bool>(tangent);
        }
        else
        {
            return true;
        }
    }

    namespace detail
    {
        template <class Op, class... X>
        struct result
        {
            using type = decltype(Op::value(std::declval<const X&>()...));
        };

        template <class Traced, class Op, class... X>
        struct recorded
        {
            using type = Traced;
        };

        template <class Traced, class Op, class... X>
            requires requires { typename Traced::template recorded<Op, X...>; }
        struct recorded<Traced, Op, X...>
        {
            using type = typename Traced::template recorded<Op, X...>;
        };

        template <class Op, class... X>
            requires(traced_value<X> || ...)
        struct result<Op, X...> : recorded<typename first_traced<X...>::type, Op, X...>
        {
        };
    }

    /// Spelled out, not deduced, since the rules of two operations may name each other.
    template <class Op, class... X>
    using result_t = typename detail::result<Op, X...>::type;

    /// Computes Op on numbers, records it on traced values.
    template <class Op, class... X>
    constexpr result_t<Op, X...> call(const X&... x)
    {
        if constexpr ((traced_value<X> || ...))
        {
            return first_traced<X...>::type::template record<Op>(x...);
        }
        else
        {
            return Op::value(x...);
        }
    }

    /// mask ? a : b of numbers. SIMD lanes bring their own, for which this name is looked up unqualified.
    template <class A, class B>
    constexpr auto select(bool mask, const A& a, const B& b)
    {
        using common = std::common_type_t<A, B>;
        return mask ? common(a) : common(b);
    }

    /// The adjoints of the operands x for the adjoint of y = Op(x...), as a tuple, on whatever the rules are written in: from
    /// Op's partial derivatives, or by its own pullback. Where Op broadcasts, they still have y's shape.
    template <class Op, class Y, class... X>
    constexpr auto pullback(const Y& adjoint, const Y& y, const X&... x)
    {
        if constexpr (requires { Op::partials(y, x...); })
        {
            // Not by std::apply, which asks for each operation whether it throws.
            return [&]<class... P>(const std::tuple<P...>& partials)
            {
                return [&]<std::size_t... I>(std::index_sequence<I...>)
                { return std::tuple{(adjoint * std::get<I>(partials))...}; }(std::index_sequence_for<P...>{});
            }(Op::partials(y, x...));
        }
        else
        {
            return Op::pullback(adjoint, y, x...);
        }
    }

    template <class A, class B>
    concept traced_pair = traced_value<A> || traced_value<B>;

    // clang-format off
    template <traced_value X> constexpr result_t<op::negate, X> operator-(const X& x) { return call<op::negate>(x); }
    template <class A, class B> requires traced_pair<A, B> constexpr result_t<op::add, A, B> operator+(const A& a, const B& b) { return call<op::add>(a, b); }
    template <class A, class B> requires traced_pair<A, B> constexpr result_t<op::subtract, A, B> operator-(const A& a, const B& b) { return call<op::subtract>(a, b); }
    template <class A, class B> requires traced_pair<A, B> constexpr result_t<op::multiply, A, B> operator*(const A& a, const B& b) { return call<op::multiply>(a, b); }
    template <class A, class B> requires traced_pair<A, B> constexpr result_t<op::divide, A, B> operator/(const A& a, const B& b) { return call<op::divide>(a, b); }
    template <class A, class B> requires traced_pair<A, B> constexpr result_t<op::less, A, B> operator<(const A& a, const B& b) { return call<op::less>(a, b); }
    template <class A, class B> requires traced_pair<A, B> constexpr result_t<op::less_equal, A, B> operator<=(const A& a, const B& b) { return call<op::less_equal>(a, b); }
    template <class A, class B> requires traced_pair<A, B> constexpr result_t<op::greater, A, B> operator>(const A& a, const B& b) { return call<op::greater>(a, b); }
    template <class A, class B> requires traced_pair<A, B> constexpr result_t<op::greater_equal, A, B> operator>=(const A& a, const B& b) { return call<op::greater_equal>(a, b); }
    template <class A, class B> requires traced_pair<A, B> constexpr result_t<op::equal, A, B> operator==(const A& a, const B& b) { return call<op::equal>(a, b); }
    template <class A, class B> requires traced_pair<A, B> constexpr result_t<op::not_equal, A, B> operator!=(const A& a, const B& b) { return call<op::not_equal>(a, b); }

    template <class X> constexpr result_t<op::square, X> square(const X& x) { return call<op::square>(x); }
    template <class X> constexpr result_t<op::sqrt, X> sqrt(const X& x) { return call<op::sqrt>(x); }
    template <class X> constexpr result_t<op::exp, X> exp(const X& x) { return call<op::exp>(x); }
    template <class X> constexpr result_t<op::expm1, X> expm1(const X& x) { return call<op::expm1>(x); }
    template <class X> constexpr result_t<op::log, X> log(const X& x) { return call<op::log>(x); }
    template <class X> constexpr result_t<op::log1p, X> log1p(const X& x) { return call<op::log1p>(x); }
    template <class X> constexpr result_t<op::sigmoid, X> sigmoid(const X& x) { return call<op::sigmoid>(x); }
    template <class X> constexpr result_t<op::sin, X> sin(const X& x) { return call<op::sin>(x); }
    template <class X> constexpr result_t<op::cos, X> cos(const X& x) { return call<op::cos>(x); }
    template <class X> constexpr result_t<op::tan, X> tan(const X& x) { return call<op::tan>(x); }
    template <class X> constexpr result_t<op::tanh, X> tanh(const X& x) { return call<op::tanh>(x); }
    template <class X> constexpr result_t<op::erf, X> erf(const X& x) { return call<op::erf>(x); }
    template <class X> constexpr result_t<op::erfc, X> erfc(const X& x) { return call<op::erfc>(x); }
    template <class X> constexpr result_t<op::abs, X> abs(const X& x) { return call<op::abs>(x); }
    template <class X> constexpr result_t<op::sign, X> sign(const X& x) { return call<op::sign>(x); }
    template <class A, class B> constexpr result_t<op::pow, A, B> pow(const A& a, const B& b) { return call<op::pow>(a, b); }
    template <class A, class B> constexpr result_t<op::maximum, A, B> maximum(const A& a, const B& b) { return call<op::maximum>(a, b); }
    template <class A, class B> constexpr result_t<op::minimum, A, B> minimum(const A& a, const B& b) { return call<op::minimum>(a, b); }
    template <class M, class A, class B> constexpr result_t<op::where, M, A, B> where(const M& m, const A& a, const B& b) { return call<op::where>(m, a, b); }
    template <class M, class A, class B> constexpr result_t<op::where_adjoint, M, A, B> where_adjoint(const M& m, const A& a, const B& b) { return call<op::where_adjoint>(m, a, b); }

    template <class X> constexpr result_t<op::sum, X> sum(const X& x) { return call<op::sum>(x); }
    template <class X, class P> constexpr result_t<op::sum_over, X, P> sum(const X& x, const P& axes) { return call<op::sum_over>(x, axes); }
    template <class X, class L> constexpr result_t<op::sum_to, X, L> sum_to(const X& x, const L& like) { return call<op::sum_to>(x, like); }
    template <class X, class L, class P> constexpr result_t<op::expand, X, L, P> expand(const X& x, const L& like, const P& axes) { return call<op::expand>(x, like, axes); }
    template <class X, class L> constexpr result_t<op::broadcast_like, X, L> broadcast_like(const X& x, const L& like) { return call<op::broadcast_like>(x, like); }
    template <class X, class Y> constexpr result_t<op::element_count, X, Y> element_count(const X& x, const Y& y) { return call<op::element_count>(x, y); }
    template <class X> constexpr result_t<op::scalar_seed, X> scalar_seed(const X& x) { return call<op::scalar_seed>(x); }
    template <class X, class L> constexpr result_t<op::reshape_like, X, L> reshape_like(const X& x, const L& like) { return call<op::reshape_like>(x, like); }
    template <class X, class P> constexpr result_t<op::transpose, X, P> transpose(const X& x, const P& permutation) { return call<op::transpose>(x, permutation); }
    template <class X, class P> constexpr result_t<op::untranspose, X, P> untranspose(const X& x, const P& permutation) { return call<op::untranspose>(x, permutation); }
    template <class X, class P> constexpr result_t<op::view, X, P> view(const X& x, const P& slices) { return call<op::view>(x, slices); }
    template <class X, class L, class P> constexpr result_t<op::unview, X, L, P> unview(const X& x, const L& like, const P& slices) { return call<op::unview>(x, like, slices); }
    template <class A, class B> constexpr result_t<op::matmul, A, B> matmul(const A& a, const B& b) { return call<op::matmul>(a, b); }
    template <class G, class B, class L> constexpr result_t<op::matmul_nt, G, B, L> matmul_nt(const G& g, const B& b, const L& like) { return call<op::matmul_nt>(g, b, like); }
    template <class A, class G, class L> constexpr result_t<op::matmul_tn, A, G, L> matmul_tn(const A& a, const G& g, const L& like) { return call<op::matmul_tn>(a, g, like); }
    // clang-format on
}
