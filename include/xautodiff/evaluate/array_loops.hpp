// SPDX-License-Identifier: BSD-3-Clause
// The loops over a graph's regions: where each reads and writes, found out once, and running them. Compiled once for each
// number type; what is generated for a graph are its regions' inner loops (region_kernel.hpp).
#pragma once

#include <xautodiff/array/kernels.hpp>
#include <xautodiff/evaluate/array_slots.hpp>
#include <xautodiff/evaluate/parallel_rows.hpp>
#include <xautodiff/evaluate/row_chunks.hpp>

#include <memory>
#include <vector>

namespace xautodiff::evaluate
{
    template <class T>
    class array_loops : public array_slots<T>
    {
        using base = array_slots<T>;

    public:
        using typename base::input_ref;
        using typename base::output_ref;

        [[gnu::cold]] array_loops(const plan_view& p, const machine_memory<T>& memory) : base(p, memory)
        {
            std::size_t in = 0, stride = 0;
            for (std::size_t k = 0; k < p.region_count; ++k)
            {
                const graph::region& r = p.regions[k];
                region_loop<T>& loop = m.loops[k];
                loop.streams = std::size_t(r.streams);
                loop.numbers = std::size_t(r.numbers);
                loop.results = std::size_t(r.outputs);
                loop.region = &r;
                loop.outputs = p.results + r.first_output;
                loop.in = m.in + in;
                loop.out = m.out + r.first_output;
                loop.stride = m.stride + stride;
                loop.row_step = m.row_step + stride;
                loop.how = m.how + r.first_output;
                loop.part = m.part + r.first_output;
                in += loop.streams + loop.numbers;
                stride += loop.streams + loop.results;
            }
        }

        void run_numbers(std::size_t k, number_function<T> run) const { run(m.loops[k].in, m.loops[k].out); }

        void run_loop(std::size_t k, region_function<T> run)
        {
            if (m.loops[k].is_simple)
            {
                small_region<T>::run(m.loops[k], run, m.scratch);
                return;
            }
            if (m.loops[k].is_planned)
            {
                run_pass(k, run);
                return;
            }
            // Results of different shapes take a pass each, in which the others go nowhere.
            for (const array::shape* shape = nullptr; (shape = next_shape(k, shape)) != nullptr;)
            {
                plan_loop(k, *shape, *shape);
                run_pass(k, run);
            }
        }

    protected:
        using base::m;
        using base::m_plan;
        using base::parameters_of;

        unsigned long long m_wanted = 0;  ///< the outputs that are wanted now, as bits
        array::index m_begin = 0;         ///< where the rows begin that are being run; see row_blocks.hpp
        array::index m_count = 0;         ///< how many they are; 0 where everything is run as a whole

        /// Makes the whole of a step's value or result the rows of it that are being run.
        template <class Ref>
        void take_rows(std::size_t step, Ref& x) const
        {
            x.data += m.row[step].has_block ? 0 : m_begin * x.stride[0];
            x.shape[0] = m_count;
        }

        bool is_wanted(const graph::region_output& out) const
        {
            return (out.serves & m_wanted) != 0 && m.shape[std::size_t(out.home)].size() != 0;
        }

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

        /// The elements of a result that those of a loop over `shape` belong to.
        [[gnu::cold]] output_ref seen_from_loop(const graph::region_output& out, const array::shape& shape) const
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

        /// The last part of planning: where each region reads and writes.
        [[gnu::cold]] void plan_loops()
        {
            bool needs_buffer = false;
            for (std::size_t k = 0; k < m_plan.region_count; ++k)
            {
                if (m_plan.regions[k].is_number)
                {
                    place_numbers(k);
                }
                else if (const array::shape* const shape = next_shape(k, nullptr))
                {
                    plan_loop(k, *shape, *shape);
                    m.loops[k].is_planned = next_shape(k, shape) == nullptr;
                    const region_loop<T>& loop = m.loops[k];
                    needs_buffer = needs_buffer || !loop.is_small || loop.has_rest() || !loop.is_planned;
                }
                else
                {
                    // Only results without elements.
                    m.loops[k].is_planned = false;
                }
            }
            if (needs_buffer)
            {
                make_buffer();
            }
            for (std::size_t a = 0; a < m_plan.assembled_count; ++a)
            {
                m.is_cleared[a] = is_written(std::size_t(m_plan.assembled[a]));
            }
            for (std::size_t k = 0; k < m_plan.region_count; ++k)
            {
                region_loop<T>& loop = m.loops[k];
                loop.has_parts ? loop.place_parts() : void();
                loop.is_simple = loop.is_planned && loop.is_small && !loop.has_sums && !loop.has_parts;
            }
        }

        /// Gives planned loops their pointers again.
        void move_loops()
        {
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
                }
            }
        }

        /// A region's loop over `shape`, for the results that have it; or over the part of it that has the shape `part`.
        [[gnu::cold]] void plan_loop(std::size_t k, const array::shape& shape, const array::shape& part)
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
            for (std::size_t i = 0; i < loop.streams + loop.results; ++i)
            {
                loop.row_step[i] = loop.stride[i][0];
            }
            loop.plan(part);
            loop.has_sums = loop.has_chunks = false;
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

        [[gnu::cold]] void make_buffer()
        {
            constexpr std::size_t line = 64 / sizeof(T);
            const std::size_t size = m_plan.most_arrays * std::size_t(block_sizes<T>::buffer) + line;
            if (m_buffer.size() < size)
            {
                m_buffer.resize(size);
            }
            // At the beginning of a cache line, for registers as wide as one.
            void* begin = m_buffer.data();
            std::size_t bytes = m_buffer.size() * sizeof(T);
            m.scratch.buffer = static_cast<T*>(std::align(64, sizeof(T), begin, bytes));
        }

        /// How many numbers are kept for the next run.
        std::size_t kept_numbers() const
        {
            std::size_t numbers = 0;
            for (const row_chunks<T>& chunks : m_chunks)
            {
                numbers += chunks.kept_numbers();
            }
            return numbers;
        }

        const array::shape& loop_shape(const graph::region_output& out) const { return m.shape[std::size_t(out.from)]; }

    private:
        std::vector<T> m_buffer;
        std::vector<row_chunks<T>> m_chunks;  ///< of each region, once one has need of them
#if defined(XTENSOR_USE_TBB)
        parallel_rows<T> m_threads;
#endif
        T m_unwanted = 0;  ///< where numbers go that are computed beside others

        /// For what is read but not wanted, since it is computed beside what is: any number will do.
        static constexpr T anything = 0;

        const T* data_of(std::size_t step) const
        {
            return m.value[step].data == nullptr ? &anything : m.value[step].data;
        }

        /// Whether one loop goes through all parts of a step's memory, and writes it.
        [[gnu::cold]] bool is_written(std::size_t home)
        {
            const auto is_part = [home](const graph::region_output& out) { return std::size_t(out.home) == home; };
            const std::ptrdiff_t parts = std::count_if(m_plan.results, m_plan.results + m_plan.result_count, is_part);
            for (std::size_t k = 0; k < m_plan.region_count; ++k)
            {
                region_loop<T>& loop = m.loops[k];
                if (loop.is_planned && std::count_if(loop.outputs, loop.outputs + loop.results, is_part) == parts)
                {
                    return loop.find_parts(home, m.target[home]);
                }
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
                    const std::size_t step = std::size_t(loop.outputs[o].step);
                    output_ref sum = m.target[step];
                    if (m_count != 0 && m.row[step].when == there::by_rows)
                    {
                        take_rows(step, sum);
                    }
                    array::fill(sum, T(0));
                }
            }
            for (std::size_t o = 0; loop.has_parts && o < loop.results; ++o)
            {
                if (const part_place& part = loop.part[o]; part.writes)
                {
                    std::fill_n(loop.out[o] - part.before, part.before, T(0));
                    std::fill_n(loop.out[o] + part.written, part.after, T(0));
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
    };
}
