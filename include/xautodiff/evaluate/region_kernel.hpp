// SPDX-License-Identifier: BSD-3-Clause
// The inner loop of a region, generated from the graph: from loads to stores everything stays in registers. This is the
// code that an expert would write by hand.
#pragma once

#include <xautodiff/evaluate/loop_walk.hpp>
#include <xautodiff/evaluate/region_body.hpp>

namespace xautodiff::evaluate
{
    /// V is what it computes with: T, or lanes of T.
    template <const auto& Graph, graph::scheduling How, int Region, class T, class V>
    class region_kernel : region_body<Graph, How, Region, T, V>
    {
        using base = region_body<Graph, How, Region, T, V>;
        using typename base::frame;

        // Not by using: g++ 12 does not find it in a lambda then.
        static constexpr const graph::region& region = base::region;
        static constexpr bool has_lanes = base::has_lanes;
        static constexpr array::index step = base::step;

        // A copy, as what runs must not mention the graph (see graph/plan.hpp).
        template <int O>
        static constexpr graph::region_output output =
            graph::schedule_of<Graph, How>.outputs[std::size_t(region.first_output + O)];

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

        /// So many rows at a time: each is a stream from memory, and where they lie 4 KiB apart, all are in the same few
        /// places of the nearest cache.
        static constexpr array::index rows_in_registers = 8;

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
                base::store(at, base::load(at) + term);
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
                base::store(to[O] + i, part);
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

        /// One register's worth of elements, from what was read to stores.
        template <class Parts, class Sums>
        [[gnu::always_inline]] static void run_once(frame& f, [[maybe_unused]] V* total, [[maybe_unused]] Parts& parts,
                                                    [[maybe_unused]] Sums& sums, T* const* to, array::index i)
        {
            base::compute_members(f);
            unroll<region.outputs>([&](auto o) __attribute__((always_inline)) {
                constexpr graph::region_output target = output<o()>;
                const V result = base::template value<target.from>(f);
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
                    base::store(to[o()] + i, result);
                }
            });
        }

        /// The same of some rows abreast. Their totals are begun anew, so that additions wait for those of these rows alone.
        template <class Parts>
        [[gnu::always_inline]] static void run_rows(frame& f, V* total, Parts& parts, const T* const* in, T* const* out,
                                                    array::index i, const array::index* mask, array::index rows,
                                                    const loop_walk<T>& walk)
        {
            const T* from[std::size_t(region.streams) + 1];
            T* to[std::size_t(region.outputs) + 1];
            std::copy_n(in, region.streams, from);
            std::copy_n(out, region.outputs, to);
            adding_in_registers sums;
            V of_rows[std::size_t(region.outputs) + 1];
            unroll<region.outputs>([&](auto o) __attribute__((always_inline)) {
                if constexpr (output<o()>.adds_in_place())
                {
                    sums.sum[o()] = base::load(to[o()] + i);
                }
                of_rows[o()] = V(T(0));
            });
            base::template read<true, false>(f, from, i, mask);
            for (array::index row = 0;;)
            {
                base::template read<false, true>(f, from, i, mask);
                run_once(f, of_rows, parts, sums, to, i);
                if (++row == rows)
                {
                    break;
                }
                unroll<region.streams>([&](auto s) __attribute__((always_inline)) {
                    from[s()] += region.is_fixed(s()) ? 0 : walk.row_step[s()];
                });
                unroll<region.outputs>([&](auto o) __attribute__((always_inline)) {
                    to[o()] += output<o()>.adds_in_place() ? 0 : walk.row_step[region.streams + o()];
                });
            }
            unroll<region.outputs>([&](auto o) __attribute__((always_inline)) {
                if constexpr (output<o()>.adds_in_place())
                {
                    base::store(to[o()] + i, sums.sum[o()]);
                }
                else if constexpr (output<o()>.kind == graph::output_kind::total && has_lanes)
                {
                    total[o()] += of_rows[o()];
                }
            });
        }

        /// Rows abreast, as many at a time as stay in registers. Moves `from` and `to` on.
        template <class Parts>
        [[gnu::always_inline]] static void run_abreast(frame& f, V* total, Parts& parts, array::index n, const T** from,
                                                       T** to, const array::index* mask, const loop_walk<T>& walk)
        {
            for (array::index row = 0; row < walk.rows; row += rows_in_registers)
            {
                const array::index rows = std::min(walk.rows - row, rows_in_registers);
                for (array::index i = 0; i < n; i += step)
                {
                    run_rows(f, total, parts, from, to, i, mask, rows, walk);
                }
                unroll<region.streams>([&](auto s)
                                           __attribute__((always_inline)) { from[s()] += rows * walk.row_step[s()]; });
                unroll<region.outputs>([&](auto o) __attribute__((always_inline)) {
                    to[o()] += output<o()>.adds_in_place() ? 0 : rows * walk.row_step[region.streams + o()];
                });
            }
        }

        /// One row after the other. Moves `from` and `to` on.
        template <class Parts>
        [[gnu::always_inline]] static void run_in_turn(frame& f, V* total, Parts& parts, array::index n, const T** from,
                                                       T** to, const array::index* mask, const loop_walk<T>& walk)
        {
            adding_in_memory sums(walk);
            for (array::index row = 0;;)
            {
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC ivdep
#endif
                for (array::index i = 0; i < n; i += step)
                {
                    base::template read<true, true>(f, from, i, mask);
                    run_once(f, total, parts, sums, to, i);
                }
                if (++row == walk.rows)
                {
                    break;
                }
                unroll<region.streams>([&](auto s) __attribute__((always_inline)) { from[s()] += walk.row_step[s()]; });
                unroll<region.outputs>([&](auto o) __attribute__((always_inline)) {
                    to[o()] += walk.row_step[region.streams + o()];
                });
            }
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
            if constexpr (sums_rows)
            {
                walk.is_abreast ? run_abreast(f, total, parts, n, from, to, mask, walk)
                                : run_in_turn(f, total, parts, n, from, to, mask, walk);
            }
            else
            {
                run_in_turn(f, total, parts, n, from, to, mask, walk);
            }
            if constexpr (has_lanes)
            {
                for (int o = 0; o < region.outputs; ++o)
                {
                    totals[o] = total[o];
                }
            }
        }
    };
}
