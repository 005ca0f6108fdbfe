// SPDX-License-Identifier: BSD-3-Clause
// The functions on whole arrays: reductions, products, and those that move elements. Axes, slices and shapes are run-time
// values with an identity of their own, or Hana constants, which the type then knows.
#pragma once

#include <xautodiff/expression/functions.hpp>
#include <xautodiff/op/operations.hpp>

#include <iterator>

namespace xautodiff
{
    /// `ad::sum(x, 0, ad::keep_dims)`: the reduced axes stay, with extent 1.
    struct keep_dims_t
    {
        // Lest the {} of `sum(x, {})` be one.
        explicit keep_dims_t() = default;
    };
    inline constexpr keep_dims_t keep_dims{};

    namespace expression
    {
        template <class K>
        concept keep_option = std::same_as<K, bool> || std::same_as<K, keep_dims_t>;

        template <class A>
        concept axis = array::index_slice<A>;

        /// A list of integers of which the length may be known: std::array, std::vector, what shape() returns.
        template <class L>
        concept index_list = requires(const L& l) {
            requires std::integral<std::remove_cvref_t<decltype(*std::begin(l))>>;
            std::end(l);
        };

        template <class X, class Tag>
        using node_at = operand_node_t<Tag, const X&>;

        /// Whether Op takes parameters that the type knows, for an operand of X's shape as far as that is known.
        template <class Op, class X, class P>
        inline constexpr bool parameters_fit =
            requires { typename std::integral_constant<int, Op::result_shape(static_shape_of<X>, P::value).rank>; };

        /// Op with parameters as its last operand.
        template <class Op, class Tag, class X, class P>
        constexpr auto with_parameters(const X& x, const P& p)
        {
            if constexpr (std::is_empty_v<P> && requires { &Op::result_shape; })
            {
                static_assert(
                    parameters_fit<Op, node_at<X, void>, P>,
                    "xautodiff: these axes, extents or indices do not fit the operand's shape, as far as its type "
                    "tells it");
            }
            return apply<Op, node_at<X, place<Tag, 0>>, P>(make_node<place<Tag, 0>>(x), p);
        }

        /// The rank after reducing `count` axes; -1 where it is not known.
        template <class X>
        constexpr array::shape reduced(int count, bool keep)
        {
            const int rank = static_shape_of<node_at<X, void>>.rank;
            return array::shape::of_rank(rank == array::unknown ? array::unknown
                                         : keep                 ? rank
                                         : rank < count         ? 0
                                                                : rank - count);
        }

        template <class Op, class Tag, class X, class K, class... A>
        constexpr auto reduce(const X& x, const K& keep, const A&... axes)
        {
            constexpr bool keeps = std::same_as<K, keep_dims_t>;
            if constexpr (std::same_as<K, bool>)
            {
                return with_parameters<Op, Tag>(x, parameter<place<Tag, 1>>(array::encode_axes(keep, axes...)));
            }
            else if constexpr ((is_hana_constant<A> && ...))
            {
                constexpr int rank = static_shape_of<node_at<X, void>>.rank, count = rank == 0 ? 1 : rank;
                static_assert(rank == array::unknown || ((A::value >= -count && A::value < count) && ...),
                              "xautodiff: the type of this operand tells its rank, and there is no such axis: axes go "
                              "from -rank to rank - 1");
                return with_parameters<Op, Tag>(x, fixed_parameter<array::encode_axes(keeps, A::value...)>{});
            }
            else
            {
                constexpr array::shape result = reduced<X>(int(sizeof...(A)), keeps);
                return with_parameters<Op, Tag>(x,
                                                parameter<place<Tag, 1>, result>(array::encode_axes(keeps, axes...)));
            }
        }

        template <class Op, class Tag, class X, class K, std::size_t N>
        constexpr auto reduce_list(const X& x, const K& keep, const int (&axes)[N])
        {
            return [&]<std::size_t... I>(std::index_sequence<I...>)
            { return reduce<Op, Tag>(x, keep, axes[I]...); }(std::make_index_sequence<N>{});
        }

        /// keepdims not given.
        struct drop_dims
        {
        };

        template <class Op, class Tag, class X, std::size_t N>
        constexpr auto reshaped(const X& x, const int (&extents)[N])
        {
            return [&]<std::size_t... I>(std::index_sequence<I...>)
            {
                constexpr array::shape result = array::shape::of_rank(int(N));
                return with_parameters<Op, Tag>(x,
                                                parameter<place<Tag, 1>, result>(array::encode_shape(extents[I]...)));
            }(std::make_index_sequence<N>{});
        }

        /// Whether the extents over which a product sums agree, as far as the types know them.
        template <class A, class B>
        inline constexpr bool products_fit = []
        {
            constexpr array::shape a = static_shape_of<A>, b = static_shape_of<B>;
            if constexpr (a.rank > 0 && b.rank > 0)
            {
                return a[a.rank - 1] == b[0] || a[a.rank - 1] == array::unknown || b[0] == array::unknown;
            }
            return true;
        }();

        /// a times b: of two vectors known as such, a sum of products, which fuses with what is around it.
        template <class Tag, class A, class B>
        constexpr auto make_product(const A& a, const B& b)
        {
            constexpr int rank_a = static_shape_of<node_at<A, void>>.rank,
                          rank_b = static_shape_of<node_at<B, void>>.rank;
            static_assert(rank_a != 0 && rank_b != 0 && rank_a <= 2 && rank_b <= 2,
                          "xautodiff: matmul and dot take vectors and matrices (1-D and 2-D); multiply numbers with *");
            static_assert(products_fit<node_at<A, void>, node_at<B, void>>,
                          "xautodiff: the shapes of these operands, known from their types, cannot be multiplied: the "
                          "last extent of the first must be the first extent of the second");
            if constexpr (rank_a == 1 && rank_b == 1)
            {
                return make_apply<op::dot, Tag>(a, b);
            }
            else
            {
                return make_apply<op::matmul, Tag>(a, b);
            }
        }

        /// The operation that some slices make: the last one that is not a whole axis gives it its name.
        template <class Op, array::slice... S>
        struct view_by
        {
            using type = Op;
        };

        template <class Op, class S, class... R>
        struct view_by<Op, S, R...>
            : view_by<std::conditional_t<array::index_slice<S>, op::select_view,
                                         std::conditional_t<std::same_as<S, newaxis_t>, op::unsqueeze_view,
                                                            std::conditional_t<array::is_range<S>, op::view, Op>>>,
                      R...>
        {
        };

        template <class Tag, class X, array::slice... S>
        constexpr auto view_at(const X& x, const S&... slices)
        {
            using operation = typename view_by<op::view, S...>::type;
            if constexpr ((std::is_empty_v<S> && ...))
            {
                return with_parameters<operation, Tag>(x, fixed_parameter<array::encode(S{}...)>{});
            }
            else
            {
                constexpr array::shape result =
                    array::sliced_shape(static_shape_of<node_at<X, void>>, array::encode_types<S...>());
                return with_parameters<operation, Tag>(x, parameter<place<Tag, 1>, result>(array::encode(slices...)));
            }
        }

        template <class L>
        constexpr int static_length()
        {
            if constexpr (requires { std::tuple_size<L>::value; })
            {
                return int(std::tuple_size<L>::value);
            }
            else
            {
                return array::unknown;
            }
        }

        template <index_list L>
        constexpr array::parameters encode_list(const L& list)
        {
            array::parameters p;
            for (auto v : list)
            {
                p.push_back(static_cast<array::index>(v));
            }
            return p;
        }

        /// Such a list, known to the type.
        template <auto... N>
        using fixed_list = fixed_parameter<encode_list(std::array<array::index, sizeof...(N)>{array::index(N)...})>;
    }

    // clang-format off
    /// The sum of all elements, or over axes: `sum(x)`, `sum(x, 0)`, `sum(x, {0, 1}, ad::keep_dims)`.
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto sum(const X& x) { return expression::make_apply<op::sum, Tag>(x); }
    template <expression::operand X, expression::axis A, class Tag = decltype([] {})> constexpr auto sum(const X& x, const A& axis) { return expression::reduce<op::sum_over, Tag>(x, expression::drop_dims{}, axis); }
    template <expression::operand X, expression::axis A, expression::keep_option K, class Tag = decltype([] {})> constexpr auto sum(const X& x, const A& axis, const K& keep) { return expression::reduce<op::sum_over, Tag>(x, keep, axis); }
    template <expression::operand X, std::size_t N, class Tag = decltype([] {})> constexpr auto sum(const X& x, const int (&axes)[N]) { return expression::reduce_list<op::sum_over, Tag>(x, expression::drop_dims{}, axes); }
    template <expression::operand X, std::size_t N, expression::keep_option K, class Tag = decltype([] {})> constexpr auto sum(const X& x, const int (&axes)[N], const K& keep) { return expression::reduce_list<op::sum_over, Tag>(x, keep, axes); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto sum(const X& x, keep_dims_t keep) { return expression::reduce<op::sum_over, Tag>(x, keep); }

    /// The mean of all elements, or over axes.
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto mean(const X& x) { return expression::make_apply<op::mean, Tag>(x); }
    template <expression::operand X, expression::axis A, class Tag = decltype([] {})> constexpr auto mean(const X& x, const A& axis) { return expression::reduce<op::mean_over, Tag>(x, expression::drop_dims{}, axis); }
    template <expression::operand X, expression::axis A, expression::keep_option K, class Tag = decltype([] {})> constexpr auto mean(const X& x, const A& axis, const K& keep) { return expression::reduce<op::mean_over, Tag>(x, keep, axis); }
    template <expression::operand X, std::size_t N, class Tag = decltype([] {})> constexpr auto mean(const X& x, const int (&axes)[N]) { return expression::reduce_list<op::mean_over, Tag>(x, expression::drop_dims{}, axes); }
    template <expression::operand X, std::size_t N, expression::keep_option K, class Tag = decltype([] {})> constexpr auto mean(const X& x, const int (&axes)[N], const K& keep) { return expression::reduce_list<op::mean_over, Tag>(x, keep, axes); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto mean(const X& x, keep_dims_t keep) { return expression::reduce<op::mean_over, Tag>(x, keep); }

    /// The largest element of all, or over axes; ties share the gradient evenly.
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto amax(const X& x) { return expression::reduce<op::amax, Tag>(x, expression::drop_dims{}); }
    template <expression::operand X, expression::axis A, class Tag = decltype([] {})> constexpr auto amax(const X& x, const A& axis) { return expression::reduce<op::amax, Tag>(x, expression::drop_dims{}, axis); }
    template <expression::operand X, expression::axis A, expression::keep_option K, class Tag = decltype([] {})> constexpr auto amax(const X& x, const A& axis, const K& keep) { return expression::reduce<op::amax, Tag>(x, keep, axis); }
    template <expression::operand X, std::size_t N, class Tag = decltype([] {})> constexpr auto amax(const X& x, const int (&axes)[N]) { return expression::reduce_list<op::amax, Tag>(x, expression::drop_dims{}, axes); }
    template <expression::operand X, std::size_t N, expression::keep_option K, class Tag = decltype([] {})> constexpr auto amax(const X& x, const int (&axes)[N], const K& keep) { return expression::reduce_list<op::amax, Tag>(x, keep, axes); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto amax(const X& x, keep_dims_t keep) { return expression::reduce<op::amax, Tag>(x, keep); }

    /// The Euclidean norm of all elements, or over axes; the gradient of one that is 0 is 0.
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto norm_l2(const X& x) { return expression::make_apply<op::norm_l2, Tag>(x); }
    template <expression::operand X, expression::axis A, class Tag = decltype([] {})> constexpr auto norm_l2(const X& x, const A& axis) { return expression::reduce<op::norm_l2_over, Tag>(x, expression::drop_dims{}, axis); }
    template <expression::operand X, expression::axis A, expression::keep_option K, class Tag = decltype([] {})> constexpr auto norm_l2(const X& x, const A& axis, const K& keep) { return expression::reduce<op::norm_l2_over, Tag>(x, keep, axis); }
    template <expression::operand X, std::size_t N, class Tag = decltype([] {})> constexpr auto norm_l2(const X& x, const int (&axes)[N]) { return expression::reduce_list<op::norm_l2_over, Tag>(x, expression::drop_dims{}, axes); }
    template <expression::operand X, std::size_t N, expression::keep_option K, class Tag = decltype([] {})> constexpr auto norm_l2(const X& x, const int (&axes)[N], const K& keep) { return expression::reduce_list<op::norm_l2_over, Tag>(x, keep, axes); }
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto norm_l2(const X& x, keep_dims_t keep) { return expression::reduce<op::norm_l2_over, Tag>(x, keep); }

    /// The product of matrices and vectors, as np.matmul for 1-D and 2-D operands. Throws shape_error where they do not fit.
    template <expression::operand A, expression::operand B, class Tag = decltype([] {})> constexpr auto matmul(const A& a, const B& b) { return expression::make_product<Tag>(a, b); }

    /// As np.dot for 1-D and 2-D operands: the inner product of two vectors, the matrix product otherwise.
    template <expression::operand A, expression::operand B, class Tag = decltype([] {})> constexpr auto dot(const A& a, const B& b) { return expression::make_product<Tag>(a, b); }

    /// The same elements, row major, in another shape: `reshape(x, {2, -1})`, or one that the type knows, as constant expressions
    /// need it: `reshape(x, std::integer_sequence<int, 2, -1>{})`.
    template <expression::operand X, std::size_t N, class Tag = decltype([] {})> constexpr auto reshape(const X& x, const int (&extents)[N]) { return expression::reshaped<op::reshape, Tag>(x, extents); }
    template <expression::operand X, expression::index_list L, class Tag = decltype([] {})> constexpr auto reshape(const X& x, const L& extents)
    {
        constexpr array::shape result = array::shape::of_rank(expression::static_length<L>());
        return expression::with_parameters<op::reshape, Tag>(x, expression::parameter<expression::place<Tag, 1>, result>(expression::encode_list(extents)));
    }

    template <expression::operand X, class I, I... N, class Tag = decltype([] {})> constexpr auto reshape(const X& x, std::integer_sequence<I, N...>) { return expression::with_parameters<op::reshape, Tag>(x, expression::fixed_list<N...>{}); }

    /// The axes reversed, or in a given order: `transpose(x, {1, 0, 2})`; one that the type knows as in reshape.
    template <expression::operand X, class Tag = decltype([] {})> constexpr auto transpose(const X& x) { return expression::with_parameters<op::transpose, Tag>(x, expression::fixed_parameter<array::parameters{}>{}); }
    template <expression::operand X, std::size_t N, class Tag = decltype([] {})> constexpr auto transpose(const X& x, const int (&order)[N]) { return expression::reshaped<op::transpose, Tag>(x, order); }

    template <expression::operand X, class I, I... N, class Tag = decltype([] {})> constexpr auto transpose(const X& x, std::integer_sequence<I, N...>) { return expression::with_parameters<op::transpose, Tag>(x, expression::fixed_list<N...>{}); }

    /// The elements that integers, ad::range, ad::all, ad::newaxis and ad::ellipsis choose, with NumPy's meaning.
    template <expression::operand X, array::slice... S, class Tag = decltype([] {})> constexpr auto view(const X& x, const S&... slices) { return expression::view_at<Tag>(x, slices...); }
    // clang-format on

    /// What `x[i]` and `x(slices...)` call.
    template <class E, array::slice... S>
        requires expression::has_node<E>
    constexpr auto subscript(const E& x, const S&... slices)
    {
        return expression::view_at<expression::untagged>(x, slices...);
    }
}
