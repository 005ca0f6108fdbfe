// SPDX-License-Identifier: BSD-3-Clause
// What each step of a graph is to the loops that run it.
#pragma once

#include <xautodiff/graph/program.hpp>

namespace xautodiff::graph
{
    enum class role
    {
        unused,     ///< its value is not computed: dead, or read for its shape alone
        leaf,       ///< a leaf's elements, or parameters
        literal,    ///< known to the compiler
        number,     ///< one number, computed outside of all loops
        element,    ///< computed element by element, in a register
        reduction,  ///< elements that a loop adds up, or to what is there already
        assembled,  ///< a sum whose terms are added to its memory one by one
        whole,      ///< a kernel of its own, on whole arrays
        alias       ///< the elements of its operand, seen in another order
    };

    /// Steps whose value is computed, as opposed to those kept for their shape.
    template <class Graph>
    constexpr flags valued_steps(const Graph& g)
    {
        flags valued(std::size_t(g.size()), false);
        for (int o : g.outputs)
        {
            valued[std::size_t(o)] = true;
        }
        for (int i = g.size() - 1; i >= 0; --i)
        {
            for (int k = 0; valued[std::size_t(i)] && k < g[i].arity(); ++k)
            {
                const int operand = g[i].operand[std::size_t(k)];
                const bool read = !g[i].reads_shape_only(k) && g[operand].kind != step_kind::parameter;
                valued[std::size_t(operand)] = valued[std::size_t(operand)] || read;
            }
        }
        return valued;
    }

    /// Whether computing a step again is as good as storing it.
    constexpr bool is_cheap(const step& s)
    {
        return s.kind != step_kind::operation || s.is_mask() || is<op::add>(s.op) || is<op::subtract>(s.op)
               || is<op::multiply>(s.op) || is<op::divide>(s.op) || is<op::negate>(s.op) || is<op::square>(s.op)
               || is<op::where>(s.op) || is<op::where_adjoint>(s.op) || is<op::maximum>(s.op) || is<op::minimum>(s.op)
               || is<op::abs>(s.op) || is<op::sign>(s.op) || is<op::relu>(s.op) || is<op::sqrt>(s.op)
               || is<op::broadcast_like>(s.op) || is<op::sum_to>(s.op);
    }

    /// A sum to a shape of the same kind: in all likelihood there is nothing to sum.
    constexpr bool is_likely_identity(const auto& g, const std::vector<loop_kind>& kinds, int i)
    {
        return g[i].op != nullptr && is<op::sum_to>(g[i].op)
               && kinds[std::size_t(g[i].operand[0])] == kinds[std::size_t(i)]
               && kinds[std::size_t(i)].family != loop_kind::mixed;
    }

    /// The role of each step. A sum to a likely equal shape is done in passing where its result is read in a loop, which has
    /// to be checked when the shapes are known; as a mere result it is a reduction, which copes with any shape.
    template <class Graph>
    constexpr std::vector<role> roles_of(const Graph& g, const std::vector<loop_kind>& kinds)
    {
        const int n = g.size();
        const flags valued = valued_steps(g);
        std::vector<int> reads(static_cast<std::size_t>(n), 0);
        for (int i = 0; i < n; ++i)
        {
            for (int k = 0; valued[std::size_t(i)] && k < g[i].arity(); ++k)
            {
                reads[std::size_t(g[i].operand[std::size_t(k)])] += int(!g[i].reads_shape_only(k));
            }
        }
        const auto is_output = [&g](int i)
        { return std::find(g.outputs.begin(), g.outputs.end(), i) != g.outputs.end(); };
        std::vector<role> out(static_cast<std::size_t>(n), role::unused);
        // A sum of parts of an array, each of which nothing else reads, is put together in one place.
        const auto is_part = [&](int i)
        {
            const bool placed = out[std::size_t(i)] == role::assembled
                                || (out[std::size_t(i)] == role::reduction && is<op::unview>(g[i].op));
            return placed && reads[std::size_t(i)] == 1 && !is_output(i);
        };
        for (int i = 0; i < n; ++i)
        {
            const step& s = g[i];
            role& r = out[std::size_t(i)];
            if (!valued[std::size_t(i)])
            {
                continue;
            }
            if (s.kind != step_kind::operation)
            {
                r = s.kind == step_kind::literal ? role::literal : role::leaf;
                continue;
            }
            const step& x = g[s.operand[0]];
            const bool spreads = is<op::broadcast_like>(s.op) || is<op::expand>(s.op);
            const bool sums = is<op::sum>(s.op) || is<op::sum_to>(s.op) || is<op::sum_over>(s.op);
            if (is<op::add>(s.op) && is_part(s.operand[0]) && is_part(s.operand[1]))
            {
                r = role::assembled;
            }
            else if (!s.op->is_structured || is<op::broadcast_like>(s.op) || (spreads && x.shape.is_scalar()))
            {
                r = s.shape.is_scalar() ? role::number : role::element;
            }
            else if (sums && !x.shape.is_scalar())
            {
                // An unknown rank may hide a real sum, which would make a whole graph take the slow way.
                const role from = out[std::size_t(s.operand[0])];
                const bool in_passing = is_likely_identity(g, kinds, i) && reads[std::size_t(i)] != 0
                                        && s.shape.rank != array::unknown && from != role::reduction
                                        && from != role::assembled;
                r = in_passing ? role::element : role::reduction;
            }
            else if (is<op::unview>(s.op))
            {
                r = role::reduction;
            }
            else
            {
                r = s.op->is_alias ? role::alias : role::whole;
            }
        }
        return out;
    }
}
