// SPDX-License-Identifier: BSD-3-Clause
// In what order, and in how few loops, a graph is run: an ordinary constexpr value, like the graph.
//
// A kernel ends in one stored step. An elementwise kernel computes, element by element and in registers, every step between
// what is stored already (its streams) and its root; a sum takes its operand the same way. Structured operations are kernels
// of their own. A step is stored only where something reads it as a whole: an output, a structured operation, several
// kernels (if it is worth it), or a kernel of another rank.
#pragma once

#include <xautodiff/graph/program.hpp>

namespace xautodiff::graph
{
    enum class kernel_kind
    {
        elementwise,
        sum,  ///< of all elements, of an elementwise operand computed on the way
        structured
    };

    struct kernel
    {
        kernel_kind kind = kernel_kind::elementwise;
        int root = -1;
        int first_member = 0, members = 0;  ///< the steps computed for each element, in order
        int first_stream = 0, streams = 0;  ///< the stored steps and leaves they read
        unsigned long long serves = 0;      ///< the outputs that need this kernel, as bits; all bits from the 64th on
    };

    template <std::size_t Kernels, std::size_t Members, std::size_t Streams>
    struct schedule
    {
        std::array<kernel, Kernels> kernels{};
        std::array<int, Members + 1> members{};
        std::array<int, Streams + 1> streams{};
    };

    namespace detail
    {
        struct schedule_draft
        {
            std::vector<kernel> kernels;
            std::vector<int> members;
            std::vector<int> streams;
        };

        /// Whether computing a step again is as good as storing it.
        constexpr bool is_cheap(const step& s)
        {
            return s.kind != step_kind::operation || s.is_mask() || is<op::add, 2>(s.op) || is<op::subtract, 2>(s.op)
                   || is<op::multiply, 2>(s.op) || is<op::divide, 2>(s.op) || is<op::negate, 1>(s.op)
                   || is<op::square, 1>(s.op) || is<op::where, 3>(s.op) || is<op::maximum, 2>(s.op)
                   || is<op::minimum, 2>(s.op) || is<op::abs, 1>(s.op) || is<op::sign, 1>(s.op) || is<op::relu, 1>(s.op)
                   || is<op::sqrt, 1>(s.op);
        }

        constexpr bool is_elementwise(const step& s)
        {
            return s.kind == step_kind::literal || (s.kind == step_kind::operation && !s.op->is_structured);
        }
    }

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

    /// Which valued operations (and literals) get memory.
    template <class Graph>
    constexpr flags stored_steps(const Graph& g, const flags& valued)
    {
        const int n = g.size();
        flags stored(std::size_t(n), false);
        std::vector<std::vector<int>> readers(static_cast<std::size_t>(n));
        for (int o : g.outputs)
        {
            stored[std::size_t(o)] = g[o].slot < 0;
        }
        for (int i = 0; i < n; ++i)
        {
            if (!valued[std::size_t(i)] || g[i].kind != step_kind::operation)
            {
                continue;
            }
            const bool structured = g[i].op->is_structured;
            stored[std::size_t(i)] = stored[std::size_t(i)] || structured;
            for (int k = 0; k < g[i].arity(); ++k)
            {
                const int operand = g[i].operand[std::size_t(k)];
                if (g[i].reads_shape_only(k) || g[operand].slot >= 0)
                {
                    continue;
                }
                readers[std::size_t(operand)].push_back(i);
                const bool other_rank = g[operand].kind == step_kind::operation
                                        && g[operand].shape.rank != g[i].shape.rank
                                        && (g[operand].shape.is_scalar() || !detail::is_cheap(g[operand]));
                const bool fused = structured ? is<op::sum, 1>(g[i].op) : !other_rank;
                stored[std::size_t(operand)] = stored[std::size_t(operand)] || !fused;
            }
        }
        // The kernels that would compute a step which is not stored: several may, if it is cheap.
        std::vector<std::vector<int>> owners(static_cast<std::size_t>(n));
        for (int i = n - 1; i >= 0; --i)
        {
            std::vector<int>& mine = owners[std::size_t(i)];
            if (stored[std::size_t(i)])
            {
                mine = {i};
                continue;
            }
            for (int reader : readers[std::size_t(i)])
            {
                for (int owner : owners[std::size_t(reader)])
                {
                    if (std::find(mine.begin(), mine.end(), owner) == mine.end())
                    {
                        mine.push_back(owner);
                    }
                }
            }
            if (mine.size() > 1 && !detail::is_cheap(g[i]))
            {
                stored[std::size_t(i)] = true;
                mine = {i};
            }
        }
        return stored;
    }

    template <class Graph>
    constexpr detail::schedule_draft draft_schedule(const Graph& g)
    {
        const int n = g.size();
        const flags valued = valued_steps(g);
        const flags stored = stored_steps(g, valued);
        detail::schedule_draft out;
        std::vector<unsigned long long> serves(std::size_t(n), 0);
        for (std::size_t o = 0; o < g.outputs.size(); ++o)
        {
            serves[std::size_t(g.outputs[o])] |= 1ull << (o < 63 ? o : 63);
        }
        for (int i = n - 1; i >= 0; --i)
        {
            for (int k = 0; k < g[i].arity(); ++k)
            {
                if (!g[i].reads_shape_only(k))
                {
                    serves[std::size_t(g[i].operand[std::size_t(k)])] |= serves[std::size_t(i)];
                }
            }
        }
        for (int root = 0; root < n; ++root)
        {
            if (!stored[std::size_t(root)] || !valued[std::size_t(root)])
            {
                continue;
            }
            kernel k;
            k.root = root;
            k.serves = serves[std::size_t(root)];
            k.first_member = int(out.members.size());
            k.first_stream = int(out.streams.size());
            const bool is_sum = g[root].op != nullptr && is<op::sum, 1>(g[root].op);
            k.kind = is_sum                            ? kernel_kind::sum
                     : detail::is_elementwise(g[root]) ? kernel_kind::elementwise
                                                       : kernel_kind::structured;
            if (k.kind != kernel_kind::structured)
            {
                // From the root down: what is not stored is a member, what is stored or a leaf is a stream.
                flags wanted(std::size_t(n), false);
                wanted[std::size_t(is_sum ? g[root].operand[0] : root)] = true;
                for (int i = root; i >= 0; --i)
                {
                    const bool inside = i == root || (!stored[std::size_t(i)] && g[i].slot < 0);
                    for (int o = 0; wanted[std::size_t(i)] && inside && i != (is_sum ? root : -1) && o < g[i].arity();
                         ++o)
                    {
                        wanted[std::size_t(g[i].operand[std::size_t(o)])] =
                            !g[i].reads_shape_only(o) || wanted[std::size_t(g[i].operand[std::size_t(o)])];
                    }
                }
                for (int i = 0; i <= root; ++i)
                {
                    if (wanted[std::size_t(i)])
                    {
                        const bool member = i == root || (!stored[std::size_t(i)] && g[i].slot < 0);
                        (member ? out.members : out.streams).push_back(i);
                    }
                }
            }
            k.members = int(out.members.size()) - k.first_member;
            k.streams = int(out.streams.size()) - k.first_stream;
            out.kernels.push_back(k);
        }
        return out;
    }

    /// One kernel for each step, nothing computed on the way: slower, and the same small code for every graph.
    template <class Graph>
    constexpr detail::schedule_draft draft_stepwise_schedule(const Graph& g)
    {
        detail::schedule_draft out;
        const flags valued = valued_steps(g);
        for (int i = 0; i < g.size(); ++i)
        {
            if (valued[std::size_t(i)] && g[i].kind == step_kind::operation)
            {
                kernel k;
                k.kind = kernel_kind::structured;
                k.root = i;
                k.serves = ~0ull;
                out.kernels.push_back(k);
            }
        }
        return out;
    }

    namespace detail
    {
        template <bool Stepwise, class Graph>
        constexpr schedule_draft draft_for(const Graph& g)
        {
            // Not `?:`, for which g++ 12 frees the vectors twice.
            if constexpr (Stepwise)
            {
                return draft_stepwise_schedule(g);
            }
            else
            {
                return draft_schedule(g);
            }
        }
    }

    template <const auto& Graph, bool Stepwise = false>
    inline constexpr auto schedule_of = []
    {
        constexpr std::array<std::size_t, 3> sizes = []
        {
            const detail::schedule_draft d = detail::draft_for<Stepwise>(Graph);
            return std::array{d.kernels.size(), d.members.size(), d.streams.size()};
        }();
        const detail::schedule_draft d = detail::draft_for<Stepwise>(Graph);
        schedule<sizes[0], sizes[1], sizes[2]> s;
        std::copy(d.kernels.begin(), d.kernels.end(), s.kernels.begin());
        std::copy(d.members.begin(), d.members.end(), s.members.begin());
        std::copy(d.streams.begin(), d.streams.end(), s.streams.begin());
        return s;
    }();
}
