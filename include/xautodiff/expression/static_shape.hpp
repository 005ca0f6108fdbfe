// SPDX-License-Identifier: BSD-3-Clause
// What the type of an expression tells of its value: its shape, its number type, the family of containers to hold it.
#pragma once

#include <xautodiff/expression/apply.hpp>

#include <algorithm>

namespace xautodiff::expression
{
    template <class N>
    struct facts;

    template <class N>
    inline constexpr array::shape static_shape_of = facts<N>::shape;

    /// The widest floating type among arrays, inputs and Variables. Numbers written beside them adapt to it, and so do
    /// integral arrays: `x * 2.5` with a float x is float. void where nothing else is there.
    template <class N>
    using strong_type_of = typename facts<N>::strong_type;

    /// The type to compute with.
    template <class N>
    using value_type_of = std::conditional_t<std::is_void_v<strong_type_of<N>>, double, strong_type_of<N>>;

    template <class N>
    inline constexpr array::family family_of = facts<N>::family;

    namespace detail
    {
        template <class A, class B>
        struct wider : std::common_type<A, B>
        {
        };
        template <class A>
        struct wider<A, void>
        {
            using type = A;
        };
        template <class B>
        struct wider<void, B>
        {
            using type = B;
        };
        template <>
        struct wider<void, void>
        {
            using type = void;
        };

        template <class... T>
        struct widest
        {
            using type = void;
        };
        template <class T, class... R>
        struct widest<T, R...>
        {
            using type = typename wider<T, typename widest<R...>::type>::type;
        };

        template <class N>
        inline constexpr bool is_weak = N::kind == leaf_kind::literal || N::kind == leaf_kind::parameter
                                        || (N::kind == leaf_kind::constant && N::static_shape.rank == 0)
                                        || !std::is_floating_point_v<typename N::value_type>;

        /// The result's shape for an operation whose last operand is parameters.
        template <class Op, class X, class P>
        constexpr array::shape shape_by_parameters()
        {
            if constexpr (requires { P::result; })
            {
                return P::result;
            }
            else
            {
                return Op::result_shape(facts<X>::shape, P::value);
            }
        }

        template <class Op, class... X>
        constexpr array::shape shape_of_apply()
        {
            if constexpr (requires { Op::result_like; })
            {
                return std::array{facts<X>::shape...}[std::size_t(Op::result_like)];
            }
            else if constexpr (requires { Op::result_shape(facts<X>::shape...); })
            {
                return Op::result_shape(facts<X>::shape...);
            }
            else if constexpr (requires { &Op::result_shape; })
            {
                return shape_by_parameters<Op, X...>();
            }
            else
            {
                array::shape out;
                ((out = array::broadcast(out, facts<X>::shape)), ...);
                return out;
            }
        }

        constexpr bool extents_fit(const array::shape& a, const array::shape& b)
        {
            for (int d = 1; a.rank != array::unknown && b.rank != array::unknown && d <= a.rank && d <= b.rank; ++d)
            {
                const array::index ea = a[a.rank - d], eb = b[b.rank - d];
                if (ea != eb && ea > -1 && eb > -1 && ea != 1 && eb != 1)
                {
                    return false;
                }
            }
            return true;
        }
    }

    /// Whether the shapes, as far as the types know them, broadcast to one another.
    template <class A, class... B>
    inline constexpr bool shapes_fit =
        (detail::extents_fit(facts<A>::shape, facts<B>::shape) && ...) && shapes_fit<B...>;
    template <class A>
    inline constexpr bool shapes_fit<A> = true;

    /// The same of a node's operands.
    template <class N>
    inline constexpr bool operands_fit = true;
    template <class Op, class... X>
    inline constexpr bool operands_fit<apply<Op, X...>> = shapes_fit<X...>;

    template <leaf N>
    struct facts<N>
    {
        static constexpr array::shape shape = N::static_shape;
        static constexpr array::family family = N::family;
        using strong_type = std::conditional_t<detail::is_weak<N>, void, typename N::value_type>;
    };

    template <class Op, class... X>
    struct facts<apply<Op, X...>>
    {
        static constexpr array::shape shape = detail::shape_of_apply<Op, X...>();
        static constexpr array::family family = std::max({facts<X>::family...});
        using strong_type = typename detail::widest<strong_type_of<X>...>::type;
    };
}
