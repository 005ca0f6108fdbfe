// SPDX-License-Identifier: BSD-3-Clause
// Runs a graph on arrays whose shapes are known at run time, kernel by kernel as its schedule says. An evaluator can be
// kept: where shapes stay the same, running it again allocates nothing.
#pragma once

#include <xautodiff/evaluate/array_machine.hpp>
#include <xautodiff/evaluate/unroll.hpp>

#include <tuple>

namespace xautodiff::evaluate
{
    /// A structured operation on arrays: one function for each operation and number type, whatever graphs it stands in.
    template <class Op, int Arity, class T, class Product>
    void run_structured(const typename array_machine<T>::operands& all)
    {
        [&]<std::size_t... I>(std::index_sequence<I...>)
        {
            if constexpr (requires { Op::template evaluate<Product>(all.out, all.x[I]...); })
            {
                Op::template evaluate<Product>(all.out, all.x[I]...);
            }
            else if constexpr (requires { Op::evaluate(all.out, all.x[I]...); })
            {
                Op::evaluate(all.out, all.x[I]...);
            }
            else
            {
                // The parameters are the last operand.
                [&]<std::size_t... X>(std::index_sequence<X...>) {
                    Op::evaluate(all.out, all.x[X]..., *all.parameters);
                }(std::make_index_sequence<std::size_t(Arity) - 1>{});
            }
        }(std::make_index_sequence<std::size_t(Arity)>{});
    }

    /// An elementwise operation on whole arrays, likewise.
    template <class Op, int Arity, class T>
    void run_elementwise(const typename array_machine<T>::operands& all)
    {
        [&]<std::size_t... I>(std::index_sequence<I...>)
        {
            array::for_each_element(
                all.out.shape, [](T& out, const auto&... x) { out = T(Op::value(x...)); }, all.out, all.x[I]...);
        }(std::make_index_sequence<std::size_t(Arity)>{});
    }

    /// `Stepwise` takes every step by itself: the slow right way, for graphs that are hardly ever run.
    template <const auto& Graph, class T, class Product, bool Stepwise = false>
    class array_evaluator
    {
    public:
        array_evaluator()
            : m_machine({{plan.steps.data(), plan.size},
                         {plan.slots.data(), plan.slot_count},
                         plan.outputs.data(),
                         plan.occurrence_slot.data(),
                         plan.schedule.kernels,
                         plan.schedule.streams.data()})
        {
        }

        /// Reads arguments and payloads, and writes what `results` points to; a null pointer there leaves that output out.
        /// Returns false, having computed nothing, where leaves of one identity hold different payloads.
        /// Throws shape_error where shapes do not fit.
        template <class Node, class... Argument, class... Result>
        bool run(const Node& node, const std::tuple<const Argument*...>& arguments,
                 const std::tuple<Result*...>& results)
        {
            if (!m_machine.read_payloads(node))
            {
                return false;
            }
            read_arguments(arguments);
            m_machine.infer_shapes();
            m_machine.forget_targets();
            unsigned long long wanted = 0;
            for_each_result(results,
                            [&](std::size_t o, auto& result)
                            {
                                wanted |= 1ull << (o < 63 ? o : 63);
                                m_machine.prepare_result(o, result);
                            });
            m_machine.allocate(wanted);
            unroll<int(schedule.kernels.size())>(
                [&](auto k)
                {
                    constexpr unsigned long long serves = schedule.kernels[std::size_t(k())].serves;
                    if ((serves & wanted) != 0)
                    {
                        run_kernel<k()>();
                    }
                });
            for_each_result(results, [&](std::size_t o, auto& result) { m_machine.finish_result(o, result); });
            return true;
        }

        /// The shape of the first output, from payloads alone; nothing is computed. Throws shape_error where shapes do not fit.
        template <class Node>
        array::shape shape_of(const Node& node)
        {
            m_machine.read_payloads(node);
            m_machine.infer_shapes();
            return m_machine.output_shape(0);
        }

    private:
        static constexpr const auto& plan = graph::plan_of<Graph, Stepwise>;
        static constexpr const auto& schedule = graph::plan_of<Graph, Stepwise>.schedule;

        array_machine<T> m_machine;

        template <class Results, class F>
        static void for_each_result(const Results& results, F f)
        {
            [&]<std::size_t... O>(std::index_sequence<O...>) {
                ((std::get<O>(results) != nullptr ? f(O, *std::get<O>(results)) : void()), ...);
            }(std::make_index_sequence<std::tuple_size_v<Results>>{});
        }

        template <class Arguments>
        void read_arguments(const Arguments& arguments)
        {
            unroll<int(Graph.slots.size())>(
                [&](auto slot)
                {
                    constexpr graph::slot s = Graph.slots[std::size_t(slot())];
                    if constexpr (s.kind == expression::leaf_kind::input)
                    {
                        m_machine.set(std::size_t(slot()), *std::get<std::size_t(s.position)>(arguments));
                    }
                });
        }

        template <int K>
        void run_kernel()
        {
            constexpr const graph::kernel& kernel = schedule.kernels[std::size_t(K)];
            constexpr std::size_t streams = std::size_t(kernel.streams);
            if constexpr (kernel.kind == graph::kernel_kind::structured)
            {
                using s = graph::step_at<Graph, kernel.root>;
                using Op = typename s::operation;
                if constexpr (s::is_structured)
                {
                    m_machine.run_structured(kernel, &run_structured<Op, s::arity, T, Product>);
                }
                else
                {
                    m_machine.run_structured(kernel, &run_elementwise<Op, s::arity, T>);
                }
            }
            else if constexpr (kernel.kind == graph::kernel_kind::sum)
            {
                m_machine.template run_sum<streams>(kernel, &sum_row<K, true>, &sum_row<K, false>);
            }
            else
            {
                m_machine.template run_rows<streams>(kernel, &row<K, true>, &row<K, false>);
            }
        }

        template <int K, bool Unit>
        static void row(array::index n, const T* const* data, const array::index* stride, T* __restrict out,
                        array::index out_stride)
        {
            for (array::index i = 0; i < n; ++i)
            {
                out[Unit ? i : i * out_stride] = compute<K, Unit>(data, stride, i);
            }
        }

        template <int K, bool Unit>
        static void sum_row(array::index n, const T* const* data, const array::index* stride,
                            array::pairwise_sum<T>& total)
        {
            array::add_terms(
                total,
                n, [&](array::index i) __attribute__((always_inline)) { return compute<K, Unit>(data, stride, i); });
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

        /// The registers of kernel K: first its streams, then its members.
        template <int K>
        static constexpr auto registers = []
        {
            std::array<int, std::size_t(Graph.size()) + 1> out{};
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

        /// One element of kernel K: straight-line code from loads to the root's value. A stream that the types know to be a
        /// number does not advance.
        template <int K, bool Unit>
        [[gnu::always_inline]] static T compute(const T* const* data, const array::index* stride, array::index i)
        {
            constexpr const graph::kernel& kernel = schedule.kernels[std::size_t(K)];
            T value[std::size_t(kernel.streams + kernel.members) + 1];
            bool mask[std::size_t(kernel.streams + kernel.members) + 1];
            unroll<kernel.streams>([&](auto s) __attribute__((always_inline)) {
                constexpr bool number = Graph[stream<K>(s())].shape.is_scalar();
                value[s()] = data[s()][number ? 0 : Unit ? i : i * stride[s()]];
            });
            unroll<kernel.members>([&](auto m) __attribute__((always_inline)) {
                using s = graph::step_at<Graph, member<K>(m())>;
                constexpr int at = kernel.streams + m();
                if constexpr (s::kind == graph::step_kind::literal)
                {
                    value[at] = T(s::value);
                }
                else if constexpr (s::kind == graph::step_kind::operation && !s::is_structured)
                {
                    compute_member<K, at>(value, mask, std::make_index_sequence<std::size_t(s::arity)>{});
                }
            });
            constexpr bool is_sum = kernel.kind == graph::kernel_kind::sum;
            constexpr int result = registers<K>[std::size_t(is_sum ? Graph[kernel.root].operand[0] : kernel.root)];
            return value[result];
        }

        template <int K, int At, std::size_t... I>
        [[gnu::always_inline]] static void compute_member(T* value, bool* mask, std::index_sequence<I...>)
        {
            using s = graph::step_at<Graph, member<K>(At - schedule.kernels[std::size_t(K)].streams)>;
            using Op = typename s::operation;
            const auto result = Op::value(load<K, s::template operand<int(I)>>(value, mask)...);
            if constexpr (s::is_mask)
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
