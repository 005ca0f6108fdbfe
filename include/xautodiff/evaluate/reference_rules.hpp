// SPDX-License-Identifier: BSD-3-Clause
// One operation's derivatives on dense values, whichever way op/ states them: as partials, or as a pullback and a
// pushforward. math::none stands for an adjoint or a tangent that does not flow.
#pragma once

#include <xautodiff/evaluate/reference_value.hpp>

#include <tuple>

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

    /// The tangent of y = Op(x...) for the tangents of the operands.
    template <class Op, class T, class... X, class... Tangent>
    constexpr auto pushforward(const dense<T>& y, const std::tuple<const X&...>& operands, const Tangent&... tangents)
    {
        return std::apply(
            [&](const auto&... x)
            {
                if constexpr ((std::same_as<Tangent, math::none> && ...) || requires { Op::is_mask; })
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
