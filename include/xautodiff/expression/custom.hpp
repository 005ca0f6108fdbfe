// SPDX-License-Identifier: BSD-3-Clause
// What an operation of the user's must have. A mistake is named here, where it is used, before it fails far inside.
#pragma once

#include <cstddef>
#include <string_view>
#include <tuple>
#include <utility>

namespace xautodiff
{
    /// An operation that is no formula, and is recorded when it is applied: see variable/apply.hpp.
    template <class Op>
    concept recorded_operation = requires { typename Op::context; };
}

namespace xautodiff::expression
{
    namespace detail
    {
        /// All that an operation may have. Inherited beside it, a name of both is ambiguous: so a member is found by its name
        /// alone, be it a template or not.
        struct member_names
        {
            void value();
            void partials();
            void pullback();
            void pushforward();
            void linear_in();
            void compose();
            void result_like();
            void result_shape();
            void forward();
        };

        template <class Op>
        struct beside_names : Op, member_names
        {
        };

        // clang-format off
        template <class Op> inline constexpr bool names_value = !requires { &beside_names<Op>::value; };
        template <class Op> inline constexpr bool names_partials = !requires { &beside_names<Op>::partials; };
        template <class Op> inline constexpr bool names_pullback = !requires { &beside_names<Op>::pullback; };
        template <class Op> inline constexpr bool names_pushforward = !requires { &beside_names<Op>::pushforward; } || !requires { &beside_names<Op>::linear_in; };
        template <class Op> inline constexpr bool names_compose = !requires { &beside_names<Op>::compose; };
        template <class Op> inline constexpr bool names_shape = !requires { &beside_names<Op>::result_like; } || !requires { &beside_names<Op>::result_shape; };
        template <class Op> inline constexpr bool names_forward = !requires { &beside_names<Op>::forward; };
        // clang-format on

        template <class Op>
        constexpr void require_name()
        {
            static_assert(
                requires { std::string_view(Op::name); },
                "xautodiff: an operation needs a name: `static constexpr std::string_view name = \"...\";`");
        }

        template <class Op, std::size_t... I>
        constexpr void require_elementwise(std::index_sequence<I...>)
        {
            static_assert(
                requires(double x) { Op::value((void(I), x)...); },
                "xautodiff: this operation's `value` does not take the operands that it is applied to");
            if constexpr (names_partials<Op>)
            {
                static_assert(
                    requires(double x) { Op::partials(x, (void(I), x)...); },
                    "xautodiff: this operation's `partials` must take the result y and then every operand");
                if constexpr (requires(double x) { Op::partials(x, (void(I), x)...); })
                {
                    using partials = decltype(Op::partials(1.0, (void(I), 1.0)...));
                    static_assert(std::tuple_size<partials>::value == sizeof...(I),
                                  "xautodiff: this operation's `partials` must return a std::tuple with one partial "
                                  "derivative for every operand");
                }
            }
        }
    }

    /// Whether an operation works on whole arrays.
    template <class Op>
    inline constexpr bool is_structured = detail::names_shape<Op>;

    /// Fails to compile where Op lacks what every recorded operation has.
    template <recorded_operation Op>
    constexpr void require_recorded_operation()
    {
        detail::require_name<Op>();
        static_assert(
            detail::names_forward<Op>,
            "xautodiff: an operation with a context needs a `static auto forward(context&, const auto&... x)`, "
            "which gives its result, or a std::tuple of several");
        static_assert(detail::names_pullback<Op>,
                      "xautodiff: this operation has no rule for its derivative: give it a `static auto pullback(const "
                      "context&, const auto&... adjoint)`, which gives one gradient for each operand");
    }

    /// Fails to compile where Op cannot be applied to so many operands, and says why.
    template <class Op, std::size_t Operands>
    constexpr void require_operation()
    {
        detail::require_name<Op>();
        if constexpr (detail::names_forward<Op> && !detail::names_value<Op>)
        {
            static_assert(recorded_operation<Op>,
                          "xautodiff: an operation with a `forward` needs a `struct context`, where forward keeps what "
                          "pullback reads: an empty one if that is nothing");
        }
        else if constexpr (!is_structured<Op> && !detail::names_compose<Op>)
        {
            static_assert(detail::names_value<Op>,
                          "xautodiff: an operation needs its value: `static constexpr auto value(const auto& x)`");
            static_assert(detail::names_partials<Op>,
                          "xautodiff: this operation has no rule for its derivative: give it `static constexpr auto "
                          "partials(const auto& y, const auto& x)`, which returns a std::tuple with one partial "
                          "derivative for every operand");
            if constexpr (detail::names_value<Op>)
            {
                detail::require_elementwise<Op>(std::make_index_sequence<Operands>{});
            }
        }
        if constexpr (is_structured<Op> && !detail::names_compose<Op>)
        {
            static_assert(detail::names_pullback<Op>,
                          "xautodiff: this operation has no rule for its derivative: one on whole arrays gives its own "
                          "`pullback(adjoint, y, x...)`");
            static_assert(detail::names_pushforward<Op>,
                          "xautodiff: this operation has no rule for forward mode: one on whole arrays gives its own "
                          "`pushforward(y, x..., tangents...)`, or, where it is linear in some operands and nothing "
                          "flows through the others, these as bits: `static constexpr unsigned linear_in = 0b1;`");
        }
    }
}
