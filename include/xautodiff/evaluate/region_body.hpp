// SPDX-License-Identifier: BSD-3-Clause
// One register's worth of a region's elements: what a graph's steps compute of its streams, from loads on in registers.
#pragma once

#include <xautodiff/array/vector_math.hpp>
#include <xautodiff/evaluate/unroll.hpp>
#include <xautodiff/graph/plan.hpp>

namespace xautodiff::evaluate
{
    /// V is what it computes with: T, or lanes of T.
    template <const auto& Graph, graph::scheduling How, int Region, class T, class V>
    class region_body
    {
    protected:
        static constexpr const graph::region& region = graph::schedule_of<Graph, How>.regions[std::size_t(Region)];
        static constexpr bool has_lanes = !std::is_same_v<V, T>;
        static constexpr array::index step = has_lanes ? array::lane_count<T> : 1;

        static constexpr int stream(int i)
        {
            return graph::schedule_of<Graph, How>.streams[std::size_t(region.first_stream + i)];
        }
        static constexpr int number(int i)
        {
            return graph::schedule_of<Graph, How>.numbers[std::size_t(region.first_number + i)];
        }
        static constexpr int member(int i)
        {
            return graph::schedule_of<Graph, How>.members[std::size_t(region.first_member + i)];
        }

        /// The register of each step: streams, then members; numbers count by themselves.
        static constexpr auto registers = []
        {
            std::array<int, std::size_t(Graph.size()) + 1> out{};
            for (int i = 0; i < region.streams; ++i)
            {
                out[std::size_t(stream(i))] = i;
            }
            for (int i = 0; i < region.members; ++i)
            {
                out[std::size_t(member(i))] = region.streams + i;
            }
            for (int i = 0; i < region.numbers; ++i)
            {
                out[std::size_t(number(i))] = -1 - i;
            }
            return out;
        }();

        static constexpr auto mask_type()
        {
            if constexpr (has_lanes)
            {
                return std::type_identity<typename V::mask>{};
            }
            else
            {
                return std::type_identity<bool>{};
            }
        }
        using mask = typename decltype(mask_type())::type;

        struct frame
        {
            V number[std::size_t(region.numbers) + 1];
            V value[std::size_t(region.streams + region.members) + 1];
            mask truth[std::size_t(region.streams + region.members) + 1];
        };

        template <int Step>
        [[gnu::always_inline]] static V value(const frame& f)
        {
            using s = graph::step_at<Graph, Step>;
            constexpr int at = registers[std::size_t(Step)];
            if constexpr (s::kind == graph::step_kind::literal)
            {
                return V(T(s::value));
            }
            else if constexpr (at < 0)
            {
                return f.number[-1 - at];
            }
            else if constexpr (has_lanes && s::is_mask && at >= region.streams)
            {
                return select(f.truth[at], V(T(1)), V(T(0)));
            }
            else
            {
                return f.value[at];
            }
        }

        /// An operand of Op: of a choice the mask itself, otherwise a value.
        template <class Op, int Step, int Operand>
        [[gnu::always_inline]] static auto operand(const frame& f)
        {
            using s = graph::step_at<Graph, Step>;
            constexpr int at = registers[std::size_t(Step)];
            if constexpr (has_lanes && std::is_base_of_v<op::choice<Op>, Op> && Operand == 0)
            {
                if constexpr (s::is_mask && at >= region.streams)
                {
                    return f.truth[at];
                }
                else
                {
                    return value<Step>(f) != V(T(0));
                }
            }
            else
            {
                return value<Step>(f);
            }
        }

        template <class Op>
        static constexpr bool has_vector_value = []
        {
            if constexpr (requires { Op::is_vectorized; })
            {
                return bool(Op::is_vectorized);
            }
            else
            {
                // Found beside the library's own operations.
                return requires(const Op* op) { is_vectorized(op); };
            }
        }();

        template <int M, std::size_t... K>
        [[gnu::always_inline]] static void compute(frame& f, std::index_sequence<K...>)
        {
            constexpr int i = member(M);
            using s = graph::step_at<Graph, i>;
            using Op = typename s::operation;
            constexpr int at = region.streams + M;
            if constexpr (s::is_structured)
            {
                // Spreading out and summing to the same shape: in a loop, nothing.
                f.value[at] = value<s::template operand<0>>(f);
            }
            else if constexpr (has_lanes && !has_vector_value<Op>)
            {
                f.value[at] = array::by_lane([](const auto&... x) { return Op::value(x...); },
                                             value<s::template operand<int(K)>>(f)...);
                if constexpr (s::is_mask)
                {
                    f.truth[at] = f.value[at] != V(T(0));
                }
            }
            else if constexpr (has_lanes && s::is_mask)
            {
                f.truth[at] = Op::value(operand<Op, s::template operand<int(K)>, int(K)>(f)...);
            }
            else
            {
                f.value[at] = V(Op::value(operand<Op, s::template operand<int(K)>, int(K)>(f)...));
            }
        }

        /// A register's worth of each stream, or only of those that are fixed, or are not.
        template <bool Fixed, bool Others>
        [[gnu::always_inline]] static void read(frame& f, const T* const* from, array::index i,
                                                [[maybe_unused]] const array::index* mask)
        {
            unroll<region.streams>([&](auto s) __attribute__((always_inline)) {
                if constexpr (region.is_fixed(s()) ? Fixed : Others)
                {
                    f.value[s()] = load(from[s()] + (region.may_repeat(s()) ? i & mask[s()] : i));
                }
            });
        }

        /// All members, from what was read.
        [[gnu::always_inline]] static void compute_members(frame& f)
        {
            unroll<region.members>([&](auto m) __attribute__((always_inline)) {
                compute<m()>(f, std::make_index_sequence<std::size_t(graph::step_at<Graph, member(m())>::arity)>{});
            });
        }

        [[gnu::always_inline]] static V load(const T* from)
        {
            if constexpr (has_lanes)
            {
                return V::load(from);
            }
            else
            {
                return *from;
            }
        }

        [[gnu::always_inline]] static void store(T* to, const V& v)
        {
            if constexpr (has_lanes)
            {
                v.store(to);
            }
            else
            {
                *to = v;
            }
        }
    };
}
