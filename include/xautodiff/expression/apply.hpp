// SPDX-License-Identifier: BSD-3-Clause
// An inner node of the nested type: an operation and its operands, held by value, so that no expression dangles.
#pragma once

#include <xautodiff/expression/leaf.hpp>

#include <boost/hana/at.hpp>
#include <boost/hana/basic_tuple.hpp>

#include <type_traits>
#include <utility>

namespace xautodiff::expression
{
    /// Anything with a node(): an expression, or a Variable (whose node is a leaf).
    template <class X>
    concept has_node = expression_like<X> && requires(const std::remove_cvref_t<X>& x) { x.node(); };

    template <class X>
    using node_t = std::remove_cvref_t<decltype(std::declval<const std::remove_cvref_t<X>&>().node())>;

    /// Whether equal types mean equal nodes: all leaves below have an identity.
    template <class N>
    inline constexpr bool has_identity = N::has_identity;

    /// The operands of a node.
    template <class... X>
    struct held_operands
    {
        boost::hana::basic_tuple<X...> operands;

        constexpr explicit held_operands(X&&... x) : operands(std::move(x)...) {}
    };

    /// Where ending them is work, it is done in place, by a union, so that the destructor is ours: one that is called, were it
    /// only where something throws, needs the operands to have an address, and then the compiler writes the whole formula to
    /// memory to record a statement.
    template <class... X>
        requires(X::is_counted || ...)
    struct held_operands<X...>
    {
        union
        {
            boost::hana::basic_tuple<X...> operands;
        };

        [[gnu::always_inline]] constexpr explicit held_operands(X&&... x) : operands(std::move(x)...) {}
        [[gnu::always_inline]] constexpr held_operands(const held_operands& other) : operands(other.operands) {}
        [[gnu::always_inline]] constexpr held_operands(held_operands&& other) noexcept(
            (std::is_nothrow_move_constructible_v<X> && ...))
            : operands(std::move(other.operands))
        {
        }
        constexpr held_operands& operator=(const held_operands& other)
        {
            operands = other.operands;
            return *this;
        }
        [[gnu::always_inline]] constexpr ~held_operands()
        {
            [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline))
            {
                (end(boost::hana::at_c<I>(operands)), ...);
            }
            (std::index_sequence_for<X...>{});
        }

    private:
        template <class Y>
        [[gnu::always_inline]] static constexpr void end(Y& y)
        {
            y.~Y();
        }
    };

    /// Op applied to X... .
    template <class Op, class... X>
    struct apply : expression_facade<apply<Op, X...>>, held_operands<X...>
    {
        static constexpr bool has_identity = (X::has_identity && ...);
        static constexpr bool is_counted = (X::is_counted || ...);
        using operation = Op;

        constexpr explicit apply(X... x) : held_operands<X...>(std::move(x)...) {}
        [[gnu::always_inline]] constexpr ~apply() = default;
        apply(const apply&) = default;
        apply(apply&&) = default;
        apply& operator=(const apply&) = default;
        using expression_facade<apply>::operator=;
        constexpr const apply& node() const { return *this; }
    };
}
