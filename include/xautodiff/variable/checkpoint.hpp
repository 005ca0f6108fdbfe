// SPDX-License-Identifier: BSD-3-Clause
// ad::checkpoint: a function whose intermediate values are computed again in the backward pass, in place of being kept.
#pragma once

#include <xautodiff/variable/argument.hpp>

namespace xautodiff
{
    namespace variable
    {
        /// The entry of a call of F, with the function behind its operands.
        template <class F, class R, class... T>
        class checkpointed
        {
        public:
            /// Whether an operand asks for a gradient.
            static bool is_asked(const Variable<T>&... x)
            {
                node_base* const operands[]{&local(*x.object())...};
                return detail::is_recorded(operands, sizeof...(T));
            }

            static handle<R> append(const F& f, R&& value, const Variable<T>&... x)
            {
                node_base* const operands[]{&local(*x.object())...};
                auto* n = append_node<R>(type, function_at + sizeof(F),
                                         std::max({alignof(node<R>), alignof(F), std::size_t(8)}), std::move(value));
                ::new (reinterpret_cast<char*>(n) + function_at) F(f);
                detail::refer_to(*n, operands, sizeof...(T));
                for (node_base* read : operands)
                {
                    ++read->uses;
                }
                return handle<R>(n);
            }

        private:
            static constexpr std::size_t operands_at = (sizeof(node<R>) + 7) / 8 * 8;
            static constexpr std::size_t function_at =
                (operands_at + sizeof...(T) * sizeof(operand) + alignof(F) - 1) / alignof(F) * alignof(F);

            static constexpr auto outline = []
            {
                std::array<outline_step, sizeof...(T) + 1> out{};
                out[0].name = "CheckpointFunctionBackward";
                out[0].end = int(sizeof...(T)) + 1;
                for (int k = 0; k < int(sizeof...(T)); ++k)
                {
                    out[std::size_t(k) + 1].end = k + 2;
                    out[std::size_t(k) + 1].variable = k;
                }
                return out;
            }();

            /// All operands are read.
            static constexpr auto uses = []
            {
                std::array<operand_use, sizeof...(T)> out{};
                for (std::size_t k = 0; k < out.size(); ++k)
                {
                    out[k] = {std::uint8_t(k), true, false, ~std::uint64_t(0)};
                }
                return out;
            }();

            static F& function_of_entry(node_base& n)
            {
                return *std::launder(reinterpret_cast<F*>(reinterpret_cast<char*>(&n) + function_at));
            }

            static void destroy_function(node_base& n) noexcept
            {
                function_of_entry(n).~F();
                for (std::size_t k = 0; k < sizeof...(T); ++k)
                {
                    node_base& x = *operands_of(n)[k].node();
                    --x.uses;
                    empty_if_unread(x);
                }
            }

            static void derive(traced_pass&, node_base&, const traced&)
            {
                throw error(
                    "create_graph and detect_anomaly do not reach through ad::checkpoint: call the function itself");
            }

            static void pull(sweep& s, node_base& n)
            {
                [&]<std::size_t... I>(std::index_sequence<I...>)
                {
                    std::array<node_base*, sizeof...(T)> to{};
                    s.targets(n, to.data());
                    if ((operands_of(n)[I].is_constant() && ...))
                    {
                        // None takes an adjoint, but what f itself refers to is multiplied with them.
                        require_unchanged(n, ~std::uint64_t(0));
                    }
                    std::tuple<Variable<T>...> again{
                        Variable<T>(make_detached(static_cast<node<T>&>(*operands_of(n)[I].node())))...};
                    ((to[I] != nullptr ? static_cast<void>(std::get<I>(again).requires_grad_()) : void()), ...);
                    std::tuple<std::optional<T>...> parts;
                    std::vector<sweep::parcel> others;
                    {
                        const enable_grad guard;
                        const Variable<R> y(std::apply(function_of_entry(n), again));
                        if (y.requires_grad())
                        {
                            R adjoint = static_cast<node<R>&>(n).adjoint();
                            sweep own;
                            own.deliver(*y.object(), std::move(adjoint));
                            own.run(y.object(), {});
                            const auto take = [&](auto& part, const auto& x)
                            {
                                if (const auto* arrived = own.arrived(*x.object()))
                                {
                                    part = *arrived;
                                }
                            };
                            (take(std::get<I>(parts), std::get<I>(again)), ...);
                            others = own.take_leaves({std::get<I>(again).object().get()...});
                        }
                    }
                    const auto deliver = [&]<class U>(node_base* at, std::optional<U>& part)
                    {
                        if (at != nullptr && part)
                        {
                            s.deliver(static_cast<node<U>&>(*at), std::move(*part));
                        }
                    };
                    (deliver(to[I], std::get<I>(parts)), ...);
                    s.deliver(std::move(others));
                }(std::index_sequence_for<T...>{});
            }

            static constexpr node_type type{&container_of<R>,
                                            statement_kind::expression,
                                            &pull,
                                            &derive,
                                            &destroy_function,
                                            outline.data(),
                                            uses.data(),
                                            nullptr,
                                            ~std::uint64_t(0),
                                            int(sizeof...(T)),
                                            unsigned(sizeof...(T)),
                                            0,
                                            unsigned(operands_at)};
        };
    }

    /// f(x...) without what it computes on the way: that is computed again, from x, in the backward pass. Leaves that f
    /// itself refers to get their gradients too. f must give the same both times.
    template <class F, expression_like... X>
        requires(sizeof...(X) > 0)
    auto checkpoint(const F& f, const X&... x)
    {
        return [&]<class... T>(const Variable<T>&... operand)
        {
            using R = variable::stored_t<decltype(f(operand...))>;
            using entry = variable::checkpointed<F, R, T...>;
            if (entry::is_asked(operand...))
            {
                const no_grad guard;
                return Variable<R>(entry::append(f, R(Variable<R>(f(operand...)).data()), operand...));
            }
            // Only what f refers to may ask for one, which recording it shows.
            const Variable<R> y(f(operand...));
            return y.requires_grad() ? Variable<R>(entry::append(f, R(y.data()), operand...))
                                     : Variable<R>(R(y.data()));
        }(variable::as_argument(x)...);
    }
}
