// SPDX-License-Identifier: BSD-3-Clause
// Runs a graph on arrays whose shapes are known at run time, kernel by kernel as its schedule says. An evaluator can be
// kept: where shapes stay the same, running it again allocates nothing.
#pragma once

#include <xautodiff/array/kernels.hpp>
#include <xautodiff/evaluate/payload.hpp>
#include <xautodiff/evaluate/unroll.hpp>
#include <xautodiff/graph/schedule.hpp>

#include <array>
#include <tuple>
#include <vector>

namespace xautodiff::evaluate
{
    template <const auto& Graph, class T, class Product>
    class array_evaluator
    {
    public:
        /// Reads arguments and payloads, and writes what `results` points to; a null pointer there leaves that output out.
        /// Returns false, having computed nothing, where leaves of one identity hold different payloads.
        /// Throws shape_error where shapes do not fit.
        template <class Node, class... Argument, class... Result>
        bool run(const Node& node, const std::tuple<const Argument*...>& arguments,
                 const std::tuple<Result*...>& results)
        {
            read_arguments(arguments);
            payload_reader reader{*this};
            for_each_payload(node, reader);
            if (!reader.consistent)
            {
                return false;
            }
            infer_shapes();
            m_target = {};
            unsigned long long wanted = 0;
            unroll<int(Graph.outputs.size())>(
                [&](auto o)
                {
                    if (auto* result = std::get<std::size_t(o())>(results))
                    {
                        wanted |= 1ull << (o() < 63 ? o() : 63);
                        prepare_result<Graph.outputs[std::size_t(o())]>(*result);
                    }
                });
            allocate(wanted);
            unroll<int(schedule.kernels.size())>(
                [&](auto k)
                {
                    if ((schedule.kernels[std::size_t(k())].serves & wanted) != 0)
                    {
                        run_kernel<k()>();
                    }
                });
            unroll<int(Graph.outputs.size())>(
                [&](auto o)
                {
                    if (auto* result = std::get<std::size_t(o())>(results))
                    {
                        finish_result<Graph.outputs[std::size_t(o())]>(*result);
                    }
                });
            return true;
        }

        /// The shape of an output, from payloads alone; nothing is computed. Throws shape_error where shapes do not fit.
        template <class Node>
        array::shape shape_of(const Node& node, int output = 0)
        {
            payload_reader reader{*this};
            for_each_payload(node, reader);
            infer_shapes();
            return m_shape[std::size_t(Graph.outputs[std::size_t(output)])];
        }

    private:
        static constexpr const auto& schedule = graph::schedule_of<Graph>;
        static constexpr std::size_t size = std::size_t(Graph.size());
        static constexpr std::size_t slots = Graph.slots.size();

        static constexpr auto slot_step = []
        {
            std::array<int, slots + 1> out{};
            for (int i = 0; i < Graph.size(); ++i)
            {
                if (Graph[i].slot >= 0)
                {
                    out[std::size_t(Graph[i].slot)] = i;
                }
            }
            return out;
        }();

        /// Where each slot's and each stored step's value lies.
        std::array<array::array_ref<const T>, size + 1> m_value;
        /// Where each stored step's value goes.
        std::array<array::array_ref<T>, size + 1> m_target;
        std::array<array::shape, size + 1> m_shape;
        std::array<T, slots + 1> m_number;
        std::array<array::parameters, slots + 1> m_parameters;
        /// Elements of another number type, converted.
        std::array<std::vector<T>, slots + 1> m_converted;
        std::vector<T> m_work;

        template <class U>
        void take(int slot, const array::array_ref<const U>& elements)
        {
            const std::size_t at = std::size_t(slot_step[std::size_t(slot)]);
            if constexpr (std::same_as<U, T>)
            {
                m_value[at] = elements;
            }
            else
            {
                std::vector<T>& copy = m_converted[std::size_t(slot)];
                copy.resize(std::size_t(elements.size()));
                const array::array_ref<T> target(copy.data(), elements.shape);
                array::copy(target, elements);
                m_value[at] = target;
            }
        }

        template <array::scalar_value U>
        void take(int slot, U number)
        {
            T& at = m_number[std::size_t(slot)];
            at = T(number);
            m_value[std::size_t(slot_step[std::size_t(slot)])] = array::array_ref<const T>(&at, {});
        }

        template <class Arguments>
        void read_arguments(const Arguments& arguments)
        {
            unroll<int(slots)>(
                [&](auto slot)
                {
                    constexpr graph::slot s = Graph.slots[std::size_t(slot())];
                    if constexpr (s.kind == expression::leaf_kind::input)
                    {
                        const auto& argument = *std::get<std::size_t(s.position)>(arguments);
                        if constexpr (array::scalar_value<decltype(argument)>)
                        {
                            take(slot(), T(argument));
                        }
                        else
                        {
                            take(slot(), array::traits<std::remove_cvref_t<decltype(argument)>>::ref(argument));
                        }
                    }
                    else if constexpr (s.fixed != nullptr)
                    {
                        m_parameters[std::size_t(slot())] = *s.fixed;
                    }
                });
        }

        struct payload_reader
        {
            array_evaluator& machine;
            bool consistent = true;
            /// The untyped origin of each slot's elements, to compare further leaves of the same identity with.
            std::array<const void*, slots + 1> origin{};

            template <class Leaf>
            void operator()(int occurrence, const Leaf& leaf)
            {
                const int slot = Graph.occurrence_slot[std::size_t(occurrence)];
                const bool first = Graph.slots[std::size_t(slot)].occurrence == occurrence;
                if constexpr (Leaf::kind == expression::leaf_kind::variable)
                {
                    const void*& at = origin[std::size_t(slot)];
                    consistent = consistent && (first || at == leaf.origin());
                    at = leaf.origin();
                    if (first)
                    {
                        machine.take(slot, leaf.payload());
                    }
                }
                else if constexpr (Leaf::kind == expression::leaf_kind::parameter)
                {
                    array::parameters& at = machine.m_parameters[std::size_t(slot)];
                    consistent = consistent && (first || at == leaf.payload());
                    at = first ? leaf.payload() : at;
                }
                else if constexpr (array::scalar_value<decltype(leaf.payload())>)
                {
                    const T number = T(leaf.payload());
                    consistent = consistent && (first || same_payload(machine.m_number[std::size_t(slot)], number));
                    if (first)
                    {
                        machine.take(slot, number);
                    }
                }
                else
                {
                    const auto elements = leaf.payload();
                    if (first)
                    {
                        machine.take(slot, elements);
                        origin[std::size_t(slot)] = elements.data;
                    }
                    else
                    {
                        const auto& shape = machine.m_value[std::size_t(slot_step[std::size_t(slot)])].shape;
                        consistent =
                            consistent && origin[std::size_t(slot)] == elements.data && shape == elements.shape;
                    }
                }
            }
        };

        void infer_shapes()
        {
            for (int i = 0; i < Graph.size(); ++i)
            {
                const graph::step& s = Graph[i];
                if (s.kind == graph::step_kind::slot)
                {
                    m_shape[std::size_t(i)] = m_value[std::size_t(i)].shape;
                }
                else if (s.kind == graph::step_kind::operation)
                {
                    graph::shapes x;
                    const array::parameters* p = nullptr;
                    for (int k = 0; k < s.arity(); ++k)
                    {
                        const graph::step& operand = Graph[s.operand[std::size_t(k)]];
                        x[std::size_t(k)] = m_shape[std::size_t(s.operand[std::size_t(k)])];
                        p = operand.kind == graph::step_kind::parameter ? &m_parameters[std::size_t(operand.slot)] : p;
                    }
                    m_shape[std::size_t(i)] = s.op->infer(x, p);
                }
            }
        }

        /// A result's own memory takes the step's value where the types agree and no other result has it yet.
        template <int Step, class C>
        void prepare_result(C& result)
        {
            using traits = array::traits<C>;
            traits::resize(result, m_shape[std::size_t(Step)]);
            if constexpr (std::same_as<typename traits::value_type, T>)
            {
                if (Graph[Step].slot < 0 && m_target[std::size_t(Step)].data == nullptr)
                {
                    m_target[std::size_t(Step)] = traits::ref(result);
                }
            }
        }

        template <int Step, class C>
        void finish_result(C& result)
        {
            const auto to = array::traits<C>::ref(result);
            if (static_cast<const void*>(to.data) != static_cast<const void*>(m_value[std::size_t(Step)].data))
            {
                array::copy(to, m_value[std::size_t(Step)]);
            }
        }

        /// Gives memory to the stored steps that have none yet.
        void allocate(unsigned long long wanted)
        {
            // Where summing to a shape has nothing to sum, what it reads is computed right into its place.
            for (std::size_t k = schedule.kernels.size(); k-- > 0;)
            {
                const int root = schedule.kernels[k].root;
                const graph::step& s = Graph[root];
                if (s.op == &graph::operation_of<op::sum_to, 2>)
                {
                    const std::size_t operand = std::size_t(s.operand[0]);
                    if (Graph[int(operand)].slot < 0 && m_target[operand].data == nullptr
                        && m_target[std::size_t(root)].data != nullptr
                        && m_shape[operand] == m_shape[std::size_t(root)])
                    {
                        m_target[operand] = m_target[std::size_t(root)];
                    }
                }
            }
            std::size_t total = 0;
            const auto needs_memory = [&](const graph::kernel& k)
            { return (k.serves & wanted) != 0 && m_target[std::size_t(k.root)].data == nullptr; };
            for (const graph::kernel& k : schedule.kernels)
            {
                total += needs_memory(k) ? std::size_t(m_shape[std::size_t(k.root)].size()) : 0;
            }
            if (m_work.size() < total)
            {
                m_work.resize(total);
            }
            T* next = m_work.data();
            for (const graph::kernel& k : schedule.kernels)
            {
                if (needs_memory(k))
                {
                    m_target[std::size_t(k.root)] = array::array_ref<T>(next, m_shape[std::size_t(k.root)]);
                    next += m_shape[std::size_t(k.root)].size();
                }
            }
            for (const graph::kernel& k : schedule.kernels)
            {
                m_value[std::size_t(k.root)] = m_target[std::size_t(k.root)];
            }
        }

        template <int K>
        void run_kernel()
        {
            constexpr graph::kernel kernel = schedule.kernels[std::size_t(K)];
            if constexpr (kernel.kind == graph::kernel_kind::structured)
            {
                constexpr graph::step s = Graph[kernel.root];
                run_structured<graph::revealed_t<s.op->identity>, kernel.root>(
                    std::make_index_sequence<std::size_t(s.arity())>{});
            }
            else
            {
                run_rows<K>(std::make_index_sequence<std::size_t(kernel.streams)>{});
            }
        }

        template <class Op, int Step, std::size_t... I>
        void run_structured(std::index_sequence<I...>)
        {
            constexpr graph::step s = Graph[Step];
            const array::array_ref<T> out = m_target[std::size_t(Step)];
            if constexpr (std::same_as<Op, op::sum_to>)
            {
                if (m_value[std::size_t(s.operand[0])].data == out.data)
                {
                    return;
                }
            }
            if constexpr (requires { Op::template evaluate<Product>(out, structured_operand<Step, int(I)>()...); })
            {
                Op::template evaluate<Product>(out, structured_operand<Step, int(I)>()...);
            }
            else
            {
                Op::evaluate(out, structured_operand<Step, int(I)>()...);
            }
        }

        template <int Step, int I>
        decltype(auto) structured_operand() const
        {
            constexpr int x = Graph[Step].operand[std::size_t(I)];
            if constexpr (Graph[x].kind == graph::step_kind::parameter)
            {
                return static_cast<const array::parameters&>(m_parameters[std::size_t(Graph[x].slot)]);
            }
            else if constexpr (Graph[Step].reads_shape_only(I))
            {
                return array::array_ref<const T>(nullptr, m_shape[std::size_t(x)]);
            }
            else
            {
                return array::array_ref<const T>(m_value[std::size_t(x)]);
            }
        }

        template <int K, std::size_t... S>
        void run_rows(std::index_sequence<S...>)
        {
            constexpr graph::kernel kernel = schedule.kernels[std::size_t(K)];
            constexpr bool is_sum = kernel.kind == graph::kernel_kind::sum;
            const array::array_ref<T>& out = m_target[std::size_t(kernel.root)];
            const array::shape& shape = m_shape[std::size_t(is_sum ? Graph[kernel.root].operand[0] : kernel.root)];
            const std::array<const T*, sizeof...(S)> data{m_value[std::size_t(stream<K>(int(S)))].data...};
            const array::loop<sizeof...(S) + 1> plan(
                shape, {array::broadcast_to(m_value[std::size_t(stream<K>(int(S)))], shape).stride...,
                        is_sum ? array::strides{} : out.stride});
            const auto& stride = plan.row_stride();
            const array::index n = plan.row_size();
            const bool unit = (is_sum || stride[sizeof...(S)] == 1 || n == 1)
                              && ((is_number<K>(int(S)) || stride[S] == 1 || n == 1) && ...);
            array::pairwise_sum<T> total;
            plan.for_each_row(
                [&](const auto& at)
                {
                    const std::array<const T*, sizeof...(S)> row{data[S] + at[S]...};
                    const auto run = [&](auto is_unit)
                    {
                        const auto element = [&](array::index i) { return compute<K, is_unit()>(row, stride, i); };
                        if constexpr (is_sum)
                        {
                            array::add_terms(total, n, element);
                        }
                        else
                        {
                            T* __restrict to = out.data + at[sizeof...(S)];
                            const array::index step = is_unit() ? 1 : stride[sizeof...(S)];
                            for (array::index i = 0; i < n; ++i)
                            {
                                to[i * step] = element(i);
                            }
                        }
                    };
                    unit ? run(std::true_type{}) : run(std::false_type{});
                });
            if constexpr (is_sum)
            {
                *out.data = total.total();
            }
        }

        template <int K>
        static constexpr int stream(int i)
        {
            return schedule.streams[std::size_t(schedule.kernels[std::size_t(K)].first_stream + i)];
        }

        template <int K>
        static constexpr int member(int i)
        {
            return schedule.members[std::size_t(schedule.kernels[std::size_t(K)].first_member + i)];
        }

        /// A stream known to be one number.
        template <int K>
        static constexpr bool is_number(int i)
        {
            return Graph[stream<K>(i)].shape.is_scalar();
        }

        /// The registers of kernel K: first its streams, then its members.
        template <int K>
        static constexpr auto registers = []
        {
            std::array<int, size + 1> out{};
            const graph::kernel& kernel = schedule.kernels[std::size_t(K)];
            for (int i = 0; i < kernel.streams; ++i)
            {
                out[std::size_t(stream<K>(i))] = i;
            }
            for (int i = 0; i < kernel.members; ++i)
            {
                out[std::size_t(member<K>(i))] = kernel.streams + i;
            }
            return out;
        }();

        /// One element of kernel K: straight-line code from loads to the root's value.
        template <int K, bool Unit, class Row, class Strides>
        [[gnu::always_inline]] static T compute(const Row& row, const Strides& stride, array::index i)
        {
            constexpr graph::kernel kernel = schedule.kernels[std::size_t(K)];
            T value[std::size_t(kernel.streams + kernel.members) + 1];
            bool mask[std::size_t(kernel.streams + kernel.members) + 1];
            unroll<kernel.streams>([&](auto s) __attribute__((always_inline)) {
                constexpr bool number = is_number<K>(s());
                value[s()] = row[std::size_t(s())][number ? 0 : Unit ? i : i * stride[std::size_t(s())]];
            });
            unroll<kernel.members>([&](auto m) __attribute__((always_inline)) {
                constexpr graph::step s = Graph[member<K>(m())];
                constexpr int at = kernel.streams + m();
                if constexpr (s.kind == graph::step_kind::literal)
                {
                    value[at] = T(s.value);
                }
                else if constexpr (s.kind == graph::step_kind::operation && !s.op->is_structured)
                {
                    compute_member<K, at>(value, mask, std::make_index_sequence<std::size_t(s.arity())>{});
                }
            });
            constexpr bool is_sum = kernel.kind == graph::kernel_kind::sum;
            return value[registers<K>[std::size_t(is_sum ? Graph[kernel.root].operand[0] : kernel.root)]];
        }

        template <int K, int At, std::size_t... I>
        [[gnu::always_inline]] static void compute_member(T* value, bool* mask, std::index_sequence<I...>)
        {
            constexpr graph::step s = Graph[member<K>(At - schedule.kernels[std::size_t(K)].streams)];
            using Op = graph::revealed_t<s.op->identity>;
            const auto result = Op::value(load<K, s.operand[I]>(value, mask)...);
            if constexpr (s.is_mask())
            {
                mask[At] = result;
            }
            value[At] = T(result);
        }

        template <int K, int Step>
        [[gnu::always_inline]] static auto load(const T* value, const bool* mask)
        {
            constexpr int at = registers<K>[std::size_t(Step)];
            if constexpr (Graph[Step].is_mask() && at >= schedule.kernels[std::size_t(K)].streams)
            {
                return mask[at];
            }
            else
            {
                return value[at];
            }
        }
    };
}
