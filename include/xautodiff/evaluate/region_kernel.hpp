// SPDX-License-Identifier: BSD-3-Clause
// The inner loop of a region, generated from the graph: from loads to stores everything stays in registers. This is the
// code that an expert would write by hand.
#pragma once

#include <xautodiff/array/vector_math.hpp>
#include <xautodiff/evaluate/loop_walk.hpp>
#include <xautodiff/evaluate/unroll.hpp>
#include <xautodiff/graph/plan.hpp>

namespace xautodiff::evaluate
{
    /// V is what it computes with: T, or lanes of T.
    template <const auto& Graph, graph::scheduling How, int Region, class T, class V>
    class region_kernel
    {
        static constexpr const graph::region& region = graph::schedule_of<Graph, How>.regions[std::size_t(Region)];
        static constexpr bool has_lanes = !std::is_same_v<V, T>;

        // A copy, as what runs must not mention the graph (see graph/plan.hpp).
        template <int O>
        static constexpr graph::region_output output =
            graph::schedule_of<Graph, How>.outputs[std::size_t(region.first_output + O)];

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

        /// The next result from the O-th on of which f is true; the number of results where there is none.
        template <class F>
        static constexpr int next_output(int o, F f)
        {
            while (o < region.outputs
                   && !f(graph::schedule_of<Graph, How>.outputs[std::size_t(region.first_output + o)]))
            {
                ++o;
            }
            return o;
        }

        /// Whether some results are sums over rows, which stay in registers while several rows are taken.
        static constexpr bool sums_rows =
            next_output(0, [](const graph::region_output& out) { return out.adds_in_place(); }) != region.outputs;

        /// Whether some results are parts of the same memory, which can be put together in registers.
        static constexpr bool has_parts =
            has_lanes && array::has_delay_lines
            && next_output(0, [](const graph::region_output& out) { return out.is_shared; }) != region.outputs;

        /// The next result from the O-th on that is a part of the memory of `home`, and not the only one.
        static constexpr int next_part(int o, int home)
        {
            return next_output(o,
                               [home](const graph::region_output& out) { return out.is_shared && out.home == home; });
        }

        /// Adds results to what is in memory, register by register.
        struct adding_in_memory
        {
            array::index mask[std::size_t(region.outputs) + 1];

            explicit adding_in_memory(const loop_walk<T>& walk)
            {
                for (int o = 0; o < region.outputs; ++o)
                {
                    mask[o] = walk.sum_mask != nullptr ? walk.sum_mask[o] : -1;
                }
            }

            template <int O>
            [[gnu::always_inline]] void add(T* const* to, array::index i, const V& term)
            {
                T* const at = to[O] + (i & mask[O]);
                store(at, load(at) + term);
            }
        };

        /// Keeps results that are added up, while several rows are taken.
        struct adding_in_registers
        {
            V sum[std::size_t(region.outputs) + 1];

            template <int O>
            [[gnu::always_inline]] void add(T* const*, array::index, const V& term)
            {
                sum[O] += term;
            }
        };

        /// Stores parts of the same memory by themselves.
        struct apart
        {
            template <int O>
            [[gnu::always_inline]] void add(T* const* to, array::index i, const V& part)
            {
                store(to[O] + i, part);
            }
        };

        /// Puts parts of the same memory together as they are computed.
        struct merging
        {
            array::delay_line<T> delay[std::size_t(region.outputs)];
            V held[std::size_t(region.outputs)];
            V sum[std::size_t(region.outputs)];

            template <std::size_t... O>
            merging(const loop_walk<T>& walk, std::index_sequence<O...>)
                : delay{array::delay_line<T>(walk.delay[O])...}, held{walk.held[O]...}
            {
            }

            /// Takes the O-th result's elements, and stores those that no later part will add to.
            template <int O>
            [[gnu::always_inline]] void add(T* const* to, array::index i, const V& part)
            {
                constexpr int home = output<O>.home, first = next_part(0, home);
                const V there = delay[O](held[O], part);
                sum[first] = O == first ? there : sum[first] + there;
                if constexpr (next_part(O + 1, home) == region.outputs)
                {
                    sum[first].store(to[first] + i);
                }
            }
        };

        /// One register's worth of elements, from loads to stores.
        template <class Parts, class Sums>
        [[gnu::always_inline]] static void run_once(frame& f, [[maybe_unused]] V* total, [[maybe_unused]] Parts& parts,
                                                    [[maybe_unused]] Sums& sums, const T* const* from, T* const* to,
                                                    array::index i, [[maybe_unused]] const array::index* mask)
        {
            unroll<region.streams>([&](auto s) __attribute__((always_inline)) {
                f.value[s()] = load(from[s()] + (region.may_repeat(s()) ? i & mask[s()] : i));
            });
            unroll<region.members>([&](auto m) __attribute__((always_inline)) {
                compute<m()>(f, std::make_index_sequence<std::size_t(graph::step_at<Graph, member(m())>::arity)>{});
            });
            unroll<region.outputs>([&](auto o) __attribute__((always_inline)) {
                constexpr graph::region_output target = output<o()>;
                const V result = value<target.from>(f);
                if constexpr (target.kind == graph::output_kind::total && has_lanes)
                {
                    total[o()] += result;
                }
                else if constexpr (target.adds_in_place())
                {
                    sums.template add<o()>(to, i, result);
                }
                else if constexpr (target.is_shared)
                {
                    parts.template add<o()>(to, i, result);
                }
                else
                {
                    store(to[o()] + i, result);
                }
            });
        }

        /// The same of some rows.
        template <class Parts>
        [[gnu::always_inline]] static void run_rows(frame& f, V* total, Parts& parts, const T* const* in, T* const* out,
                                                    array::index i, const array::index* mask, const loop_walk<T>& walk)
        {
            const T* from[std::size_t(region.streams) + 1];
            T* to[std::size_t(region.outputs) + 1];
            std::copy_n(in, region.streams, from);
            std::copy_n(out, region.outputs, to);
            adding_in_registers sums;
            unroll<region.outputs>([&](auto o) __attribute__((always_inline)) {
                if constexpr (output<o()>.adds_in_place())
                {
                    sums.sum[o()] = load(to[o()] + i);
                }
            });
            for (array::index row = 0;;)
            {
                run_once(f, total, parts, sums, from, to, i, mask);
                if (++row == walk.rows)
                {
                    break;
                }
                unroll<region.streams>([&](auto s) __attribute__((always_inline)) { from[s()] += walk.row_step[s()]; });
                unroll<region.outputs>([&](auto o) __attribute__((always_inline)) {
                    to[o()] += output<o()>.adds_in_place() ? 0 : walk.row_step[region.streams + o()];
                });
            }
            unroll<region.outputs>([&](auto o) __attribute__((always_inline)) {
                if constexpr (output<o()>.adds_in_place())
                {
                    store(to[o()] + i, sums.sum[o()]);
                }
            });
        }

    public:
        /// Not part of what calls it, which would take registers from the loop.
        [[gnu::noinline]] static void run(array::index n, const T* const* in, T* const* out, array::widest_t<T>* totals,
                                          const loop_walk<T>& walk)
        {
            if constexpr (has_parts)
            {
                if (walk.delay != nullptr)
                {
                    merging parts(walk, std::make_index_sequence<std::size_t(region.outputs)>{});
                    run_all(parts, n, in, out, totals, walk);
                    // One by one, so that they are in registers until here.
                    unroll<region.outputs>([&](auto o)
                                               __attribute__((always_inline)) { walk.held[o()] = parts.held[o()]; });
                    return;
                }
            }
            apart parts;
            run_all(parts, n, in, out, totals, walk);
        }

        /// Of a region of numbers.
        static void run_numbers(const T* const* in, T* const* out)
        {
            apart parts;
            run_all(parts, 1, in, out, nullptr, one_row<T>);
        }

    private:
        template <class Parts>
        [[gnu::always_inline]] static void run_all(Parts& parts, array::index n, const T* const* in, T* const* out,
                                                   [[maybe_unused]] array::widest_t<T>* totals,
                                                   [[maybe_unused]] const loop_walk<T>& walk)
        {
            constexpr array::index step = has_lanes ? array::lane_count<T> : 1;
            frame f;
            // Copies, which the stores below cannot change.
            const T* from[std::size_t(region.streams) + 1];
            T* to[std::size_t(region.outputs) + 1];
            std::copy_n(in, region.streams, from);
            std::copy_n(out, region.outputs, to);
            V total[std::size_t(region.outputs) + 1];
            array::index mask[std::size_t(region.streams) + 1];
            unroll<region.streams>([&](auto s) __attribute__((always_inline)) {
                mask[s()] = region.may_repeat(s()) && walk.mask != nullptr ? walk.mask[s()] : -1;
            });
            unroll<region.numbers>([&](auto k) __attribute__((always_inline)) {
                f.number[k()] = V(*in[region.streams + k()]);
            });
            for (int o = 0; o < region.outputs; ++o)
            {
                total[o] = V(T(0));
            }
            adding_in_memory sums(walk);
            if constexpr (sums_rows)
            {
                for (array::index i = 0; i < n; i += step)
                {
                    walk.rows > 1 ? run_rows(f, total, parts, from, to, i, mask, walk)
                                  : run_once(f, total, parts, sums, from, to, i, mask);
                }
            }
            else
            {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep
#endif
                for (array::index i = 0; i < n; i += step)
                {
                    run_once(f, total, parts, sums, from, to, i, mask);
                }
            }
            if constexpr (has_lanes)
            {
                for (int o = 0; o < region.outputs; ++o)
                {
                    totals[o] = total[o];
                }
            }
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
