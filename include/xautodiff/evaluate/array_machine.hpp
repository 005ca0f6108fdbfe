// SPDX-License-Identifier: BSD-3-Clause
// Running a graph on arrays, as far as it does not depend on which graph: leaves, shapes, memory, loops over regions.
// Compiled once for each number type; what is generated for a graph are its regions' inner loops (region_kernel.hpp).
#pragma once

#include <xautodiff/array/kernels.hpp>
#include <xautodiff/evaluate/payload.hpp>
#include <xautodiff/evaluate/region_runner.hpp>

#include <array>
#include <vector>

namespace xautodiff::evaluate
{
    /// A plan without its sizes in the type.
    struct plan_view
    {
        const graph::plan_step* steps;
        const graph::plan_slot* slots;
        const int* outputs;
        const int* occurrence_slot;
        const graph::task* tasks;
        const graph::region* regions;
        const graph::region_output* results;
        const int* streams;
        const int* numbers;
        const int* expected;
        std::size_t step_count, slot_count, task_count, region_count, result_count, expected_count;
        std::size_t most_arrays;  ///< the largest number of streams and results of one region
    };

    /// What is known of a region from one run to the next, while nothing moves.
    struct region_state
    {
        bool is_plain = false;  ///< one row of neighbours
        array::index size = 0;
        int first_in = 0;  ///< of its pointers, among all regions'
    };

    /// The machine's memory, whose sizes depend on the graph. Plain pointers: that there is enough is known to the types.
    template <class T>
    struct machine_memory
    {
        array::array_ref<const T>* value;  ///< where each step's value lies
        array::array_ref<T>* target;       ///< where each stored step's value goes
        array::shape* shape;
        T* literal;
        T* number;  ///< of each slot
        array::parameters* parameters;
        const void** origin;                ///< what first filled each slot
        std::vector<T>* converted;          ///< elements of another number type
        array::array_ref<const T>* result;  ///< of each output, the container's elements
        region_state* regions;
        const T** in;
        T** out;
        // For one region at a time.
        array::strides* stride;
        array::widest_t<T>* totals;
        array::pairwise_sum<T>* sums;
        const T** from;
        T** to;
        const T** streams_here;
        T** results_here;
        array::index* at;
    };

    template <class T>
    class array_machine
    {
    public:
        using input_ref = array::array_ref<const T>;
        using output_ref = array::array_ref<T>;

        /// Where a kernel of whole arrays reads and writes.
        struct operands
        {
            output_ref out;
            std::array<input_ref, graph::max_operands> x;
            const array::parameters* parameters = nullptr;
        };

        using whole_kernel = void (*)(const operands&);
        using element_function = T (*)(const T* x);
        using alias_function = input_ref (*)(const input_ref&, const array::shape&, const array::parameters*);

        array_machine(const plan_view& p, const machine_memory<T>& memory) : m_plan(p), m(memory)
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
            int in = 0;
            for (std::size_t r = 0; r < p.region_count; ++r)
            {
                m.regions[r].first_in = in;
                in += p.regions[r].streams + p.regions[r].numbers;
            }
        }

        // Slots point into the machine's own numbers.
        array_machine(const array_machine&) = delete;
        array_machine& operator=(const array_machine&) = delete;

        /// Fills slots from the payloads of an expression; false where leaves of one identity hold different ones.
        template <class Node>
        bool read_payloads(const Node& node)
        {
            m_consistent = true;
            for_each_payload(node, *this);
            return m_consistent;
        }

        /// The visitor of read_payloads.
        template <class Leaf>
        void operator()(int occurrence, const Leaf& leaf)
        {
            const void* origin = nullptr;
            if constexpr (requires { leaf.origin(); })
            {
                origin = leaf.origin();
            }
            if constexpr (Leaf::kind == expression::leaf_kind::parameter)
            {
                take_parameters(occurrence, leaf.payload());
            }
            else if constexpr (array::scalar_value<decltype(leaf.payload())>)
            {
                take_number(occurrence, T(leaf.payload()), origin);
            }
            else
            {
                const auto elements = leaf.payload();
                take_elements(occurrence, elements, origin == nullptr ? elements.data : origin);
            }
        }

        /// Puts an argument of the call into its slot.
        template <class C>
        void set(std::size_t slot, const C& container)
        {
            if constexpr (array::scalar_value<C>)
            {
                set_number(slot, T(container));
            }
            else if constexpr (std::same_as<typename array::traits<C>::value_type, T>)
            {
                if (!array::lies_at(container, m.value[slot_step(slot)]))
                {
                    place(slot, array::traits<C>::ref(container));
                }
            }
            else
            {
                set_elements(slot, array::traits<C>::ref(container));
            }
        }

        /// Whether what was planned still holds: leaves and results lie where they lay, and the same results are wanted.
        bool is_planned(unsigned long long wanted) const { return !m_moved && wanted == m_wanted; }

        /// Whether a result still lies where it was planned.
        template <class C>
        void check_result(std::size_t output, const C& result)
        {
            if constexpr (std::same_as<typename array::traits<C>::value_type, T>)
            {
                m_moved = m_moved || !array::lies_at(result, m.result[output]);
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
            bool needs_buffer = false;
            for (std::size_t k = 0; k < m_plan.region_count; ++k)
            {
                const graph::region& r = m_plan.regions[k];
                region_state& state = m.regions[k];
                for (int i = 0; i < r.streams; ++i)
                {
                    m.in[std::size_t(state.first_in + i)] = data_of(stream(r, i));
                }
                for (int i = 0; i < r.numbers; ++i)
                {
                    m.in[std::size_t(state.first_in + r.streams + i)] =
                        data_of(std::size_t(m_plan.numbers[r.first_number + i]));
                }
                bool one_shape = true;
                for (int o = 0; o < r.outputs; ++o)
                {
                    const graph::region_output& out = result(r, o);
                    m.out[std::size_t(r.first_output + o)] =
                        (out.serves & wanted) != 0 ? m.target[std::size_t(out.step)].data : nullptr;
                    one_shape = one_shape && loop_shape(r, o) == loop_shape(r, 0);
                }
                state.is_plain = false;
                if (!r.is_number && one_shape)
                {
                    const region_runner<T> runner(arrays(k, loop_shape(r, 0), nullptr), loop_shape(r, 0));
                    state.is_plain = runner.is_plain();
                    state.size = runner.row_size();
                }
                needs_buffer =
                    needs_buffer || (!r.is_number && !(state.is_plain && region_runner<T>::fits_registers(state.size)));
            }
            const std::size_t size = m_plan.most_arrays * std::size_t(region_runner<T>::buffer_size);
            if (needs_buffer && m_buffer.size() < size)
            {
                m_buffer.resize(size);
            }
            m_moved = false;
            m_wanted = wanted;
        }

        void run_whole(std::size_t step, whole_kernel run) const { run(operands_of(step)); }

        /// Element by element, with a call for each: slow, and no code of its own for any operation.
        void run_each(std::size_t step, element_function value) const
        {
            const operands all = operands_of(step);
            const int arity = m_plan.steps[step].arity;
            std::array<input_ref, graph::max_operands> x{};
            std::copy_n(all.x.begin(), arity, x.begin());
            const T zero = 0;
            for (std::size_t k = std::size_t(arity); k < x.size(); ++k)
            {
                x[k] = input_ref(&zero, {});
            }
            array::for_each_element(
                all.out.shape,
                [value](T& out, const T& a, const T& b, const T& c, const T& d)
                {
                    const T element[]{a, b, c, d};
                    out = value(element);
                },
                all.out, x[0], x[1], x[2], x[3]);
        }

    private:
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

    public:
        void run_numbers(std::size_t k, region_function<T> run)
        {
            const graph::region& r = m_plan.regions[k];
            // A number that nothing wants now is computed beside the others.
            T unwanted;
            for (int o = 0; o < r.outputs; ++o)
            {
                T* const to = m.out[std::size_t(r.first_output + o)];
                m.to[std::size_t(o)] = to == nullptr ? &unwanted : to;
            }
            run(1, m.in + m.regions[k].first_in, m.to, nullptr);
        }

        void run_loop(std::size_t k, region_function<T> run)
        {
            const graph::region& r = m_plan.regions[k];
            const region_state& state = m.regions[k];
            if (state.is_plain)
            {
                region_runner<T>::run_plain(plain_arrays(k, run), state.size);
                return;
            }
            // Results of different shapes take a pass each, in which the others go nowhere.
            for (int o = 0; o < r.outputs; ++o)
            {
                const array::shape& shape = loop_shape(r, o);
                bool is_first = m.out[std::size_t(r.first_output + o)] != nullptr;
                for (int before = 0; before < o; ++before)
                {
                    is_first =
                        is_first
                        && !(m.out[std::size_t(r.first_output + before)] != nullptr && loop_shape(r, before) == shape);
                }
                if (is_first)
                {
                    clear_sums(r, shape);
                    region_runner<T>(arrays(k, shape, run), shape).run();
                }
            }
        }

    private:
        plan_view m_plan;
        machine_memory<T> m;
        std::vector<T> m_work;
        std::vector<T> m_buffer;
        unsigned long long m_wanted = 0;
        bool m_consistent = true;
        bool m_moved = true;

        std::size_t slot_step(std::size_t slot) const { return std::size_t(m_plan.slots[slot].step); }
        std::size_t output_step(std::size_t output) const { return std::size_t(m_plan.outputs[output]); }
        std::size_t stream(const graph::region& r, int i) const
        {
            return std::size_t(m_plan.streams[r.first_stream + i]);
        }
        const graph::region_output& result(const graph::region& r, int o) const
        {
            return m_plan.results[std::size_t(r.first_output + o)];
        }
        const array::shape& loop_shape(const graph::region& r, int o) const
        {
            return m.shape[std::size_t(result(r, o).from)];
        }

        /// For what is read but not wanted, since it is computed beside what is: any number will do.
        static constexpr T anything = 0;

        const T* data_of(std::size_t step) const
        {
            return m.value[step].data == nullptr ? &anything : m.value[step].data;
        }

        static bool is_same(const input_ref& a, const input_ref& b)
        {
            if (a.data != b.data || !(a.shape == b.shape))
            {
                return false;
            }
            return std::equal(a.stride.begin(), a.stride.begin() + a.shape.rank, b.stride.begin());
        }

        const array::parameters* parameters_of(const graph::plan_step& s) const
        {
            for (int k = 0; k < s.arity; ++k)
            {
                const graph::plan_step& x = m_plan.steps[std::size_t(s.operand[std::size_t(k)])];
                if (x.kind == graph::step_kind::parameter)
                {
                    return &m.parameters[std::size_t(x.slot)];
                }
            }
            return nullptr;
        }

        bool needs_memory(std::size_t step, unsigned long long serves) const
        {
            return serves != 0 && m.target[step].data == nullptr;
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
                f(std::size_t(m_plan.results[i].step), m_plan.results[i].serves);
            }
        }

        void set_number(std::size_t slot, T number)
        {
            m.number[slot] = number;
            if (m.value[slot_step(slot)].data != &m.number[slot])
            {
                place(slot, input_ref(&m.number[slot], {}));
            }
        }

        template <class U>
        void set_elements(std::size_t slot, const array::array_ref<const U>& elements)
        {
            if constexpr (std::same_as<U, T>)
            {
                place(slot, elements);
            }
            else
            {
                m.converted[slot].resize(std::size_t(elements.size()));
                const output_ref copy(m.converted[slot].data(), elements.shape);
                array::copy(copy, elements);
                place(slot, copy);
            }
        }

        void place(std::size_t slot, const input_ref& elements)
        {
            input_ref& at = m.value[slot_step(slot)];
            if (!is_same(at, elements))
            {
                m_moved = true;
                at = elements;
            }
        }

        /// The slot of a payload leaf, if that leaf is to fill it.
        bool is_first(int occurrence, std::size_t& slot) const
        {
            slot = std::size_t(m_plan.occurrence_slot[occurrence]);
            return m_plan.slots[slot].occurrence == occurrence;
        }

        void take_parameters(int occurrence, const array::parameters& p)
        {
            std::size_t slot;
            const bool first = is_first(occurrence, slot);
            if (!(m.parameters[slot] == p))
            {
                m_consistent = m_consistent && first;
                m_moved = true;
                m.parameters[slot] = first ? p : m.parameters[slot];
            }
        }

        void take_number(int occurrence, T number, const void* origin)
        {
            std::size_t slot;
            if (is_first(occurrence, slot))
            {
                set_number(slot, number);
                m.origin[slot] = origin;
            }
            m_consistent = m_consistent && m.origin[slot] == origin && same_payload(m.number[slot], number);
        }

        template <class U>
        void take_elements(int occurrence, const array::array_ref<const U>& elements, const void* origin)
        {
            std::size_t slot;
            if (is_first(occurrence, slot))
            {
                set_elements(slot, elements);
                m.origin[slot] = origin;
            }
            m_consistent = m_consistent && m.origin[slot] == origin && m.value[slot_step(slot)].shape == elements.shape;
        }

        /// Sums that are made on the way start from zero.
        void clear_sums(const graph::region& r, const array::shape& shape)
        {
            for (int o = 0; o < r.outputs; ++o)
            {
                const graph::region_output& out = result(r, o);
                const std::size_t step = std::size_t(out.step);
                const bool sums = out.kind == graph::output_kind::accumulate
                                  || (out.kind == graph::output_kind::store && !(m.shape[step] == shape));
                if (sums && m.out[std::size_t(r.first_output + o)] != nullptr && loop_shape(r, o) == shape)
                {
                    array::fill(m.target[step], T(0));
                }
            }
        }

        /// What a stream or a result looks like from a loop over `shape`; nothing where it is no part of it.
        array::strides strides_of(const graph::region_output& out, const array::shape& shape) const
        {
            const graph::plan_step& s = m_plan.steps[std::size_t(out.step)];
            const output_ref& target = m.target[std::size_t(out.step)];
            const bool reduces = out.step != out.from;
            if (out.kind == graph::output_kind::total)
            {
                return {};
            }
            if (reduces && s.reduces == graph::reduction_kind::over_axes)
            {
                return array::broadcast_to(array::unsqueezed(target, shape, *parameters_of(s)), shape).stride;
            }
            return array::broadcast_to(target, shape).stride;
        }

        static bool broadcasts_to(const array::shape& from, const array::shape& to)
        {
            bool fits = from.rank <= to.rank;
            for (int d = 0; fits && d < from.rank; ++d)
            {
                fits = from[d] == 1 || from[d] == to[to.rank - from.rank + d];
            }
            return fits;
        }

        /// A region whose arrays are all rows of neighbours.
        region_arrays<T> plain_arrays(std::size_t k, region_function<T> run)
        {
            const graph::region& r = m_plan.regions[k];
            return {run,
                    m.in + m.regions[k].first_in,
                    m.out + r.first_output,
                    m_plan.results + r.first_output,
                    std::size_t(r.streams),
                    std::size_t(r.numbers),
                    std::size_t(r.outputs),
                    m.stride,
                    m.totals,
                    m.sums,
                    m.from,
                    m.to,
                    m.at,
                    m_buffer.data()};
        }

        /// A region in a loop over `shape`.
        region_arrays<T> arrays(std::size_t k, const array::shape& shape, region_function<T> run)
        {
            const graph::region& r = m_plan.regions[k];
            const std::size_t streams = std::size_t(r.streams), outputs = std::size_t(r.outputs);
            for (std::size_t s = 0; s < streams; ++s)
            {
                const input_ref& x = m.value[stream(r, int(s))];
                // What does not fit is read for other results only.
                const bool fits = broadcasts_to(x.shape, shape) && x.data != nullptr;
                m.stride[s] = fits ? array::broadcast_to(x, shape).stride : array::strides{};
                m.streams_here[s] = fits ? x.data : &anything;
            }
            for (std::size_t i = streams; i < streams + std::size_t(r.numbers); ++i)
            {
                m.streams_here[i] = m.in[std::size_t(m.regions[k].first_in) + i];
            }
            for (std::size_t o = 0; o < outputs; ++o)
            {
                const bool here = m.out[std::size_t(r.first_output) + o] != nullptr && loop_shape(r, int(o)) == shape;
                m.stride[streams + o] = here ? strides_of(result(r, int(o)), shape) : array::strides{};
                m.results_here[o] = here ? m.out[std::size_t(r.first_output) + o] : nullptr;
            }
            region_arrays<T> all = plain_arrays(k, run);
            all.in = m.streams_here;
            all.out = m.results_here;
            return all;
        }
    };
}
