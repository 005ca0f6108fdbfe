// SPDX-License-Identifier: BSD-3-Clause
// Walks an expression object and hands every payload to its slot. Where several leaves share a slot, they must hold the
// same: this is the run-time half of identity (design, section 2).
#pragma once

#include <xautodiff/graph/program.hpp>

#include <bit>
#include <cmath>
#include <cstdint>

namespace xautodiff::evaluate
{
    // clang-format off
    constexpr bool same_payload(float a, float b) { return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b); }
    constexpr bool same_payload(double a, double b) { return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b); }
    constexpr bool same_payload(long double a, long double b) { return a == b && std::signbit(a) == std::signbit(b); }
    template <std::integral T> constexpr bool same_payload(T a, T b) { return a == b; }
    constexpr bool same_payload(const array::parameters& a, const array::parameters& b) { return a == b; }
    template <class T> constexpr bool same_payload(const array::array_ref<T>& a, const array::array_ref<T>& b) { return a.data == b.data && a.shape == b.shape; }
    // clang-format on

    namespace detail
    {
        /// One type for all nodes that a visitor sees: closures would be two more for each node.
        template <class Visitor>
        struct payload_walk
        {
            Visitor& visit;
            int next = 0;

            template <class... N>
            [[gnu::always_inline]] constexpr void operator()(const N&... node)
            {
                (walk(node), ...);
            }

            template <class N>
            [[gnu::always_inline]] constexpr void walk(const N& node)
            {
                if constexpr (graph::payload_count<N> == 0)
                {
                    return;
                }
                else if constexpr (expression::leaf<N>)
                {
                    visit(next++, node);
                }
                else if constexpr (requires { node.operands; })
                {
                    boost::hana::unpack(node.operands, *this);
                }
                else
                {
                    walk(node.body);
                    boost::hana::unpack(node.arguments, *this);
                }
            }
        };
    }

    /// Calls visit(occurrence, leaf) for every payload leaf of `node`, in order.
    template <class Node, class Visitor>
    constexpr void for_each_payload(const Node& node, Visitor& visit)
    {
        detail::payload_walk<Visitor>{visit}.walk(node);
    }
}
