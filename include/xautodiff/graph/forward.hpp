// SPDX-License-Identifier: BSD-3-Clause
// The forward transform: appends the steps that carry tangents along, from the same rules as the reverse one.
#pragma once

#include <xautodiff/graph/reverse.hpp>

namespace xautodiff::graph
{
    /// The tangents of `targets` where `sources` have the given tangents; none where a target depends on no source.
    constexpr std::vector<symbol> forward(builder& b, const std::vector<int>& targets, const std::vector<int>& sources,
                                          const std::vector<symbol>& tangents)
    {
        const int count = int(b.steps.size());
        const flags active = active_steps(b, sources, count);
        std::vector<symbol> tangent(static_cast<std::size_t>(count));
        for (std::size_t i = 0; i < sources.size(); ++i)
        {
            tangent[std::size_t(sources[i])] = b.broadcast(tangents[i], b.at(sources[i]));
        }
        for (int i = 0; i < count; ++i)
        {
            const step s = b.steps[std::size_t(i)];
            if (!active[std::size_t(i)] || s.kind != step_kind::operation)
            {
                continue;
            }
            symbols x, t;
            for (int k = 0; k < s.arity(); ++k)
            {
                const std::size_t operand = std::size_t(s.operand[std::size_t(k)]);
                x[std::size_t(k)] = b.at(int(operand));
                if (!s.reads_shape_only(k))
                {
                    t[std::size_t(k)] = tangent[operand];
                }
            }
            if (!s.op->has_partials && s.op->linear_in == 0 && !s.op->takes_absent_tangents)
            {
                // A rule of its own reads every tangent: one that does not vary is zero. An elementwise operation
                // broadcasts that by itself, any other is given it in the operand's shape.
                for (int k = 0; k < s.arity(); ++k)
                {
                    const step& operand = b.steps[std::size_t(x[std::size_t(k)].index)];
                    if (!t[std::size_t(k)] && operand.kind != step_kind::parameter && !operand.is_mask())
                    {
                        const symbol zero = b.literal(0);
                        t[std::size_t(k)] = s.op->is_structured ? b.broadcast(zero, x[std::size_t(k)]) : zero;
                    }
                }
            }
            const symbol flowing = s.op->pushforward(b.at(i), x, t);
            if (flowing)
            {
                if (s.op->is_structured)
                {
                    b.note_same_shape(flowing, b.at(i));
                }
                tangent[std::size_t(i)] = b.broadcast(flowing, b.at(i));
            }
        }
        std::vector<symbol> out;
        for (int target : targets)
        {
            out.push_back(tangent[std::size_t(target)]);
        }
        return out;
    }
}
