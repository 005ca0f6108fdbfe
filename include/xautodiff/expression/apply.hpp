// SPDX-License-Identifier: BSD-3-Clause
// An inner node of the nested type: an operation and its operands, held by value, so that no expression dangles.
#pragma once

#include <xautodiff/expression/leaf.hpp>

#include <boost/hana/basic_tuple.hpp>

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

    /// Op applied to X... . `Hint` is the result's shape where the type knows more than the operands' shapes tell.
    template <class Op, class... X>
    struct apply : expression_facade<apply<Op, X...>>
    {
        static constexpr bool has_identity = (X::has_identity && ...);
        using operation = Op;

        boost::hana::basic_tuple<X...> operands;

        constexpr explicit apply(X... x) : operands(std::move(x)...) {}
        using expression_facade<apply>::operator=;
        constexpr const apply& node() const { return *this; }
    };
}
