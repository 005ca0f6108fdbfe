// SPDX-License-Identifier: BSD-3-Clause
// One operation's derivatives on dense values, whichever way op/ states them: as partials, or as a pullback and a
// pushforward. math::none stands for an adjoint or a tangent that does not flow.
#pragma once

#include <xautodiff/evaluate/reference_value.hpp>

#include <algorithm>
#include <tuple>
#include <vector>

namespace xautodiff::evaluate::reference
{
    template <class Op, class... X>
    concept has_partials = requires(const X&... x) { Op::partials(std::get<0>(std::tie(x...)), x...); };

    namespace detail
    {
        // clang-format off
        constexpr math::none plus(math::none, math::none) { return {}; }
        template <class T> constexpr dense<T> plus(const dense<T>& x, math::none) { return x; }
        template <class T> constexpr dense<T> plus(math::none, const dense<T>& x) { return x; }
        template <class T> constexpr dense<T> plus(const dense<T>& x, const dense<T>& y) { return x + y; }

        constexpr math::none times(math::none, const auto&) { return {}; }
        template <class T> constexpr dense<T> times(const dense<T>& tangent, const auto& partial) { return tangent * partial; }

        /// What a rule that reads every tangent is given for one that does not flow.
        template <class T> constexpr const dense<T>& or_zeros(const dense<T>& tangent, const dense<T>&) { return tangent; }
        template <class T> constexpr dense<T> or_zeros(math::none, const dense<T>& x) { return dense<T>(x.shape()); }
        constexpr math::none or_zeros(math::none, const array::parameters&) { return {}; }
        // clang-format on

        /// Op with a tangent in the place of operand K, in which it is linear.
        template <class Op, std::size_t K, class Tangent, class... X>
        constexpr auto with_operand(const Tangent& tangent, const X&... x)
        {
            if constexpr (std::same_as<Tangent, math::none> || (Op::linear_in >> K & 1u) == 0)
            {
                return math::none{};
            }
            else
            {
                auto operands = std::tuple{x...};
                std::get<K>(operands) = tangent;
                return std::apply([](const auto&... operand) { return Tangent::template record<Op>(operand...); },
                                  operands);
            }
        }

        /// Whether an element of Op's first operand receives the adjoints of the result's elements times numbers that are
        /// never negative, and the other operands nothing.
        template <class Op>
        inline constexpr bool has_weights = std::same_as<Op, op::amax>;
        template <class Op>
            requires requires { Op::linear_in; }
        inline constexpr bool has_weights<Op> = Op::linear_in == 0b1;

        template <class... X>
        constexpr auto sum_of(const X&... x)
        {
            if constexpr (sizeof...(X) == 0)
            {
                return math::none{};
            }
            else
            {
                return [](const auto& first, const auto&... rest) { return plus(first, sum_of(rest...)); }(x...);
            }
        }
    }

    /// Where the adjoints of the operands are live, in the shape in which Op's pullback gives them. A `where` decides it;
    /// else an element is dead if it receives something from dead elements of the result, and nothing from live ones.
    template <class Op, class T, class... X>
    constexpr std::vector<dense<T>> live_operands(const dense<T>& live, const dense<T>& y, const X&... x)
    {
        std::vector<dense<T>> out(sizeof...(X), live);
        if constexpr (std::same_as<Op, op::where>)
        {
            const auto& mask = std::get<0>(std::tie(x...));
            out[1] = math::where(mask, live, 0);
            out[2] = math::where(mask, 0, live);
        }
        else if constexpr (detail::has_weights<Op>)
        {
            const auto received = [&](const dense<T>& from) -> dense<T>
            { return std::get<0>(Op::pullback(from, y, x...)); };
            out[0] = math::where(received(live) == 0, received(live == 0) == 0, 1);
        }
        else if constexpr (graph::structured_operation<Op>)
        {
            const bool dead = std::ranges::all_of(live.elements(), [](T element) { return element == 0; });
            out.assign(sizeof...(X), dense<T>(T(!dead)));
        }
        return out;
    }

    /// The tangent of y = Op(x...) for the tangents of the operands.
    template <class Op, class T, class... X, class... Tangent>
    constexpr auto pushforward(const dense<T>& y, const std::tuple<const X&...>& operands, const Tangent&... tangents)
    {
        return std::apply(
            [&](const auto&... x)
            {
                if constexpr ((std::same_as<Tangent, math::none> && ...) || op::stops_derivatives<Op>)
                {
                    return math::none{};
                }
                else if constexpr (has_partials<Op, X...>)
                {
                    return std::apply([&](const auto&... partial)
                                      { return detail::sum_of(detail::times(tangents, partial)...); },
                                      Op::partials(y, x...));
                }
                else if constexpr (requires { Op::linear_in; })
                {
                    return [&]<std::size_t... K>(std::index_sequence<K...>) {
                        return detail::sum_of(detail::with_operand<Op, K>(tangents, x...)...);
                    }(std::index_sequence_for<X...>{});
                }
                else
                {
                    return Op::pushforward(y, x..., detail::or_zeros(tangents, x)...);
                }
            },
            operands);
    }
}
