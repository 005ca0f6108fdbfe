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
        reduction,  ///< a sum of elements that a loop adds up
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
        return s.kind != step_kind::operation || s.is_mask() || is<op::add, 2>(s.op) || is<op::subtract, 2>(s.op)
               || is<op::multiply, 2>(s.op) || is<op::divide, 2>(s.op) || is<op::negate, 1>(s.op)
               || is<op::square, 1>(s.op) || is<op::where, 3>(s.op) || is<op::maximum, 2>(s.op)
               || is<op::minimum, 2>(s.op) || is<op::abs, 1>(s.op) || is<op::sign, 1>(s.op) || is<op::relu, 1>(s.op)
               || is<op::sqrt, 1>(s.op) || is<op::broadcast_like, 2>(s.op) || is<op::sum_to, 2>(s.op);
    }

    /// What the types tell of a loop's shape: its rank and the axes of extent 1. Steps of one kind share a loop, in the
    /// expectation that they have one shape.
    struct loop_kind
    {
        int rank = 0;
        unsigned ones = 0;

        friend constexpr bool operator==(const loop_kind&, const loop_kind&) = default;
    };

    constexpr loop_kind kind_of(const array::shape& s)
    {
        loop_kind k{s.rank, 0};
        for (int d = 0; d < s.rank; ++d)
        {
            k.ones |= s[d] == 1 ? 1u << unsigned(d) : 0u;
        }
        return k;
    }

    /// A sum to a shape of the same kind: in all likelihood there is nothing to sum.
    constexpr bool is_likely_identity(const auto& g, int i)
    {
        return g[i].op != nullptr && is<op::sum_to, 2>(g[i].op)
               && kind_of(g[g[i].operand[0]].shape) == kind_of(g[i].shape);
    }

    /// The role of each step. A sum to a likely equal shape is done in passing where its result is read in a loop, which has
    /// to be checked when the shapes are known; as a mere result it is a reduction, which copes with any shape.
    template <class Graph>
    constexpr std::vector<role> roles_of(const Graph& g)
    {
        const int n = g.size();
        const flags valued = valued_steps(g);
        flags is_read(std::size_t(n), false);
        for (int i = 0; i < n; ++i)
        {
            for (int k = 0; valued[std::size_t(i)] && k < g[i].arity(); ++k)
            {
                is_read[std::size_t(g[i].operand[std::size_t(k)])] |= char(!g[i].reads_shape_only(k));
            }
        }
        std::vector<role> out(static_cast<std::size_t>(n), role::unused);
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
            const role from = out[std::size_t(s.operand[0])];
            const bool spreads = is<op::broadcast_like, 2>(s.op) || is<op::expand, 3>(s.op);
            const bool sums = is<op::sum, 1>(s.op) || is<op::sum_to, 2>(s.op) || is<op::sum_over, 2>(s.op);
            if (!s.op->is_structured || is<op::broadcast_like, 2>(s.op) || (spreads && x.shape.is_scalar()))
            {
                r = s.shape.is_scalar() ? role::number : role::element;
            }
            else if (sums && !x.shape.is_scalar())
            {
                // An unknown rank may hide a real sum, which would make a whole graph take the slow way.
                const bool in_passing = is_likely_identity(g, i) && is_read[std::size_t(i)]
                                        && s.shape.rank != array::unknown && from != role::reduction;
                r = in_passing ? role::element : role::reduction;
            }
            else
            {
                r = s.op->is_alias ? role::alias : role::whole;
            }
        }
        return out;
    }
}
