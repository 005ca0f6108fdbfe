// SPDX-License-Identifier: BSD-3-Clause
// Several expressions computed by one graph, so that they share what they have in common, and the requests for them:
// values, tangents, adjoints, Jacobian rows.
#pragma once

#include <xautodiff/graph/program.hpp>

namespace xautodiff::graph
{
    template <class... N>
    struct outputs
    {
        static constexpr bool has_identity = (N::has_identity && ...);

        boost::hana::basic_tuple<N...> operands;

        constexpr explicit outputs(const N&... n) : operands(n...) {}
    };

    namespace detail
    {
        template <class... N>
        struct payloads<outputs<N...>>
        {
            static constexpr int count = (payload_count<N> + ... + 0);
        };

        template <class... N>
        constexpr std::vector<symbol> lower_all(lowering& l, const outputs<N...>*)
        {
            std::vector<symbol> out;
            int begin = 0;
            ((out.push_back(l.lower<N>(begin)), begin += payload_count<N>), ...);
            return out;
        }

        template <class Outputs>
        constexpr std::vector<symbol> lower_all(lowering& l)
        {
            return lower_all(l, static_cast<const Outputs*>(nullptr));
        }
    }

    template <class Outputs>
    struct values_of
    {
        static constexpr draft build(bool merge)
        {
            lowering l(payload_count<Outputs>, merge);
            return without_dead_steps(l, detail::lower_all<Outputs>(l));
        }
    };

    /// The tangent of each output, after their values if those are wanted.
    template <class Outputs, class Inputs, class Tangents, bool WithValues>
    struct tangents_of;

    template <class Outputs, class... Input, class... Tangent, bool WithValues>
    struct tangents_of<Outputs, type_list<Input...>, type_list<Tangent...>, WithValues>
    {
        static constexpr draft build(bool merge)
        {
            lowering l(payload_count<Outputs>, merge);
            const std::vector<int> sources{l.lower<Input>().index...};
            const std::vector<symbol> tangents{l.lower<Tangent>()...};
            const std::vector<symbol> y = detail::lower_all<Outputs>(l);
            std::vector<int> targets;
            for (const symbol& s : y)
            {
                targets.push_back(s.index);
            }
            const std::vector<symbol> t = forward(l.steps, targets, sources, tangents);
            std::vector<symbol> out;
            for (std::size_t i = 0; WithValues && i < y.size(); ++i)
            {
                out.push_back(y[i]);
            }
            for (std::size_t i = 0; i < y.size(); ++i)
            {
                const symbol tangent = t[i] ? t[i] : l.steps.broadcast(l.steps.literal(0), y[i]);
                out.push_back(tangent);
            }
            return without_dead_steps(l, out);
        }
    };

    /// The adjoints of some inputs for one seed an output, in one sweep.
    template <class Outputs, class Seeds, class... Input>
    struct adjoints_of;

    template <class Outputs, class... Seed, class... Input>
    struct adjoints_of<Outputs, type_list<Seed...>, Input...>
    {
        static constexpr draft build(bool merge)
        {
            lowering l(payload_count<Outputs>, merge);
            const std::vector<int> sources{l.lower<Input>().index...};
            const std::vector<symbol> y = detail::lower_all<Outputs>(l);
            const std::vector<symbol> seeds{l.lower<Seed>()...};
            std::vector<symbol> out;
            if (y.size() == 1)
            {
                detail::append_adjoints(l, y[0], seeds[0], sources, out);
                return without_dead_steps(l, out);
            }
            // The gradient of the inner product of outputs and seeds. The product itself is dead.
            symbol total;
            for (std::size_t i = 0; i < y.size(); ++i)
            {
                const symbol term = math::sum(y[i] * seeds[i]);
                total = total ? total + term : term;
            }
            detail::append_adjoints(l, total, l.steps.literal(1), sources, out);
            return without_dead_steps(l, out);
        }
    };

    /// The gradients of scalar outputs, one sweep each: all of the first output, then of the second, and so on.
    template <class Outputs, class... Input>
    struct gradients_of
    {
        static constexpr draft build(bool merge)
        {
            lowering l(payload_count<Outputs>, merge);
            const std::vector<int> sources{l.lower<Input>().index...};
            std::vector<symbol> out;
            for (const symbol& y : detail::lower_all<Outputs>(l))
            {
                detail::append_adjoints(l, y, l.steps.literal(1), sources, out);
            }
            return without_dead_steps(l, out);
        }
    };
}
