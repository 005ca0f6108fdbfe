// SPDX-License-Identifier: BSD-3-Clause
// What a graph knows of an operation: its description and its rules, erased to one type, so that everything after lowering
// is ordinary code over values. `revealed_t` is the way back from a description to the operation's type.
#pragma once

#include <xautodiff/array/parameters.hpp>
#include <xautodiff/graph/symbol.hpp>
#include <xautodiff/op/row_use.hpp>

#include <array>
#include <concepts>
#include <string_view>
#include <utility>

namespace xautodiff::graph
{
    inline constexpr int max_operands = 4;
    using symbols = std::array<symbol, max_operands>;
    using shapes = std::array<array::shape, max_operands>;

    /// An operation that is a formula of others.
    template <class Op>
    concept composed_operation = requires { &Op::template compose<symbol>; } || requires {
        &Op::template compose<symbol, symbol>;
    } || requires { &Op::template compose<symbol, symbol, symbol>; };

    /// An operation with a kernel on whole arrays; any other works element by element.
    template <class Op>
    concept structured_operation = requires { Op::result_like; } || requires { &Op::result_shape; };

// The friend is found by argument-dependent lookup for one key only: that it is no template is the point.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-template-friend"
#endif
    /// Maps the address that stands for a type back to the type. Naming `revealing<T>` defines the answer.
    template <const char* Identity>
    struct key
    {
        friend constexpr auto reveal(key<Identity>);
    };
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif

    /// Its address stands for the type T.
    template <class T>
    inline constexpr char type_id{};

    template <class T>
    struct revealing
    {
        friend constexpr auto reveal(key<&type_id<T>>) { return std::type_identity<T>{}; }
        static constexpr const char* identity = &type_id<T>;
    };

    template <const char* Identity>
    using revealed_t = typename decltype(reveal(key<Identity>{}))::type;

    struct operation
    {
        const char* identity = nullptr;
        std::string_view name;
        std::string_view infix;
        std::string_view prefix;
        int arity = 0;
        bool is_structured = false;
        bool is_mask = false;
        bool is_alias = false;  ///< the result is its operand's elements, seen another way
        bool is_commutative = false;
        bool has_partials = false;  ///< its rules are partial derivatives; otherwise it gives pullback and pushforward
        unsigned linear_in = 0;     ///< its tangent is the sum of itself on the tangents of these operands, as bits
        int like = -1;              ///< the result has this operand's shape
        unsigned shape_only = 0;    ///< operands of which only the shape is read, as bits
        bool takes_absent_tangents = false;  ///< its pushforward asks math::varies which tangents are there

        /// The static shape of the result; `parameters` may be null where their values are unknown.
        array::shape (*infer)(const shapes&, const array::parameters*) = nullptr;
        /// How it goes along the rows of operands of these shapes; null where it does not.
        op::row_use (*rows)(const shapes&, const array::parameters*) = nullptr;
        symbols (*pullback)(symbol adjoint, symbol y, const symbols& x) = nullptr;
        symbol (*pushforward)(symbol y, const symbols& x, const symbols& tangents) = nullptr;
    };

    namespace detail
    {
        template <class Op>
        constexpr int like_operand()
        {
            if constexpr (requires { Op::result_like; })
            {
                return Op::result_like;
            }
            else
            {
                return -1;
            }
        }

        template <class Op>
        constexpr unsigned shape_only_operands()
        {
            unsigned bits = 0;
            if constexpr (requires { Op::result_like; })
            {
                bits |= 1u << unsigned(Op::result_like);
            }
            if constexpr (requires { Op::shape_only; })
            {
                bits |= Op::shape_only;
            }
            return bits;
        }

        template <class Op>
        constexpr unsigned linear_operands()
        {
            if constexpr (requires { Op::linear_in; })
            {
                return Op::linear_in;
            }
            else
            {
                return 0;
            }
        }

        template <class... P>
        constexpr symbols to_symbols(symbol like, const std::tuple<P...>& p);

        constexpr array::shape broadcast_all(const shapes& x, std::size_t count)
        {
            array::shape out = x[0];
            for (std::size_t i = 1; i < count; ++i)
            {
                out = array::broadcast(out, x[i]);
            }
            return out;
        }

        template <class Op, class Indices>
        struct rules;

        /// Static members, not lambdas: their bodies are instantiated when they run, since the rules of two operations may
        /// need each other.
        template <class Op, std::size_t... I>
        struct rules<Op, std::index_sequence<I...>>
        {
            static constexpr bool are_partials = requires(symbol s) { Op::partials(s, (void(I), s)...); };

            static constexpr array::shape infer(const shapes& x, const array::parameters* p)
            {
                if constexpr (!structured_operation<Op>)
                {
                    return broadcast_all(x, sizeof...(I));
                }
                else if constexpr (requires { Op::result_like; })
                {
                    return x[Op::result_like];
                }
                else if constexpr (requires { Op::result_shape(x[I]...); })
                {
                    return Op::result_shape(x[I]...);
                }
                else
                {
                    // The parameters are the last operand.
                    return p == nullptr ? array::shape::of_rank(array::unknown) : Op::result_shape(x[0], *p);
                }
            }

            /// By what it returns: a user's operation may have something else of that name.
            static constexpr bool have_rows_of_shapes = requires(const shapes& x) {
                {
                    Op::rows(x[I]...)
                } -> std::same_as<op::row_use>;
            };
            static constexpr bool have_rows_of_parameters = requires(const shapes& x, const array::parameters& p) {
                {
                    Op::rows(x[0], p)
                } -> std::same_as<op::row_use>;
            };

            static constexpr op::row_use rows(const shapes& x, const array::parameters* p)
            {
                if constexpr (have_rows_of_shapes)
                {
                    return Op::rows(x[I]...);
                }
                else
                {
                    return Op::rows(x[0], *p);
                }
            }

            static constexpr symbols pullback(symbol adjoint, symbol y, const symbols& x)
            {
                return to_symbols(adjoint, math::pullback<Op>(adjoint, y, x[I]...));
            }

            static constexpr symbol pushforward(symbol y, const symbols& x, const symbols& tangents)
            {
                if constexpr (are_partials)
                {
                    const auto partials = Op::partials(y, x[I]...);
                    symbol total;
                    // `auto`, so that clang instantiates the addition only where symbols can already be added.
                    const auto add = [&total](auto flowing) { total = total ? total + flowing : flowing; };
                    ((tangents[I] ? add(tangents[I] * std::get<I>(partials)) : void()), ...);
                    return total;
                }
                else if constexpr (requires { Op::linear_in; })
                {
                    symbol total;
                    const auto add = [&total](auto flowing) { total = total ? total + flowing : flowing; };
                    ((tangents[I] && (Op::linear_in >> I & 1u) ? add(with_operand(x, I, tangents[I])) : void()), ...);
                    return total;
                }
                else
                {
                    return to_symbols(y, std::tuple{Op::pushforward(y, x[I]..., tangents[I]...)})[0];
                }
            }

            /// Op with another operand in one place.
            static constexpr auto with_operand(symbols x, std::size_t place, auto other)
            {
                x[place] = other;
                return math::call<Op>(x[I]...);
            }
        };

        template <class Op>
        constexpr std::string_view infix_of()
        {
            if constexpr (requires { Op::infix; })
            {
                return Op::infix;
            }
            else
            {
                return {};
            }
        }

        template <class Op>
        constexpr std::string_view prefix_of()
        {
            if constexpr (requires { Op::prefix; })
            {
                return Op::prefix;
            }
            else
            {
                return {};
            }
        }

        template <class Op, int Arity>
        constexpr operation describe()
        {
            using rules = detail::rules<Op, std::make_index_sequence<std::size_t(Arity)>>;
            operation d;
            d.identity = revealing<Op>::identity;
            d.name = Op::name;
            d.infix = infix_of<Op>();
            d.prefix = prefix_of<Op>();
            d.arity = Arity;
            d.is_structured = structured_operation<Op>;
            d.is_mask = requires { Op::is_mask; };
            d.is_alias = requires { &Op::template alias<double>; };
            d.is_commutative = requires { Op::is_commutative; };
            d.has_partials = rules::are_partials;
            d.linear_in = linear_operands<Op>();
            d.like = like_operand<Op>();
            d.shape_only = shape_only_operands<Op>();
            d.takes_absent_tangents = requires { Op::takes_absent_tangents; };
            d.infer = &rules::infer;
            if constexpr (rules::have_rows_of_shapes || rules::have_rows_of_parameters)
            {
                d.rows = &rules::rows;
            }
            if constexpr (!op::stops_derivatives<Op>)
            {
                d.pullback = &rules::pullback;
                d.pushforward = &rules::pushforward;
            }
            return d;
        }
    }

    template <class Op, int Arity>
    inline constexpr operation operation_of = detail::describe<Op, Arity>();
}
