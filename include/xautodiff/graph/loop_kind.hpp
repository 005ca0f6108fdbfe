// SPDX-License-Identifier: BSD-3-Clause
// What can be known of the shape of a step's elements before there are shapes.
#pragma once

#include <xautodiff/graph/builder.hpp>

namespace xautodiff::graph
{
    /// What the types tell of a loop's shape: its rank, the axes of extent 1, whether an operation with `keep_dims` left
    /// others of extent 1, and by the number of one of them, which steps meet in elementwise operations. Steps of one kind
    /// share a loop, in the expectation that they have one shape.
    struct loop_kind
    {
        int rank = 0;
        unsigned ones = 0;
        bool is_reduced = false;
        int family = 0;

        /// The family of what has several shapes to choose from.
        static constexpr int mixed = -1;

        friend constexpr bool operator==(const loop_kind&, const loop_kind&) = default;
    };

    namespace detail
    {
        /// Steps that meet: each leads to the one whose number they all get.
        class families
        {
        public:
            constexpr explicit families(std::vector<loop_kind>& kinds) : m_kinds(kinds)
            {
                for (std::size_t i = 0; i < kinds.size(); ++i)
                {
                    kinds[i].family = int(i);
                }
            }

            constexpr void join(int a, int b)
            {
                const std::size_t first = std::size_t(last(a)), second = std::size_t(last(b));
                if (m_kinds[first].rank == m_kinds[second].rank && m_kinds[first].ones == m_kinds[second].ones
                    && m_kinds[first].is_reduced == m_kinds[second].is_reduced)
                {
                    m_kinds[std::max(first, second)].family = int(std::min(first, second));
                }
            }

            /// A step leads to one before it: in order, one look is enough.
            constexpr void finish()
            {
                for (loop_kind& k : m_kinds)
                {
                    k.family = m_kinds[std::size_t(k.family)].family;
                }
            }

        private:
            std::vector<loop_kind>& m_kinds;

            constexpr int last(int i) const
            {
                while (m_kinds[std::size_t(i)].family != i)
                {
                    i = m_kinds[std::size_t(i)].family;
                }
                return i;
            }
        };
    }

    /// What a schedule makes of shapes that the types do not tell.
    enum class expectation
    {
        likely,  ///< arrays of one kind that meet have one shape
        none     ///< only what has its shape from one array is sure to have that shape
    };

    namespace detail
    {
        template <class Graph>
        constexpr void join_what_meets(const Graph& g, std::vector<loop_kind>& kinds)
        {
            families meeting(kinds);
            for (int i = 0; i < g.size(); ++i)
            {
                const step& s = g[i];
                if (s.op == nullptr || s.shape.is_scalar())
                {
                    continue;
                }
                const bool is_elementwise =
                    !s.op->is_structured || is<op::sum_to>(s.op) || is<op::broadcast_like>(s.op);
                for (int j = 0; j < s.arity(); ++j)
                {
                    const int x = s.operand[std::size_t(j)];
                    if ((is_elementwise || s.op->like == j) && !g[x].shape.is_scalar())
                    {
                        meeting.join(i, x);
                    }
                }
            }
            meeting.finish();
        }

        /// A family for each array that shapes come from, and one for all that broadcast several.
        template <class Graph>
        constexpr void part_what_may_differ(const Graph& g, std::vector<loop_kind>& kinds)
        {
            for (int i = 0; i < g.size(); ++i)
            {
                const step& s = g[i];
                int& family = kinds[std::size_t(i)].family;
                family = i;
                if (s.op != nullptr && s.op->like >= 0)
                {
                    family = kinds[std::size_t(s.operand[std::size_t(s.op->like)])].family;
                }
                else if (s.op != nullptr && !s.op->is_structured)
                {
                    bool is_first = true;
                    for (int j = 0; j < s.arity(); ++j)
                    {
                        const int x = s.operand[std::size_t(j)];
                        if (!g[x].shape.is_scalar())
                        {
                            const int other = kinds[std::size_t(x)].family;
                            family = is_first || family == other ? other : loop_kind::mixed;
                            is_first = false;
                        }
                    }
                }
            }
        }
    }

    /// The kinds of all steps but for their families: all that is_smaller() asks.
    template <class Graph>
    constexpr std::vector<loop_kind> own_kinds_of(const Graph& g)
    {
        std::vector<loop_kind> out(static_cast<std::size_t>(g.size()));
        const auto is_reduced = [&out](int i) { return out[std::size_t(i)].is_reduced; };
        for (int i = 0; i < g.size(); ++i)
        {
            const step& s = g[i];
            loop_kind& k = out[std::size_t(i)];
            k.rank = s.shape.rank;
            for (int d = 0; d < s.shape.rank; ++d)
            {
                k.ones |= s.shape[d] == 1 ? 1u << unsigned(d) : 0u;
            }
            if (s.op == nullptr || s.shape.is_scalar())
            {
                continue;
            }
            if (s.op->like >= 0)
            {
                k.is_reduced = is_reduced(s.operand[std::size_t(s.op->like)]);
            }
            else if (s.op->is_structured)
            {
                const int x = s.operand[0];
                const bool reduces = is<op::sum_over>(s.op) || is<op::amax>(s.op);
                k.is_reduced = reduces ? g[x].shape.rank == s.shape.rank : s.op->is_alias && is_reduced(x);
            }
            else
            {
                k.is_reduced = true;
                for (int j = 0; j < s.arity(); ++j)
                {
                    const int x = s.operand[std::size_t(j)];
                    k.is_reduced = k.is_reduced && (g[x].shape.is_scalar() || is_reduced(x));
                }
            }
        }
        return out;
    }

    /// The kinds of all steps.
    template <class Graph>
    constexpr std::vector<loop_kind> loop_kinds_of(const Graph& g, expectation expected)
    {
        std::vector<loop_kind> out = own_kinds_of(g);
        expected == expectation::likely ? detail::join_what_meets(g, out) : detail::part_what_may_differ(g, out);
        return out;
    }

    /// Whether each element of a kind stands, in all likelihood, for several of the other.
    constexpr bool is_smaller(const loop_kind& a, const loop_kind& b)
    {
        if (a.rank == array::unknown || a.rank != b.rank)
        {
            return a.rank != array::unknown && b.rank != array::unknown && a.rank < b.rank;
        }
        const bool has_all_ones = (a.ones & b.ones) == b.ones;
        return (a.is_reduced && !b.is_reduced) || (has_all_ones && a.ones != b.ones);
    }
}
