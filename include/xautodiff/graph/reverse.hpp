// SPDX-License-Identifier: BSD-3-Clause
// The reverse transform: appends to a graph the steps that compute adjoints. Because a derivative is made of the same
// steps as the formula, it can be simplified, printed, scheduled, and differentiated again.
#pragma once

#include <xautodiff/graph/simplify.hpp>

#include <vector>

namespace xautodiff::graph
{
    /// Which of the first `count` steps depend, through values, on one of `sources`.
    constexpr flags active_steps(const builder& b, const std::vector<int>& sources, int count)
    {
        flags active(std::size_t(count), false);
        for (int s : sources)
        {
            active[std::size_t(s)] = true;
        }
        for (int i = 0; i < count; ++i)
        {
            const step& s = b.steps[std::size_t(i)];
            if (s.kind != step_kind::operation || s.op->pullback == nullptr)
            {
                continue;
            }
            for (int k = 0; k < s.arity(); ++k)
            {
                if (!s.reads_shape_only(k) && active[std::size_t(s.operand[std::size_t(k)])])
                {
                    active[std::size_t(i)] = true;
                }
            }
        }
        return active;
    }

    /// The adjoint 1 of y, which must be a number: where the types do not tell, its shape is looked at before anything runs.
    constexpr symbol scalar_seed(builder& b, symbol y)
    {
        if (b[y.index].shape.rank != array::unknown)
        {
            return b.literal(1);
        }
        const symbol seed = math::scalar_seed(y);
        b.note_same_shape(y, seed);
        return seed;
    }

    /// The adjoints of `sources` for the adjoint `seed` of y: each has its source's shape; none where y does not depend on it.
    constexpr std::vector<symbol> reverse(builder& b, symbol y, symbol seed, const std::vector<int>& sources)
    {
        const int count = y.index + 1;
        std::vector<symbol> adjoint(std::size_t(
            std::max(count, 1 + (sources.empty() ? 0 : *std::max_element(sources.begin(), sources.end())))));
        const flags active = active_steps(b, sources, int(adjoint.size()));
        if (!active[std::size_t(y.index)])
        {
            return std::vector<symbol>(sources.size());
        }
        b.first_adjoint = b.first_adjoint == -1 ? b.size() : b.first_adjoint;
        adjoint[std::size_t(y.index)] = b.broadcast(seed, y);
        for (int i = y.index; i >= 0; --i)
        {
            // A copy: appending moves the steps.
            const step s = b.steps[std::size_t(i)];
            if (!adjoint[std::size_t(i)] || !active[std::size_t(i)] || s.kind != step_kind::operation)
            {
                continue;
            }
            symbols x;
            for (int k = 0; k < s.arity(); ++k)
            {
                x[std::size_t(k)] = b.at(s.operand[std::size_t(k)]);
            }
            const symbols contribution = s.op->pullback(adjoint[std::size_t(i)], b.at(i), x);
            for (int k = 0; k < s.arity(); ++k)
            {
                const int operand = s.operand[std::size_t(k)];
                if (!active[std::size_t(operand)] || s.reads_shape_only(k) || !contribution[std::size_t(k)])
                {
                    continue;
                }
                if (s.op->is_structured)
                {
                    b.note_same_shape(contribution[std::size_t(k)], b.at(operand));
                }
                const symbol flowing = b.sum_to(contribution[std::size_t(k)], b.at(operand));
                symbol& total = adjoint[std::size_t(operand)];
                total = total ? total + flowing : flowing;
            }
        }
        std::vector<symbol> out;
        for (int s : sources)
        {
            out.push_back(adjoint[std::size_t(s)]);
        }
        return out;
    }
}
