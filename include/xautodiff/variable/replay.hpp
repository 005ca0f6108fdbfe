// SPDX-License-Identifier: BSD-3-Clause
// A statement run again as its operations one by one, on traced values.
#pragma once

#include <xautodiff/variable/traced_conversion.hpp>

namespace xautodiff::variable
{
    namespace detail
    {
        template <class Payload>
        traced constant_of(const Payload& p)
        {
            if constexpr (std::is_arithmetic_v<Payload>)
            {
                return traced(double(p));
            }
            else
            {
                return traced(p);
            }
        }

        /// Runs an expression's operations one by one on the values of its payload leaves, numbered from Begin.
        template <class N, int Begin>
        struct replay
        {
            static traced run(const traced* payloads)
            {
                if constexpr (graph::payload_count<N> != 0)
                {
                    return payloads[Begin];
                }
                else
                {
                    return constant_of(N::value);
                }
            }
        };

        template <class Op, class... X, int Begin>
        struct replay<expression::apply<Op, X...>, Begin>
        {
            template <std::size_t... I>
            static traced run_operands(const traced* payloads, std::index_sequence<I...>)
            {
                constexpr auto begins = []
                {
                    std::array<int, sizeof...(X) + 1> out{};
                    const std::array<int, sizeof...(X)> counts{graph::payload_count<X>...};
                    out[0] = Begin;
                    for (std::size_t i = 0; i < sizeof...(X); ++i)
                    {
                        out[i + 1] = out[i] + counts[i];
                    }
                    return out;
                }();
                return traced::record<Op>(replay<X, begins[I]>::run(payloads)...);
            }

            static traced run(const traced* payloads)
            {
                return run_operands(payloads, std::index_sequence_for<X...>{});
            }
        };

        template <class Mode, class Body, class Inputs, class... X, int Begin>
        struct replay<expression::differential<Mode, Body, Inputs, X...>, Begin>
        {
            static traced run(const traced*)
            {
                throw error(
                    "create_graph does not reach through ad::grad(f) inside a formula; write "
                    "ad::grad(ad::grad(f)) there, or the derivative with ad::grad(y, x, {.create_graph = true})");
            }
        };
    }

    /// The backward step of a statement, recorded: its operations one by one, and their rules on top.
    inline void derive_statement(traced_pass& pass, const traced& y, const traced& adjoint)
    {
        if (y.object->is_differentiable())
        {
            traced_pass own(&pass.whole(), pass.is_suspicious());
            own.deliver(*y.object, adjoint);
            own.run(*y.object);
        }
    }
}
