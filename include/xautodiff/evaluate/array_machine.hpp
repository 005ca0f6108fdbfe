// SPDX-License-Identifier: BSD-3-Clause
// Running a graph on arrays, as far as it does not depend on which graph: leaves, shapes, memory, loops over rows. Compiled
// once for each number type; what is generated for a graph are its kernels' inner loops (array_evaluator.hpp).
#pragma once

#include <xautodiff/array/kernels.hpp>
#include <xautodiff/evaluate/payload.hpp>
#include <xautodiff/graph/plan.hpp>

#include <array>
#include <span>
#include <vector>

namespace xautodiff::evaluate
{
    /// A plan without its sizes in the type.
    struct plan_view
    {
        std::span<const graph::plan_step> steps;
        std::span<const graph::plan_slot> slots;
        const int* outputs;
        const int* occurrence_slot;
        std::span<const graph::kernel> kernels;
        const int* streams;
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

        using structured_kernel = void (*)(const operands&);

        /// The inner loop of an elementwise kernel: `n` elements from `data` at distances `stride` to `out`.
        using row_kernel = void (*)(array::index n, const T* const* data, const array::index* stride, T* out,
                                    array::index out_stride);
        /// The inner loop of a sum.
        using sum_kernel = void (*)(array::index n, const T* const* data, const array::index* stride,
                                    array::pairwise_sum<T>& total);

        explicit array_machine(const plan_view& p)
            : m_plan(p),
              m_value(p.steps.size()),
              m_target(p.steps.size()),
              m_shape(p.steps.size()),
              m_literal(p.steps.size()),
              m_number(p.slots.size()),
              m_parameters(p.slots.size()),
              m_origin(p.slots.size()),
              m_converted(p.slots.size())
        {
            for (std::size_t i = 0; i < p.steps.size(); ++i)
            {
                m_literal[i] = T(p.steps[i].value);
                m_value[i] = input_ref(&m_literal[i], {});
            }
            for (std::size_t s = 0; s < p.slots.size(); ++s)
            {
                if (p.slots[s].fixed != nullptr)
                {
                    m_parameters[s] = *p.slots[s].fixed;
                }
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
            else
            {
                set_elements(slot, array::traits<C>::ref(container));
            }
        }

        /// All shapes from those of the leaves. Throws shape_error where they do not fit.
        void infer_shapes()
        {
            for (std::size_t i = 0; i < m_plan.steps.size(); ++i)
            {
                const graph::plan_step& s = m_plan.steps[i];
                if (s.kind == graph::step_kind::slot)
                {
                    m_shape[i] = m_value[i].shape;
                }
                else if (s.kind == graph::step_kind::operation)
                {
                    graph::shapes x;
                    for (int k = 0; k < s.arity; ++k)
                    {
                        x[std::size_t(k)] = m_shape[std::size_t(s.operand[std::size_t(k)])];
                    }
                    m_shape[i] = s.infer(x, parameters_of(s));
                }
            }
        }

        const array::shape& output_shape(std::size_t output) const { return m_shape[output_step(output)]; }

        void forget_targets() { std::fill(m_target.begin(), m_target.end(), output_ref()); }

        /// Gives a result its shape; its own memory takes the value where the types agree and no other result has it yet.
        template <class C>
        void prepare_result(std::size_t output, C& result)
        {
            using traits = array::traits<C>;
            const std::size_t step = output_step(output);
            traits::resize(result, m_shape[step]);
            if constexpr (std::same_as<typename traits::value_type, T>)
            {
                if (m_plan.steps[step].slot < 0 && m_target[step].data == nullptr)
                {
                    m_target[step] = traits::ref(result);
                }
            }
        }

        template <class C>
        void finish_result(std::size_t output, C& result)
        {
            const std::size_t step = output_step(output);
            const auto to = array::traits<C>::ref(result);
            if (static_cast<const void*>(to.data) != static_cast<const void*>(m_value[step].data))
            {
                array::copy(to, m_value[step]);
            }
        }

        /// Gives memory to every stored step that `wanted` outputs need and that has none yet.
        void allocate(unsigned long long wanted)
        {
            place_sums();
            const auto needs_memory = [&](const graph::kernel& k)
            { return (k.serves & wanted) != 0 && m_target[std::size_t(k.root)].data == nullptr; };
            std::size_t total = 0;
            for (const graph::kernel& k : m_plan.kernels)
            {
                total += needs_memory(k) ? std::size_t(m_shape[std::size_t(k.root)].size()) : 0;
            }
            if (m_work.size() < total)
            {
                m_work.resize(total);
            }
            T* next = m_work.data();
            for (const graph::kernel& k : m_plan.kernels)
            {
                const std::size_t root = std::size_t(k.root);
                if (needs_memory(k))
                {
                    m_target[root] = output_ref(next, m_shape[root]);
                    next += m_shape[root].size();
                }
                m_value[root] = m_target[root];
            }
        }

        void run_structured(const graph::kernel& k, structured_kernel run)
        {
            const graph::plan_step& s = m_plan.steps[std::size_t(k.root)];
            operands all;
            all.out = m_target[std::size_t(k.root)];
            all.parameters = parameters_of(s);
            for (int i = 0; i < s.arity; ++i)
            {
                const std::size_t x = std::size_t(s.operand[std::size_t(i)]);
                all.x[std::size_t(i)] =
                    (s.shape_only >> unsigned(i) & 1u) != 0 ? input_ref(nullptr, m_shape[x]) : m_value[x];
            }
            if (all.x[0].data != all.out.data || all.out.size() == 0)
            {
                run(all);
            }
        }

        /// Runs an elementwise kernel; `unit` is its inner loop for streams that lie in one piece.
        template <std::size_t Streams>
        void run_rows(const graph::kernel& k, row_kernel unit, row_kernel strided)
        {
            const std::size_t root = std::size_t(k.root);
            const output_ref& out = m_target[root];
            const array::loop<Streams + 1> plan = plan_rows<Streams>(k, m_shape[root], out.stride);
            const row_kernel run = is_unit<Streams>(k, plan, true) ? unit : strided;
            plan.for_each_row(
                [&](const auto& at)
                {
                    const auto data = row<Streams>(k, at);
                    run(plan.row_size(), data.data(), plan.row_stride().data(), out.data + at[Streams],
                        plan.row_stride()[Streams]);
                });
        }

        template <std::size_t Streams>
        void run_sum(const graph::kernel& k, sum_kernel unit, sum_kernel strided)
        {
            const std::size_t operand = std::size_t(m_plan.steps[std::size_t(k.root)].operand[0]);
            const array::loop<Streams + 1> plan = plan_rows<Streams>(k, m_shape[operand], {});
            const sum_kernel run = is_unit<Streams>(k, plan, false) ? unit : strided;
            array::pairwise_sum<T> total;
            plan.for_each_row(
                [&](const auto& at)
                {
                    const auto data = row<Streams>(k, at);
                    run(plan.row_size(), data.data(), plan.row_stride().data(), total);
                });
            *m_target[std::size_t(k.root)].data = total.total();
        }

    private:
        plan_view m_plan;
        std::vector<input_ref> m_value;    ///< where each slot's and each stored step's value lies
        std::vector<output_ref> m_target;  ///< where each stored step's value goes
        std::vector<array::shape> m_shape;
        std::vector<T> m_literal;
        std::vector<T> m_number;
        std::vector<array::parameters> m_parameters;
        std::vector<const void*> m_origin;        ///< what first filled each slot
        std::vector<std::vector<T>> m_converted;  ///< elements of another number type
        std::vector<T> m_work;
        bool m_consistent = true;

        std::size_t slot_step(std::size_t slot) const { return std::size_t(m_plan.slots[slot].step); }
        std::size_t output_step(std::size_t output) const { return std::size_t(m_plan.outputs[output]); }

        const array::parameters* parameters_of(const graph::plan_step& s) const
        {
            for (int k = 0; k < s.arity; ++k)
            {
                const graph::plan_step& x = m_plan.steps[std::size_t(s.operand[std::size_t(k)])];
                if (x.kind == graph::step_kind::parameter)
                {
                    return &m_parameters[std::size_t(x.slot)];
                }
            }
            return nullptr;
        }

        void set_number(std::size_t slot, T number)
        {
            m_number[slot] = number;
            m_value[slot_step(slot)] = input_ref(&m_number[slot], {});
        }

        template <class U>
        void set_elements(std::size_t slot, const array::array_ref<const U>& elements)
        {
            if constexpr (std::same_as<U, T>)
            {
                m_value[slot_step(slot)] = elements;
            }
            else
            {
                m_converted[slot].resize(std::size_t(elements.size()));
                const output_ref copy(m_converted[slot].data(), elements.shape);
                array::copy(copy, elements);
                m_value[slot_step(slot)] = copy;
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
            m_consistent = m_consistent && (first || m_parameters[slot] == p);
            m_parameters[slot] = first ? p : m_parameters[slot];
        }

        void take_number(int occurrence, T number, const void* origin)
        {
            std::size_t slot;
            if (is_first(occurrence, slot))
            {
                set_number(slot, number);
                m_origin[slot] = origin;
            }
            m_consistent = m_consistent && m_origin[slot] == origin && same_payload(m_number[slot], number);
        }

        template <class U>
        void take_elements(int occurrence, const array::array_ref<const U>& elements, const void* origin)
        {
            std::size_t slot;
            if (is_first(occurrence, slot))
            {
                set_elements(slot, elements);
                m_origin[slot] = origin;
            }
            m_consistent = m_consistent && m_origin[slot] == origin && m_value[slot_step(slot)].shape == elements.shape;
        }

        /// Where summing to a shape has nothing to sum, what it reads is computed right into its place.
        void place_sums()
        {
            for (std::size_t k = m_plan.kernels.size(); k-- > 0;)
            {
                const std::size_t root = std::size_t(m_plan.kernels[k].root);
                const graph::plan_step& s = m_plan.steps[root];
                if (s.is_sum_to)
                {
                    const std::size_t x = std::size_t(s.operand[0]);
                    if (m_plan.steps[x].slot < 0 && m_target[x].data == nullptr && m_target[root].data != nullptr
                        && m_shape[x] == m_shape[root])
                    {
                        m_target[x] = m_target[root];
                    }
                }
            }
        }

        std::size_t stream(const graph::kernel& k, std::size_t i) const
        {
            return std::size_t(m_plan.streams[std::size_t(k.first_stream) + i]);
        }

        template <std::size_t Streams>
        array::loop<Streams + 1> plan_rows(const graph::kernel& k, const array::shape& shape,
                                           const array::strides& out) const
        {
            std::array<array::strides, Streams + 1> stride{};
            for (std::size_t i = 0; i < Streams; ++i)
            {
                stride[i] = array::broadcast_to(m_value[stream(k, i)], shape).stride;
            }
            stride[Streams] = out;
            return {shape, stride};
        }

        template <std::size_t Streams>
        std::array<const T*, Streams + 1> row(const graph::kernel& k,
                                              const std::array<array::index, Streams + 1>& at) const
        {
            std::array<const T*, Streams + 1> data{};
            for (std::size_t i = 0; i < Streams; ++i)
            {
                data[i] = m_value[stream(k, i)].data + at[i];
            }
            return data;
        }

        /// Whether all streams but those known to be numbers, and the output, advance by one element.
        template <std::size_t Streams>
        bool is_unit(const graph::kernel& k, const array::loop<Streams + 1>& plan, bool has_output) const
        {
            bool unit = !has_output || plan.row_stride()[Streams] == 1;
            for (std::size_t i = 0; i < Streams; ++i)
            {
                unit = unit && (m_plan.steps[stream(k, i)].is_number || plan.row_stride()[i] == 1);
            }
            return unit || plan.row_size() == 1;
        }
    };
}
