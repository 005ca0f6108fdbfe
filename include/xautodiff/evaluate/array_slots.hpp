// SPDX-License-Identifier: BSD-3-Clause
// Where the values of a graph's leaves come from: the payloads of an expression, and the arguments of a call. Remembers
// whether anything lies elsewhere than the last time, and whether in another way.
#pragma once

#include <xautodiff/evaluate/machine_memory.hpp>
#include <xautodiff/evaluate/payload.hpp>

namespace xautodiff::evaluate
{
    template <class T>
    class array_slots
    {
    public:
        using input_ref = array::array_ref<const T>;
        using output_ref = array::array_ref<T>;

        array_slots(const plan_view& p, const machine_memory<T>& memory) : m_plan(p), m(memory) {}

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

    protected:
        plan_view m_plan;
        machine_memory<T> m;
        /// Some leaf has another shape, or its elements lie otherwise: what was planned is void.
        bool m_changed = true;
        /// Some elements lie elsewhere, but in the same way.
        bool m_moved = false;

        static bool lies_alike(const input_ref& a, const input_ref& b)
        {
            // Not by std::equal, which calls memcmp for a number or two.
            bool alike = a.shape == b.shape;
            for (std::size_t d = 0; alike && d < std::size_t(a.shape.rank); ++d)
            {
                alike = a.stride[d] == b.stride[d];
            }
            return alike;
        }

        std::size_t slot_step(std::size_t slot) const { return std::size_t(m_plan.slots[slot].step); }

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

    private:
        bool m_consistent = true;

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
            if (!lies_alike(at, elements))
            {
                m_changed = true;
                at = elements;
            }
            else if (at.data != elements.data)
            {
                m_moved = true;
                at.data = elements.data;
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
                m_changed = true;
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
    };
}
