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

        /// Where a leaf's value goes: what is known of the graph while compiling.
        struct slot_place
        {
            std::size_t slot;
            std::size_t step;
            bool is_first = true;  ///< it fills the slot, in which later leaves of its identity have to find the same
        };

        /// Fills slots from the payloads of an expression. Returns false where leaves of one identity hold different ones.
        template <class Node>
        bool take_payloads(const Node& node)
        {
            m_consistent = true;
            for_each_payload(node, *this);
            return m_consistent;
        }

        /// Takes a leaf's payload.
        template <class Leaf>
        void operator()(int occurrence, const Leaf& leaf)
        {
            const std::size_t slot = std::size_t(m_plan.occurrence_slot[occurrence]);
            const graph::plan_slot& s = m_plan.slots[slot];
            const slot_place at{slot, std::size_t(s.step), s.occurrence == occurrence};
            const void* origin = nullptr;
            if constexpr (requires { leaf.origin(); })
            {
                origin = leaf.origin();
            }
            if constexpr (Leaf::kind == expression::leaf_kind::parameter)
            {
                take_parameters(at, leaf.payload());
            }
            else if constexpr (array::scalar_value<decltype(leaf.payload())>)
            {
                take_number(at, T(leaf.payload()), origin);
            }
            else
            {
                const auto elements = leaf.payload();
                take_elements(at, elements, origin == nullptr ? elements.data : origin);
            }
        }

        /// Takes an argument of the call.
        template <class C>
        void set(slot_place at, const C& container)
        {
            if constexpr (array::scalar_value<C>)
            {
                set_number(at, T(container));
            }
            else if constexpr (std::same_as<typename array::traits<C>::value_type, T>)
            {
                if (!array::lies_at(container, m.value[at.step]))
                {
                    place(at.step, array::traits<C>::ref(container));
                }
            }
            else
            {
                set_elements(at, array::traits<C>::ref(container));
            }
        }

    protected:
        plan_view m_plan;
        machine_memory<T> m;
        /// Some leaf has another shape, or its elements lie otherwise: what was planned is void.
        bool m_changed = true;
        /// Some elements lie elsewhere, but in the same way.
        bool m_moved = false;

        [[gnu::noinline]] static bool lies_alike(const input_ref& a, const input_ref& b)
        {
            // Not by std::equal, which calls memcmp for a number or two.
            bool alike = a.shape == b.shape;
            for (std::size_t d = 0; alike && d < std::size_t(a.shape.rank); ++d)
            {
                alike = a.stride[d] == b.stride[d];
            }
            return alike;
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

    private:
        bool m_consistent = true;

        void set_number(slot_place at, T number)
        {
            m.number[at.slot] = number;
            if (m.value[at.step].data != &m.number[at.slot])
            {
                place(at.step, input_ref(&m.number[at.slot], {}));
            }
        }

        template <class U>
        void set_elements(slot_place at, const array::array_ref<const U>& elements)
        {
            if constexpr (std::same_as<U, T>)
            {
                place(at.step, elements);
            }
            else
            {
                m.converted[at.slot].resize(std::size_t(elements.size()));
                const output_ref copy(m.converted[at.slot].data(), elements.shape);
                array::copy(copy, elements);
                place(at.step, copy);
            }
        }

        void place(std::size_t step, const input_ref& elements)
        {
            input_ref& at = m.value[step];
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

        void take_parameters(slot_place at, const array::parameters& p)
        {
            if (!(m.parameters[at.slot] == p))
            {
                m_consistent = m_consistent && at.is_first;
                m_changed = true;
                m.parameters[at.slot] = at.is_first ? p : m.parameters[at.slot];
            }
        }

        void take_number(slot_place at, T number, const void* origin)
        {
            if (at.is_first)
            {
                set_number(at, number);
                m.origin[at.slot] = origin;
            }
            else
            {
                m_consistent = m_consistent && m.origin[at.slot] == origin && same_payload(m.number[at.slot], number);
            }
        }

        template <class U>
        void take_elements(slot_place at, const array::array_ref<const U>& elements, const void* origin)
        {
            if (at.is_first)
            {
                set_elements(at, elements);
                m.origin[at.slot] = origin;
            }
            else
            {
                m_consistent = m_consistent && m.origin[at.slot] == origin && m.value[at.step].shape == elements.shape;
            }
        }
    };
}
