// SPDX-License-Identifier: BSD-3-Clause
// Runs a graph all of whose shapes are known to the types: numbers and std::array. No allocation, constexpr throughout;
// after inlining, what is left is the straight-line code of the formula.
#pragma once

#include <xautodiff/evaluate/payload.hpp>
#include <xautodiff/evaluate/unroll.hpp>
#include <xautodiff/evaluate/whole.hpp>
#include <xautodiff/graph/plan.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace xautodiff::evaluate
{
    /// Whether every shape is known, so that the static evaluator can run the graph.
    template <const auto& Graph>
    inline constexpr bool has_static_shapes = []
    {
        for (const graph::step& s : Graph.steps)
        {
            if (s.kind != graph::step_kind::parameter && !s.shape.is_known())
            {
                return false;
            }
        }
        return true;
    }();

    template <const auto& Graph, class T>
    class static_evaluator
    {
    public:
        /// The place of a slot's value.
        constexpr T* slot_data(int slot)
        {
            return &m_work[std::size_t(layout.offset[std::size_t(slot_step[std::size_t(slot)])])];
        }
        constexpr array::parameters& slot_parameters(int slot) { return m_parameters[std::size_t(slot)]; }
        constexpr const T* output_data(int output) const
        {
            return &m_work[std::size_t(layout.offset[std::size_t(outputs[std::size_t(output)])])];
        }

        constexpr void run()
        {
            if constexpr (is_of_numbers)
            {
                unroll_in_chunks<Graph.size()>([this]<int First, std::size_t... I>(
                    std::integral_constant<int, First>, std::index_sequence<I...>) __attribute__((always_inline)) {
                    (this->template run_number<operation_at<First + int(I)>, masks(First + int(I))>(
                         First + I, number_steps[First + I],
                         std::make_index_sequence<std::size_t(Graph[First + int(I)].arity())>{}),
                     ...);
                });
            }
            else
            {
                unroll<Graph.size()>([this](auto i) __attribute__((always_inline)) { this->template run_step<i()>(); });
            }
        }

    private:
        // A copy: what runs must not mention the graph (see graph/plan.hpp).
        static constexpr auto outputs = Graph.outputs;

        static constexpr auto valued = []
        {
            const graph::flags v = graph::valued_steps(Graph);
            std::array<bool, std::size_t(Graph.size()) + 1> out{};
            std::copy(v.begin(), v.end(), out.begin());
            return out;
        }();

        struct memory_layout
        {
            std::array<int, std::size_t(Graph.size()) + 1> offset{};
            int size = 0;
        };

        static constexpr memory_layout layout = []
        {
            memory_layout l;
            for (int i = 0; i < Graph.size(); ++i)
            {
                l.offset[std::size_t(i)] = l.size;
                l.size += Graph[i].kind == graph::step_kind::parameter ? 0 : int(Graph[i].shape.size());
            }
            return l;
        }();

        static constexpr auto slot_step = []
        {
            std::array<int, Graph.slots.size() + 1> out{};
            for (int i = 0; i < Graph.size(); ++i)
            {
                if (Graph[i].slot >= 0)
                {
                    out[std::size_t(Graph[i].slot)] = i;
                }
            }
            return out;
        }();

        static constexpr bool has_parameters = []
        {
            for (const graph::step& s : Graph.steps)
            {
                if (s.kind == graph::step_kind::parameter)
                {
                    return true;
                }
            }
            return false;
        }();

        /// Whether every step is one number, at the place of its own index. Then nothing is instantiated for a step but for
        /// each operation.
        static constexpr bool is_of_numbers = []
        {
            for (const graph::step& s : Graph.steps)
            {
                if (s.kind == graph::step_kind::parameter || s.shape.size() != 1
                    || (s.op != nullptr && s.op->is_structured))
                {
                    return false;
                }
            }
            return true;
        }();

        struct number_step
        {
            std::array<int, graph::max_operands> operand{};
            bool is_literal = false;
            double value = 0;
        };

        static constexpr auto number_steps = []
        {
            std::array<number_step, std::size_t(Graph.size()) + 1> out{};
            for (std::size_t i = 0; is_of_numbers && i < std::size_t(Graph.size()); ++i)
            {
                const graph::step& s = Graph.steps[i];
                out[i] = {s.operand, s.kind == graph::step_kind::literal, s.value};
            }
            return out;
        }();

        /// Which operands of step i are masks, as bits.
        static constexpr unsigned masks(int i)
        {
            unsigned out = 0;
            for (int k = 0; k < Graph[i].arity(); ++k)
            {
                out |= unsigned(Graph[Graph[i].operand[std::size_t(k)]].is_mask()) << unsigned(k);
            }
            return out;
        }

        /// What computes step I; void where there is nothing to compute.
        template <int I>
        using operation_at =
            typename graph::detail::operation_type<valued[std::size_t(I)] ? Graph[I].op : nullptr>::type;

        std::array<T, std::size_t(layout.size) + 1> m_work;
        std::array<bool, std::size_t(layout.size) + 1> m_mask;
        std::array<array::parameters, has_parameters ? Graph.slots.size() : 0> m_parameters;

        template <class Op, unsigned Masks, std::size_t... K>
        [[gnu::always_inline]] constexpr void run_number(std::size_t at, const number_step& s,
                                                         std::index_sequence<K...>)
        {
            if constexpr (!std::is_void_v<Op>)
            {
                store<Op>(at, Op::value(number<(Masks >> K & 1u) != 0>(s.operand[K])...));
            }
            else if (s.is_literal)
            {
                m_work[at] = T(s.value);
            }
        }

        template <bool IsMask>
        [[gnu::always_inline]] constexpr auto number(array::index at) const
        {
            if constexpr (IsMask)
            {
                return m_mask[std::size_t(at)];
            }
            else
            {
                return m_work[std::size_t(at)];
            }
        }

        template <class Op>
        [[gnu::always_inline]] constexpr void store(std::size_t at, const auto& value)
        {
            if constexpr (requires { Op::is_mask; })
            {
                m_mask[at] = bool(value);
                // For what takes it as a number: an output, a sum.
                m_work[at] = T(m_mask[at]);
            }
            else
            {
                m_work[at] = T(value);
            }
        }

        template <int I>
        [[gnu::always_inline]] constexpr void run_step()
        {
            using s = graph::step_at<Graph, I>;
            if constexpr (!valued[std::size_t(I)])
            {
                return;
            }
            else if constexpr (s::kind == graph::step_kind::literal)
            {
                m_work[std::size_t(layout.offset[std::size_t(I)])] = T(s::value);
            }
            else if constexpr (s::kind == graph::step_kind::operation)
            {
                using Op = typename s::operation;
                if constexpr (s::is_structured)
                {
                    structured<Op, I>(std::make_index_sequence<std::size_t(s::arity)>{});
                }
                else if constexpr (s::shape.size() == 1)
                {
                    elementwise<Op, I>(0, std::make_index_sequence<std::size_t(s::arity)>{});
                }
                else
                {
                    constexpr array::index size = s::shape.size();
                    for (array::index j = 0; j < size; ++j)
                    {
                        elementwise<Op, I>(j, std::make_index_sequence<std::size_t(s::arity)>{});
                    }
                }
            }
        }

        template <class Op, int I, std::size_t... K>
        [[gnu::always_inline]] constexpr void elementwise(array::index j, std::index_sequence<K...>)
        {
            using s = graph::step_at<Graph, I>;
            store<Op>(std::size_t(layout.offset[std::size_t(I)] + j),
                      Op::value(load<I, s::template operand<int(K)>>(j)...));
        }

        /// Element j, counted in the shape of step I, of its operand.
        template <int I, int Operand>
        [[gnu::always_inline]] constexpr auto load(array::index j) const
        {
            using x = graph::step_at<Graph, Operand>;
            array::index at = layout.offset[std::size_t(Operand)];
            if constexpr (x::shape.size() != 1)
            {
                if constexpr (x::shape == Graph[I].shape)
                {
                    at += j;
                }
                else
                {
                    constexpr array::strides stride = array::contiguous_strides(x::shape);
                    constexpr array::shape whole = Graph[I].shape;
                    for (int d = 1; d <= whole.rank; ++d)
                    {
                        const array::index extent = whole[whole.rank - d];
                        constexpr int rank = x::shape.rank;
                        if (d <= rank)
                        {
                            at += j % extent * stride[std::size_t(rank - d)];
                        }
                        j /= extent;
                    }
                }
            }
            return number<x::is_mask>(at);
        }

        template <class Op, int I, std::size_t... K>
        constexpr void structured(std::index_sequence<K...>)
        {
            using s = graph::step_at<Graph, I>;
            run_whole<Op, op::loop_product>(
                array::array_ref<T>(&m_work[std::size_t(layout.offset[std::size_t(I)])], s::shape),
                operand<s::template operand<int(K)>>()...);
        }

        template <int Operand>
        constexpr decltype(auto) operand() const
        {
            using x = graph::step_at<Graph, Operand>;
            if constexpr (x::kind == graph::step_kind::parameter)
            {
                return (m_parameters[std::size_t(x::slot)]);
            }
            else
            {
                return array::array_ref<const T>(&m_work[std::size_t(layout.offset[std::size_t(Operand)])], x::shape);
            }
        }
    };
}
