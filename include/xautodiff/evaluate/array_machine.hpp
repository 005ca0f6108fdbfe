// SPDX-License-Identifier: BSD-3-Clause
// Running a graph on arrays, as far as it does not depend on which graph: leaves, shapes, memory, loops over regions.
// Compiled once for each number type; what is generated for a graph are its regions' inner loops (region_kernel.hpp).
#pragma once

#include <xautodiff/array/kernels.hpp>
#include <xautodiff/evaluate/array_slots.hpp>
#include <xautodiff/evaluate/parallel_rows.hpp>
#include <xautodiff/evaluate/row_chunks.hpp>

#include <array>
#include <memory>
#include <vector>

namespace xautodiff::evaluate
{
    template <class T>
    class array_machine : public array_slots<T>
    {
        using base = array_slots<T>;
        using base::lies_alike;
        using base::m;
        using base::m_changed;
        using base::m_moved;
        using base::m_plan;
        using base::parameters_of;
        using base::slot_step;

    public:
        using typename base::input_ref;
        using typename base::output_ref;

        /// Where a kernel of whole arrays reads and writes.
        struct operands
        {
            output_ref out;
            std::array<input_ref, graph::max_operands> x;
            const array::parameters* parameters = nullptr;
        };

        using whole_kernel = void (*)(const operands&);
        /// n elements of a result and of operands, at the distances `step`: the result's first.
        using row_function = void (*)(array::index n, T* out, const T* const* x, const array::index* step);
        using alias_function = input_ref (*)(const input_ref&, const array::shape&, const array::parameters*);

        array_machine(const plan_view& p, const machine_memory<T>& memory) : base(p, memory)
        {
            for (std::size_t i = 0; i < p.step_count; ++i)
            {
                m.literal[i] = T(p.steps[i].value);
                m.value[i] = input_ref(&m.literal[i], {});
            }
            for (std::size_t s = 0; s < p.slot_count; ++s)
            {
                if (p.slots[s].fixed != nullptr)
                {
                    m.parameters[s] = *p.slots[s].fixed;
                }
            }
            std::size_t in = 0, stride = 0;
            for (std::size_t k = 0; k < p.region_count; ++k)
            {
                const graph::region& r = p.regions[k];
                region_loop<T>& loop = m.loops[k];
                loop.streams = std::size_t(r.streams);
                loop.numbers = std::size_t(r.numbers);
                loop.results = std::size_t(r.outputs);
                loop.outputs = p.results + r.first_output;
                loop.in = m.in + in;
                loop.out = m.out + r.first_output;
                loop.stride = m.stride + stride;
                loop.how = m.how + r.first_output;
                loop.clear = m.clear + r.first_output;
                in += loop.streams + loop.numbers;
                stride += loop.streams + loop.results;
            }
        }

        // Slots point into the machine's own numbers.
        array_machine(const array_machine&) = delete;
        array_machine& operator=(const array_machine&) = delete;

        /// Whether what was planned still holds: leaves and results lie where they lay, and the same results are wanted.
        bool is_planned(unsigned long long wanted) const { return !m_moved && is_planned_alike(wanted); }

        /// Whether it would with other pointers: leaves lie elsewhere, but in the same way.
        bool is_planned_alike(unsigned long long wanted) const { return !m_changed && wanted == m_wanted; }

        /// Whether a result still lies where it was planned. One that is converted may be a new one, without its shape.
        template <class C>
        void check_result(std::size_t output, const C& result)
        {
            if constexpr (std::same_as<typename array::traits<C>::value_type, T>)
            {
                m_moved = m_moved || !array::lies_at(result, m.result[output]);
            }
            else
            {
                m_moved = true;
            }
        }

        /// Puts a result that lies elsewhere into the place of the one that was planned, where it lies in the same way.
        template <class C>
        void move_result(std::size_t output, C& result)
        {
            using traits = array::traits<C>;
            const std::size_t step = output_step(output);
            traits::resize(result, m.shape[step]);
            if constexpr (std::same_as<typename traits::value_type, T>)
            {
                const output_ref elements = traits::ref(result);
                input_ref& before = m.result[output];
                m_changed = m_changed || !lies_alike(before, elements);
                if (m.target[step].data == before.data)
                {
                    m.target[step].data = elements.data;
                    m.value[step].data = elements.data;
                }
                before.data = elements.data;
            }
        }

        /// The last part of following what moved: where each region reads and writes, in the same way as before.
        void move_regions()
        {
            m_moved = false;
            for (std::size_t k = 0; k < m_plan.region_count; ++k)
            {
                if (m_plan.regions[k].is_number)
                {
                    place_numbers(k);
                }
                else if (m.loops[k].is_planned)
                {
                    move_loop(k);
                }
            }
        }

        /// All shapes from those of the leaves. Throws shape_error where they do not fit.
        void infer_shapes()
        {
            for (std::size_t i = 0; i < m_plan.step_count; ++i)
            {
                const graph::plan_step& s = m_plan.steps[i];
                if (s.kind == graph::step_kind::slot)
                {
                    m.shape[i] = m.value[i].shape;
                }
                else if (s.kind == graph::step_kind::operation)
                {
                    graph::shapes x;
                    for (int k = 0; k < s.arity; ++k)
                    {
                        x[std::size_t(k)] = m.shape[std::size_t(s.operand[std::size_t(k)])];
                    }
                    m.shape[i] = s.infer(x, parameters_of(s));
                }
            }
        }

        /// Whether sums to a shape, where the schedule takes them for nothing, have nothing to sum.
        bool is_as_expected() const
        {
            for (std::size_t k = 0; k < m_plan.expected_count; ++k)
            {
                const int i = m_plan.expected[k];
                const std::size_t x = std::size_t(m_plan.steps[std::size_t(i)].operand[0]);
                if (!(m.shape[x] == m.shape[std::size_t(i)]))
                {
                    return false;
                }
            }
            return true;
        }

        const array::shape& output_shape(std::size_t output) const { return m.shape[output_step(output)]; }

        void forget_targets() { std::fill_n(m.target, m_plan.step_count, output_ref()); }

        /// Gives a result its shape; its own memory takes the value where the types agree and no other result has it yet.
        template <class C>
        void prepare_result(std::size_t output, C& result)
        {
            using traits = array::traits<C>;
            const std::size_t step = output_step(output);
            traits::resize(result, m.shape[step]);
            if constexpr (std::same_as<typename traits::value_type, T>)
            {
                const output_ref elements = traits::ref(result);
                m.result[output] = elements;
                if (m.target[step].data == nullptr)
                {
                    m.target[step] = elements;
                }
            }
        }

        template <class C>
        void finish_result(std::size_t output, C& result)
        {
            const std::size_t step = output_step(output);
            if constexpr (std::same_as<typename array::traits<C>::value_type, T>)
            {
                if (m.result[output].data == m.value[step].data)
                {
                    return;
                }
            }
            array::copy(array::traits<C>::ref(result), m.value[step]);
        }

        /// Gives memory to every stored step that `wanted` outputs need and that has none yet.
        void allocate(unsigned long long wanted)
        {
            std::size_t total = 0;
            for_each_stored([&](std::size_t step, unsigned long long serves)
                            { total += needs_memory(step, serves & wanted) ? std::size_t(m.shape[step].size()) : 0; });
            if (m_work.size() < total)
            {
                m_work.resize(total);
            }
            T* next = m_work.data();
            for_each_stored(
                [&](std::size_t step, unsigned long long serves)
                {
                    if (needs_memory(step, serves & wanted))
                    {
                        m.target[step] = output_ref(next, m.shape[step]);
                        next += m.shape[step].size();
                    }
                    m.value[step] = m.target[step];
                });
        }

        void set_alias(std::size_t step, alias_function alias)
        {
            const graph::plan_step& s = m_plan.steps[step];
            m.value[step] = alias(m.value[std::size_t(s.operand[0])], m.shape[step], parameters_of(s));
        }

        /// The last part of planning: where each region reads and writes.
        void plan_regions(unsigned long long wanted)
        {
            m_changed = false;
            m_moved = false;
            m_wanted = wanted;
            bool needs_buffer = false;
            for (std::size_t k = 0; k < m_plan.region_count; ++k)
            {
                if (m_plan.regions[k].is_number)
                {
                    place_numbers(k);
                }
                else if (const array::shape* const shape = next_shape(k, nullptr))
                {
                    plan_loop(k, *shape);
                    m.loops[k].is_planned = next_shape(k, shape) == nullptr;
                    needs_buffer = needs_buffer || !m.loops[k].is_small || !m.loops[k].is_planned;
                }
                else
                {
                    // Only results without elements.
                    m.loops[k].is_planned = false;
                }
            }
            constexpr std::size_t line = 64 / sizeof(T);
            const std::size_t size = m_plan.most_arrays * std::size_t(region_runner<T>::buffer_size) + line;
            if (needs_buffer && m_buffer.size() < size)
            {
                m_buffer.resize(size);
            }
            // At the beginning of a cache line, for registers as wide as one.
            void* begin = m_buffer.data();
            std::size_t bytes = m_buffer.size() * sizeof(T);
            m.scratch.buffer = static_cast<T*>(std::align(64, sizeof(T), begin, bytes));
            for (std::size_t a = 0; a < m_plan.assembled_count; ++a)
            {
                m.is_cleared[a] = clears_in_loop(std::size_t(m_plan.assembled[a]));
            }
        }

        /// What parts are added to starts from zero.
        void clear_assembled()
        {
            for (std::size_t k = 0; k < m_plan.assembled_count; ++k)
            {
                const output_ref& sum = m.target[std::size_t(m_plan.assembled[k])];
                if (sum.data != nullptr && !m.is_cleared[k])
                {
                    array::fill(sum, T(0));
                }
            }
        }

        void run_whole(std::size_t step, whole_kernel run) const { run(operands_of(step)); }

        /// An elementwise operation by itself, row by row.
        void run_each(std::size_t step, row_function run) const
        {
            const operands all = operands_of(step);
            const std::size_t arity = std::size_t(m_plan.steps[step].arity), arrays = arity + 1;
            std::array<array::strides, graph::max_operands + 1> stride{all.out.stride};
            for (std::size_t k = 0; k < arity; ++k)
            {
                stride[k + 1] = array::broadcast_to(all.x[k], all.out.shape).stride;
            }
            const array::loop_axes axes = array::order_axes(all.out.shape, {stride.data(), arrays});
            std::array<array::index, graph::max_operands + 1> at, distance{};
            for (std::size_t k = 0; k < arrays; ++k)
            {
                distance[k] = axes.rank == 0 ? 0 : stride[k][0];
            }
            array::for_each_row(axes, {stride.data(), arrays}, at.data(),
                                [&]
                                {
                                    const T* x[graph::max_operands];
                                    for (std::size_t k = 0; k < arity; ++k)
                                    {
                                        x[k] = all.x[k].data + at[k + 1];
                                    }
                                    run(axes.row_size(), all.out.data + at[0], x, distance.data());
                                });
        }

        void run_numbers(std::size_t k, region_function<T> run) { run(1, m.loops[k].in, m.loops[k].out, nullptr); }

        void run_loop(std::size_t k, region_function<T> run)
        {
            if (m.loops[k].is_planned)
            {
                run_pass(k, run);
                return;
            }
            // Results of different shapes take a pass each, in which the others go nowhere.
            for (const array::shape* shape = nullptr; (shape = next_shape(k, shape)) != nullptr;)
            {
                plan_loop(k, *shape);
                run_pass(k, run);
            }
        }

        /// The memory that is kept for the next run, as far as it grows with the arrays.
        std::size_t kept_bytes() const
        {
            std::size_t numbers = m_work.capacity();
            for (const row_chunks<T>& chunks : m_chunks)
            {
                numbers += chunks.kept_numbers();
            }
            for (std::size_t s = 0; s < m_plan.slot_count; ++s)
            {
                numbers += m.converted[s].capacity();
            }
            return numbers * sizeof(T);
        }

    private:
        std::vector<T> m_work;
        std::vector<T> m_buffer;
        std::vector<row_chunks<T>> m_chunks;  ///< of each region, once one has need of them
#if defined(XTENSOR_USE_TBB)
        parallel_rows<T> m_threads;
#endif
        T m_unwanted = 0;  ///< where numbers go that are computed beside others
        unsigned long long m_wanted = 0;

        std::size_t output_step(std::size_t output) const { return std::size_t(m_plan.outputs[output]); }
        bool is_wanted(const graph::region_output& out) const
        {
            return (out.serves & m_wanted) != 0 && m.target[std::size_t(out.home)].data != nullptr;
        }
        const array::shape& loop_shape(const graph::region_output& out) const { return m.shape[std::size_t(out.from)]; }

        /// The shape of a region's next loop, in the order of its results; null after the last. Mostly there is one.
        const array::shape* next_shape(std::size_t k, const array::shape* before) const
        {
            const region_loop<T>& loop = m.loops[k];
            bool passed = before == nullptr;
            for (std::size_t o = 0; o < loop.results; ++o)
            {
                const array::shape& shape = loop_shape(loop.outputs[o]);
                if (!is_wanted(loop.outputs[o]))
                {
                    continue;
                }
                bool is_new = true;
                for (std::size_t other = 0; other < o; ++other)
                {
                    is_new = is_new && !(is_wanted(loop.outputs[other]) && loop_shape(loop.outputs[other]) == shape);
                }
                if (is_new && passed)
                {
                    return &shape;
                }
                passed = passed || shape == *before;
            }
            return nullptr;
        }

        /// For what is read but not wanted, since it is computed beside what is: any number will do.
        static constexpr T anything = 0;

        const T* data_of(std::size_t step) const
        {
            return m.value[step].data == nullptr ? &anything : m.value[step].data;
        }

        bool needs_memory(std::size_t step, unsigned long long serves) const
        {
            return serves != 0 && m.target[step].data == nullptr;
        }

        operands operands_of(std::size_t step) const
        {
            const graph::plan_step& s = m_plan.steps[step];
            operands all;
            all.out = m.target[step];
            all.parameters = parameters_of(s);
            for (int i = 0; i < s.arity; ++i)
            {
                const std::size_t x = std::size_t(s.operand[std::size_t(i)]);
                all.x[std::size_t(i)] =
                    (s.shape_only >> unsigned(i) & 1u) != 0 ? input_ref(nullptr, m.shape[x]) : m.value[x];
            }
            return all;
        }

        /// Calls f(step, serves) for every step that a task writes.
        template <class F>
        void for_each_stored(F f) const
        {
            for (std::size_t i = 0; i < m_plan.task_count; ++i)
            {
                if (m_plan.tasks[i].kind == graph::task_kind::whole)
                {
                    f(std::size_t(m_plan.tasks[i].index), m_plan.tasks[i].serves);
                }
            }
            for (std::size_t i = 0; i < m_plan.result_count; ++i)
            {
                f(std::size_t(m_plan.results[i].home), m_plan.results[i].serves);
            }
        }

        /// Lets the loop that adds all parts of a step's memory clear it too, where there is one, which takes its parts in
        /// the order of memory.
        bool clears_in_loop(std::size_t home)
        {
            const auto is_part = [home](const graph::region_output& out) { return std::size_t(out.home) == home; };
            const std::ptrdiff_t parts = std::count_if(m_plan.results, m_plan.results + m_plan.result_count, is_part);
            for (std::size_t k = 0; k < m_plan.region_count; ++k)
            {
                region_loop<T>& loop = m.loops[k];
                if (!loop.is_planned || std::count_if(loop.outputs, loop.outputs + loop.results, is_part) != parts)
                {
                    continue;
                }
                const output_ref& target = m.target[home];
                clearing<T> c{target.data, target.size(), 0};
                bool in_order = loop.axes.rank == 1 && !loop.axes.is_empty && target.is_contiguous();
                std::size_t first = loop.results;
                for (std::size_t o = loop.results; o-- > 0;)
                {
                    if (is_part(loop.outputs[o]))
                    {
                        first = o;
                        in_order = in_order && loop.how[o] == delivery::add && loop.stride[loop.streams + o][0] == 1;
                        c.reach = std::max(c.reach, in_order ? array::index(loop.out[o] - target.data) : 0);
                    }
                }
                if (in_order)
                {
                    loop.clear[first] = c;
                    loop.clears = true;
                }
                return in_order;
            }
            return false;
        }

        void run_pass(std::size_t k, region_function<T> run)
        {
            region_loop<T>& loop = m.loops[k];
            for (std::size_t o = 0; loop.has_sums && o < loop.results; ++o)
            {
                if (is_cleared(loop, o))
                {
                    array::fill(m.target[std::size_t(loop.outputs[o].step)], T(0));
                }
            }
            if (loop.has_chunks)
            {
                m_chunks[k].run(loop, run, m.scratch);
            }
#if defined(XTENSOR_USE_TBB)
            else if (parallel_rows<T>::is_worth_it(loop))
            {
                m_threads.run(loop, run, m.scratch);
            }
#endif
            else
            {
                region_runner<T>(loop, run, m.scratch).run();
            }
        }

        /// Whether a result is a sum over some axes, made on the way, that starts from zero.
        bool is_cleared(const region_loop<T>& loop, std::size_t o) const
        {
            const graph::region_output& out = loop.outputs[o];
            const std::size_t step = std::size_t(out.step);
            return loop.out[o] != nullptr && m_plan.steps[step].reduces != graph::reduction_kind::into_slices
                   && (out.kind == graph::output_kind::accumulate
                       || (out.kind == graph::output_kind::store && !(m.shape[step] == loop_shape(out))));
        }

        /// The elements of a result that those of a loop over `shape` belong to.
        output_ref seen_from_loop(const graph::region_output& out, const array::shape& shape) const
        {
            const graph::plan_step& s = m_plan.steps[std::size_t(out.step)];
            const output_ref own = own_part(out);
            if (out.kind == graph::output_kind::total)
            {
                return output_ref(own.data, shape, {});
            }
            if (out.step != out.from && s.reduces == graph::reduction_kind::over_axes)
            {
                return array::broadcast_to(array::unsqueezed(own, shape, *parameters_of(s)), shape);
            }
            return array::broadcast_to(own, shape);
        }

        /// A result's memory, or of memory that it shares with others the part that is its own.
        output_ref own_part(const graph::region_output& out) const
        {
            const graph::plan_step& s = m_plan.steps[std::size_t(out.step)];
            const output_ref& target = m.target[std::size_t(out.home)];
            const bool is_part = out.step != out.from && s.reduces == graph::reduction_kind::into_slices;
            return is_part ? array::sliced(target, *parameters_of(s)) : target;
        }

        /// Where a region reads numbers, and where one of numbers writes.
        void place_numbers(std::size_t k)
        {
            const graph::region& r = m_plan.regions[k];
            region_loop<T>& loop = m.loops[k];
            // An array of one element may be read as a number.
            for (std::size_t i = 0; r.is_number && i < loop.streams; ++i)
            {
                loop.in[i] = data_of(std::size_t(m_plan.streams[std::size_t(r.first_stream) + i]));
            }
            for (std::size_t i = 0; i < loop.numbers; ++i)
            {
                loop.in[loop.streams + i] = data_of(std::size_t(m_plan.numbers[std::size_t(r.first_number) + i]));
            }
            for (std::size_t o = 0; r.is_number && o < loop.results; ++o)
            {
                loop.out[o] =
                    is_wanted(loop.outputs[o]) ? m.target[std::size_t(loop.outputs[o].home)].data : &m_unwanted;
            }
        }

        /// Gives a planned loop its pointers again.
        void move_loop(std::size_t k)
        {
            const graph::region& r = m_plan.regions[k];
            region_loop<T>& loop = m.loops[k];
            place_numbers(k);
            for (std::size_t s = 0; s < loop.streams; ++s)
            {
                if (loop.in[s] != &anything)
                {
                    loop.in[s] = m.value[std::size_t(m_plan.streams[std::size_t(r.first_stream) + s])].data;
                }
            }
            for (std::size_t o = 0; o < loop.results; ++o)
            {
                if (loop.out[o] != nullptr)
                {
                    loop.out[o] = own_part(loop.outputs[o]).data;
                    T*& cleared = loop.clear[o].data;
                    cleared = cleared == nullptr ? nullptr : m.target[std::size_t(loop.outputs[o].home)].data;
                }
            }
        }

        /// A region's loop over `shape`, for the results that have it.
        void plan_loop(std::size_t k, const array::shape& shape)
        {
            const graph::region& r = m_plan.regions[k];
            region_loop<T>& loop = m.loops[k];
            place_numbers(k);
            for (std::size_t s = 0; s < loop.streams; ++s)
            {
                const input_ref& x = m.value[std::size_t(m_plan.streams[std::size_t(r.first_stream) + s])];
                // What does not fit is read for other results only.
                const bool fits = array::broadcasts_to(x.shape, shape) && x.data != nullptr;
                loop.in[s] = fits ? x.data : &anything;
                loop.stride[s] = fits ? array::broadcast_to(x, shape).stride : array::strides{};
            }
            for (std::size_t o = 0; o < loop.results; ++o)
            {
                const graph::region_output& out = loop.outputs[o];
                output_ref to;
                if (is_wanted(out) && loop_shape(out) == shape)
                {
                    to = seen_from_loop(out, shape);
                }
                loop.out[o] = to.data;
                loop.stride[loop.streams + o] = to.stride;
            }
            loop.plan(shape);
            loop.has_sums = loop.clears = loop.has_chunks = false;
            std::fill_n(loop.clear, loop.results, clearing<T>());
            if (loop.axes.rank > 1)
            {
                m_chunks.resize(m_plan.region_count);
                loop.has_chunks = m_chunks[k].plan(loop);
            }
            for (std::size_t o = 0; o < loop.results; ++o)
            {
                loop.has_sums = loop.has_sums || is_cleared(loop, o);
            }
        }
    };
}
