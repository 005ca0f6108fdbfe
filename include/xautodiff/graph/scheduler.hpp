// SPDX-License-Identifier: BSD-3-Clause
// Decides which steps share a loop and what is stored: ordinary code over a graph that is an ordinary constexpr value.
//
// Value and gradient share a region wherever the adjoint is known before the loop. A step is stored only where something
// reads it as a whole: a result, a kernel on whole arrays, another loop (if computing it twice is not as good).
//
// Regions come in levels: one that needs another's results has a higher level, and steps of one kind and level share a loop.
#pragma once

#include <xautodiff/graph/region.hpp>

namespace xautodiff::graph
{
    namespace detail
    {
        struct schedule_draft
        {
            std::vector<task> tasks;
            std::vector<region> regions;
            std::vector<int> members;
            std::vector<int> streams;
            std::vector<int> numbers;
            std::vector<region_output> outputs;
            std::vector<int> expected;
            std::vector<int> assembled;
        };

        /// The loop in which a step is computed: steps with one key share it.
        struct region_key
        {
            int level = 0;
            bool is_number = false;
            loop_kind kind;

            friend constexpr bool operator==(const region_key&, const region_key&) = default;
        };

        /// Takes the decisions, one member function each, in the order in which they are listed.
        template <class Graph>
        class scheduler
        {
        public:
            constexpr scheduler(const Graph& graph, expectation how)
                : g(graph),
                  n(graph.size()),
                  expected(how),
                  kinds(loop_kinds_of(graph, how)),
                  roles(roles_of(graph, kinds)),
                  serves(static_cast<std::size_t>(n), 0),
                  level(static_cast<std::size_t>(n), 0),
                  light(std::size_t(n), false),
                  stored(std::size_t(n), false),
                  varies(std::size_t(n), false)
            {
                find_served();
                find_varying();
                find_light();
                find_levels();
                join_ends();
                find_stored();
                make_tasks();
            }

            schedule_draft out;

        private:
            const Graph& g;
            int n;
            expectation expected;
            std::vector<loop_kind> kinds;
            std::vector<role> roles;
            std::vector<unsigned long long> serves;
            std::vector<int> level;
            flags light;   ///< elements that a loop of another kind may compute again: cheap all the way down
            flags stored;  ///< elements and numbers that get memory
            flags varies;  ///< what depends on values, not on shapes and literals alone

            constexpr role at(int i) const { return roles[std::size_t(i)]; }
            constexpr bool is_element(int i) const { return at(i) == role::element; }
            constexpr bool is_number(int i) const { return at(i) == role::number; }
            constexpr bool is_whole(int i) const { return at(i) == role::whole || at(i) == role::alias; }
            constexpr bool is_loop_result(int i) const { return is_element(i) || at(i) == role::reduction; }

            /// Calls f(operand) for the operands of a step whose values are read.
            template <class F>
            constexpr void for_each_read(int i, F f) const
            {
                for (int k = 0; at(i) != role::unused && k < g[i].arity(); ++k)
                {
                    const int x = g[i].operand[std::size_t(k)];
                    if (!g[i].reads_shape_only(k) && g[x].kind != step_kind::parameter)
                    {
                        f(x);
                    }
                }
            }

            /// The kind of the loop that computes an element, or that adds up a reduction.
            constexpr loop_kind loop_of(int i) const
            {
                return kinds[std::size_t(at(i) == role::reduction ? g[i].operand[0] : i)];
            }

            constexpr region_key key_of(int i) const
            {
                return {level[std::size_t(i)], is_number(i), is_number(i) ? loop_kind{} : loop_of(i)};
            }

            constexpr void find_served()
            {
                for (std::size_t o = 0; o < g.outputs.size(); ++o)
                {
                    serves[std::size_t(g.outputs[o])] |= 1ull << (o < 63 ? o : 63);
                }
                for (int i = n - 1; i >= 0; --i)
                {
                    for_each_read(i, [&](int x) { serves[std::size_t(x)] |= serves[std::size_t(i)]; });
                }
            }

            constexpr void find_varying()
            {
                for (int i = 0; i < n; ++i)
                {
                    bool any = g[i].kind == step_kind::slot;
                    for_each_read(i, [&](int x) { any = any || varies[std::size_t(x)]; });
                    varies[std::size_t(i)] = any;
                }
            }

            constexpr void find_light()
            {
                for (int i = 0; i < n; ++i)
                {
                    bool all = is_element(i) && is_cheap(g[i]);
                    for_each_read(i, [&](int x) { all = all && (!is_element(x) || light[std::size_t(x)]); });
                    light[std::size_t(i)] = all;
                }
            }

            /// Whether what computes step i can only start when x lies in memory whole. Within a level, kernels on whole
            /// arrays come first, then numbers, then loops.
            constexpr bool waits_for(int i, int x) const
            {
                if (at(x) == role::reduction || at(x) == role::assembled || (is_element(x) && is<op::eval>(g[x].op)))
                {
                    return at(i) != role::assembled;
                }
                if (is_whole(i))
                {
                    return is_element(x) || is_number(x);
                }
                return is_loop_result(i) && is_element(x) && loop_of(i) != loop_of(x) && !light[std::size_t(x)];
            }

            constexpr int earliest_level(int i) const
            {
                int l = 0;
                for_each_read(i, [&](int x) { l = std::max(l, level[std::size_t(x)] + int(waits_for(i, x))); });
                return l;
            }

            constexpr void find_levels()
            {
                for (int i = 0; i < n; ++i)
                {
                    level[std::size_t(i)] = earliest_level(i);
                }
            }

            /// A result that no later loop waits for may join the last one of its kind: both read the same memory, once.
            constexpr void join_ends()
            {
                flags awaited(std::size_t(n), false);
                for (int i = n - 1; i >= 0; --i)
                {
                    const bool waits = !is_number(i) || awaited[std::size_t(i)];
                    for_each_read(i, [&](int x) { awaited[std::size_t(x)] = awaited[std::size_t(x)] || waits; });
                }
                const auto is_end = [&](int i) { return is_loop_result(i) && !awaited[std::size_t(i)]; };
                for (int i = 0; i < n; ++i)
                {
                    for (int j = 0; is_end(i) && j < n; ++j)
                    {
                        if (is_end(j) && loop_of(i) == loop_of(j))
                        {
                            level[std::size_t(i)] = std::max(level[std::size_t(i)], level[std::size_t(j)]);
                        }
                    }
                }
                for (int i = 0; i < n; ++i)
                {
                    level[std::size_t(i)] = is_number(i) ? earliest_level(i) : level[std::size_t(i)];
                }
            }

            constexpr void find_stored()
            {
                for (int o : g.outputs)
                {
                    stored[std::size_t(o)] = is_element(o) || is_number(o);
                }
                // The loops that would compute an element.
                std::vector<std::vector<region_key>> loops(static_cast<std::size_t>(n));
                // The last level that is still in time for those that wait for it.
                std::vector<int> latest(std::size_t(n), n);
                for (int i = n - 1; i >= 0; --i)
                {
                    std::vector<region_key>& mine = loops[std::size_t(i)];
                    if (is_element(i) && mine.size() > 1 && !is_cheap(g[i]))
                    {
                        stored[std::size_t(i)] = true;
                        level[std::size_t(i)] =
                            std::min(first_level(mine, loop_of(i), level[std::size_t(i)]), latest[std::size_t(i)]);
                    }
                    if (at(i) == role::reduction || stored[std::size_t(i)])
                    {
                        mine = {key_of(i)};
                    }
                    else if (is_whole(i))
                    {
                        mine.clear();
                    }
                    for_each_read(i,
                                  [&](int x)
                                  {
                                      const bool in_memory = is_number(x)
                                                                 ? key_of(i) != key_of(x) || !is_number(i)
                                                                 : is_element(x) && (is_whole(i) || waits_for(i, x));
                                      stored[std::size_t(x)] = stored[std::size_t(x)] || in_memory;
                                      if (waits_for(i, x))
                                      {
                                          latest[std::size_t(x)] =
                                              std::min(latest[std::size_t(x)], level[std::size_t(i)] - 1);
                                      }
                                      for (const region_key& key : mine)
                                      {
                                          std::vector<region_key>& to = loops[std::size_t(x)];
                                          if (std::find(to.begin(), to.end(), key) == to.end())
                                          {
                                              to.push_back(key);
                                          }
                                      }
                                  });
                }
            }

            /// The level of the first of some loops that is of the given kind.
            static constexpr int first_level(const std::vector<region_key>& loops, const loop_kind& kind, int otherwise)
            {
                bool found = false;
                for (const region_key& key : loops)
                {
                    if (key.kind == kind && (!found || key.level < otherwise))
                    {
                        otherwise = key.level;
                        found = true;
                    }
                }
                return otherwise;
            }

            /// Whether memory of a step is written by a region.
            constexpr bool is_region_output(int i) const { return at(i) == role::reduction || stored[std::size_t(i)]; }

            constexpr void make_tasks()
            {
                int last = 0;
                for (int l : level)
                {
                    last = std::max(last, l);
                }
                for (int l = 0; l <= last; ++l)
                {
                    for (int i = 0; i < n; ++i)
                    {
                        if (is_whole(i) && level[std::size_t(i)] == l)
                        {
                            bool reads_values = false;
                            for_each_read(i, [&](int) { reads_values = true; });
                            out.tasks.push_back({at(i) == role::alias ? task_kind::alias : task_kind::whole, i,
                                                 serves[std::size_t(i)], reads_values});
                        }
                    }
                    make_regions(l, true);
                    make_regions(l, false);
                }
                for (int i = 0; i < n; ++i)
                {
                    if (expected == expectation::likely && is_element(i) && is<op::sum_to>(g[i].op))
                    {
                        out.expected.push_back(i);
                    }
                    if ((at(i) == role::assembled || is_part(i)) && home_of(i) == i)
                    {
                        out.assembled.push_back(i);
                    }
                }
            }

            constexpr bool is_part(int i) const { return at(i) == role::reduction && is<op::unview>(g[i].op); }

            /// The step whose memory a part is added to.
            constexpr int home_of(int i) const
            {
                for (int sum = i + 1; sum < n; ++sum)
                {
                    if (at(sum) == role::assembled && (g[sum].operand[0] == i || g[sum].operand[1] == i))
                    {
                        return home_of(sum);
                    }
                }
                return i;
            }

            constexpr void make_regions(int l, bool numbers)
            {
                std::vector<region_key> done;
                for (int i = 0; i < n; ++i)
                {
                    const region_key key = key_of(i);
                    if (is_region_output(i) && key.level == l && key.is_number == numbers
                        && std::find(done.begin(), done.end(), key) == done.end())
                    {
                        done.push_back(key);
                        make_region(key);
                    }
                }
            }

            constexpr void make_region(const region_key& key)
            {
                region r;
                r.is_number = key.is_number;
                r.first_output = int(out.outputs.size());
                flags wanted(std::size_t(n), false), mine(std::size_t(n), false);
                for (int i = 0; i < n; ++i)
                {
                    mine[std::size_t(i)] = is_region_output(i) && key_of(i) == key;
                    if (mine[std::size_t(i)])
                    {
                        const bool reduces = at(i) == role::reduction;
                        const int from = reduces ? g[i].operand[0] : i;
                        const bool is_placed = is_part(i);
                        region_output result{
                            i, from, is_placed ? home_of(i) : i, kind_of_output(i), false, serves[std::size_t(i)]};
                        for (std::size_t before = std::size_t(r.first_output); before < out.outputs.size(); ++before)
                        {
                            if (out.outputs[before].home == result.home)
                            {
                                out.outputs[before].is_shared = result.is_shared = true;
                            }
                        }
                        out.outputs.push_back(result);
                        r.serves |= serves[std::size_t(i)];
                        wanted[std::size_t(from)] = true;
                    }
                }
                r.outputs = int(out.outputs.size()) - r.first_output;
                // What a loop of another kind stores may not be there yet: only what is cheap is read in spite of that.
                const auto is_there = [&](int i)
                { return stored[std::size_t(i)] && !(light[std::size_t(i)] && key_of(i).level >= key.level); };
                const auto is_member = [&](int i)
                { return is_number(i) ? key_of(i) == key : is_element(i) && (mine[std::size_t(i)] || !is_there(i)); };
                for (int i = n - 1; i >= 0; --i)
                {
                    if (wanted[std::size_t(i)] && is_member(i))
                    {
                        for_each_read(i, [&](int x) { wanted[std::size_t(x)] = true; });
                    }
                }
                r.first_stream = int(out.streams.size());
                r.first_number = int(out.numbers.size());
                r.first_member = int(out.members.size());
                for (int i = 0; i < n; ++i)
                {
                    if (wanted[std::size_t(i)] && at(i) != role::literal)
                    {
                        const bool is_stream = !is_member(i) && !g[i].shape.is_scalar();
                        const int place = int(out.streams.size()) - r.first_stream;
                        r.repeats |= is_stream && may_repeat(i) ? region::bit_of(place) : 0;
                        r.fixed |= is_stream && is_smaller(kinds[std::size_t(i)], key.kind) ? region::bit_of(place) : 0;
                        (is_member(i) ? out.members : is_stream ? out.streams : out.numbers).push_back(i);
                    }
                }
                r.streams = int(out.streams.size()) - r.first_stream;
                r.numbers = int(out.numbers.size()) - r.first_number;
                r.members = int(out.members.size()) - r.first_member;
                out.tasks.push_back({task_kind::region, int(out.regions.size()), r.serves, reads_values(r)});
                out.regions.push_back(r);
            }

            /// Whether a region has to run each time: not if it makes numbers from shapes, which nobody else can write to.
            constexpr bool reads_values(const region& r) const
            {
                bool reads = !r.is_number;
                for (int k = 0; k < r.streams; ++k)
                {
                    reads = reads || varies[std::size_t(out.streams[std::size_t(r.first_stream + k)])];
                }
                for (int k = 0; k < r.numbers; ++k)
                {
                    reads = reads || varies[std::size_t(out.numbers[std::size_t(r.first_number + k)])];
                }
                for (int k = 0; k < r.outputs; ++k)
                {
                    const int step = out.outputs[std::size_t(r.first_output + k)].step;
                    reads = reads || std::find(g.outputs.begin(), g.outputs.end(), step) != g.outputs.end();
                }
                return reads;
            }

            /// Whether an array is likely to have one element for each row of a larger one.
            constexpr bool may_repeat(int i) const
            {
                const step& s = g[i];
                return s.op != nullptr && (is<op::expand>(s.op) || kinds[std::size_t(i)].is_reduced);
            }

            constexpr output_kind kind_of_output(int i) const
            {
                if (at(i) != role::reduction)
                {
                    return output_kind::store;
                }
                if (is<op::sum>(g[i].op) || g[i].shape.is_scalar())
                {
                    return output_kind::total;
                }
                return is_likely_identity(g, kinds, i) ? output_kind::store : output_kind::accumulate;
            }
        };
    }
}
