// SPDX-License-Identifier: BSD-3-Clause
// A statement on numbers: value and partial derivatives are computed together when it is recorded, and an entry is those,
// and references to the operands.
#pragma once

#include <xautodiff/evaluate/facade.hpp>
#include <xautodiff/variable/grad_mode.hpp>
#include <xautodiff/variable/statement_facts.hpp>
#include <xautodiff/variable/traced.hpp>

namespace xautodiff::variable
{
    namespace detail
    {
        template <class N, class T>
        struct numbers_only
        {
            static constexpr bool value = graph::payload_count<N> == 0 && N::kind == expression::leaf_kind::literal;
        };
        template <class U, class Tag, class T>
        struct numbers_only<leaf<U, Tag>, T>
        {
            static constexpr bool value = std::same_as<U, T>;
        };
        template <class U, class Tag, class T>
        struct numbers_only<expression::constant<U, Tag>, T>
        {
            static constexpr bool value = true;
        };
        template <class Op, class... X, class T>
        struct numbers_only<expression::apply<Op, X...>, T>
        {
            static constexpr bool value = (numbers_only<X, T>::value && ...);
        };
        template <class Mode, class Body, class Inputs, class... X, class T>
        struct numbers_only<expression::differential<Mode, Body, Inputs, X...>, T>
        {
            static constexpr bool value = false;
        };
    }

    /// Whether a statement is recorded as numbers: operands and result are Variables of one type and constants.
    template <class Node, class T>
    inline constexpr bool is_number_statement = []
    {
        if constexpr ((std::same_as<T, double> || std::same_as<T, float>)&&!expression::leaf<Node>)
        {
            return variable_count<Node> != 0
                   && std::same_as<expression::value_type_of<Node>, T> && detail::numbers_only<Node, T>::value;
        }
        return false;
    }();

    /// The constants of a statement when it was first recorded; entries whose own are the same keep none.
    template <std::size_t Count>
    struct first_constants
    {
        enum state_type
        {
            unset,
            being_set,
            set
        };
        std::atomic<int> state{unset};
        std::array<double, Count> values{};

        bool are(const std::array<double, Count>& now)
        {
            int s = state.load(std::memory_order_acquire);
            if (s == unset && state.compare_exchange_strong(s, being_set))
            {
                values = now;
                state.store(set, std::memory_order_release);
                return true;
            }
            if (s != set)
            {
                return false;
            }
            bool same = true;
            for (std::size_t i = 0; i < Count; ++i)
            {
                same = same && evaluate::same_payload(values[i], now[i]);
            }
            return same;
        }
    };

    /// The values of the payload leaves of a statement on numbers, for running its operations again.
    template <class T>
    void read_payloads(node_base& n, const int* sources, std::size_t count, const double* first_constants,
                       traced* payloads)
    {
        const node_type& type = n.type();
        const operand* o = operands_of(n);
        const double* constants = n.has(flag::own_constants) ? reinterpret_cast<const double*>(o + type.operands + 0)
                                                                   + (n.has(flag::has_versions) ? type.operands : 0)
                                                             : first_constants;
        for (std::size_t i = 0; i < count; ++i)
        {
            if (sources[i] < 0)
            {
                payloads[i] = traced(constants[~sources[i]]);
            }
            else
            {
                const operand& from = o[sources[i]];
                node<T>& x = static_cast<node<T>&>(*from.node());
                payloads[i] = target_of(from) != nullptr ? erased(x) : traced(double(x.elements()));
            }
        }
    }

    template <class Node, class T, bool Merge>
    class number_statement
    {
    public:
        static handle<T> record(const Node& expression)
        {
            reader r;
            evaluate::for_each_payload(expression, r);
            if constexpr (program::has_merged_payloads)
            {
                if (!r.consistent)
                {
                    return number_statement<Node, T, false>::record(expression);
                }
            }
            evaluate::static_evaluator<program::graph, T> machine;
            std::uint16_t all_flags = 0;
            bool flows = false;
            for_each_index<count>([&](auto i) __attribute__((always_inline)) {
                if (!tape::is_plain(*r.operand[i]))
                {
                    r.operand[i] = &current(*r.operand[i]);
                }
                const std::uint16_t flags = r.operand[i]->flags;
                *machine.slot_data(facts::slots[i]) = (flags & flag::shares) != 0
                                                          ? static_cast<node<T>*>(r.operand[i])->elements()
                                                          : static_cast<node<T>*>(r.operand[i])->value;
                flows = flows || ((flags & flag::differentiable) != 0 && uses[i].flows);
                all_flags = std::uint16_t(all_flags | flags);
            });
            for_each_index<constants>([&](auto i) __attribute__((always_inline)) {
                *machine.slot_data(constant_slots[i]) = T(r.constant[i]);
            });
            machine.run();
            if (!flows || !recording()) [[unlikely]]
            {
                return make_leaf<T>(*machine.output_data(0));
            }
            const bool own_constants = constants != 0 && !first.are(r.constant);
            return append(r, machine, own_constants, (all_flags & (flag::changed | flag::shares)) != 0);
        }

    private:
        using program = graph::program<value_and_partials_of<Node>, Merge>;
        using facts = statement_facts<program::graph, 1>;
        static constexpr std::size_t count = facts::adjoints;
        static constexpr auto uses = facts::template uses<Node>;
        static constexpr auto adjoint_of_occurrence = facts::template adjoint_of_occurrence<variable_count<Node>>;

        static constexpr auto constant_of_slot = []
        {
            std::array<int, program::graph.slots.size() + 1> out{};
            int n = 0;
            for (std::size_t i = 0; i < program::graph.slots.size(); ++i)
            {
                out[i] = program::graph.slots[i].kind == expression::leaf_kind::constant ? n++ : -1;
            }
            out.back() = n;
            return out;
        }();
        static constexpr std::size_t constants = std::size_t(constant_of_slot.back());
        static constexpr auto constant_slots = []
        {
            std::array<int, constants + 1> out{};
            for (std::size_t i = 0; i + 1 < constant_of_slot.size(); ++i)
            {
                if (constant_of_slot[i] >= 0)
                {
                    out[std::size_t(constant_of_slot[i])] = int(i);
                }
            }
            return out;
        }();

        template <std::size_t Count, class F>
        [[gnu::always_inline]] static void for_each_index(F f)
        {
            [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline))
            {
                (f(std::integral_constant<std::size_t, I>{}), ...);
            }
            (std::make_index_sequence<Count>{});
        }

        /// Where the value of each payload leaf is found: an operand, or, complemented, a constant.
        static constexpr auto source_of_payload = []
        {
            std::array<int, program::graph.occurrence_slot.size() + 1> out{};
            for (std::size_t i = 0; i + 1 < out.size(); ++i)
            {
                const std::size_t slot = std::size_t(program::graph.occurrence_slot[i]);
                const int constant = constant_of_slot[slot];
                out[i] = constant < 0 ? facts::adjoint_of_slot[slot] : ~constant;
            }
            return out;
        }();

        static void derive(traced_pass& pass, node_base& n, const traced& adjoint)
        {
            std::array<traced, source_of_payload.size()> payloads;
            read_payloads<T>(n, source_of_payload.data(), source_of_payload.size() - 1, first.values.data(),
                             payloads.data());
            derive_statement(pass, detail::replay<Node, 0>::run(payloads.data()), adjoint);
        }

        static constexpr node_type type{&container_of<T>,
                                        std::same_as<T, double> ? statement_kind::doubles : statement_kind::floats,
                                        nullptr,
                                        &derive,
                                        nullptr,
                                        outline_of<Node>.data(),
                                        uses.data(),
                                        adjoint_of_occurrence.data(),
                                        facts::reads,
                                        variable_count<Node>,
                                        unsigned(count),
                                        unsigned(constants),
                                        unsigned(sizeof(node<T>))};

        static inline first_constants<constants> first;

        /// Takes the operands and constants from an expression, and sees whether merged ones are the same.
        struct reader
        {
            std::array<node_base*, count> operand;
            std::array<double, constants> constant;
            bool consistent = true;

            template <class Leaf>
            [[gnu::always_inline]] void operator()(int occurrence, const Leaf& leaf)
            {
                const std::size_t slot =
                    std::size_t(graph::occurrence_slot_of<program::graph>[std::size_t(occurrence)]);
                const bool is_first = graph::first_occurrence_of<program::graph>[slot] == occurrence;
                if constexpr (is_variable_leaf<Leaf>)
                {
                    node_base*& at = operand[std::size_t(facts::adjoint_of_slot[slot])];
                    consistent = consistent && (is_first || at == leaf.object.get());
                    at = leaf.object.get();
                }
                else
                {
                    double& at = constant[std::size_t(constant_of_slot[slot])];
                    const double value = double(T(leaf.payload()));
                    consistent = consistent && (is_first || evaluate::same_payload(at, value));
                    at = value;
                }
            }
        };

        static handle<T> append(const reader& r, const evaluate::static_evaluator<program::graph, T>& machine,
                                bool own_constants, bool was_changed)
        {
            std::size_t bytes = sizeof(node<T>) + count * sizeof(operand);
            if (own_constants || was_changed) [[unlikely]]
            {
                bytes += ((was_changed ? count : 0) + (own_constants ? constants : 0)) * 8;
            }
            auto* n = append_node<T>(type, bytes, 8, *machine.output_data(0));
            operand* o = reinterpret_cast<operand*>(reinterpret_cast<char*>(n) + sizeof(node<T>));
            for_each_index<count>([&](auto i) __attribute__((always_inline)) {
                node_base& x = *r.operand[i];
                ++x.references;
                const bool flows = x.has(flag::differentiable) && uses[i].flows;
                o[i].where = reinterpret_cast<std::uintptr_t>(&x) | (flows ? 0 : operand::constant_bit)
                             | (uses[i].is_zero ? operand::zero_bit : 0);
                o[i].partial = double(*machine.output_data(int(i) + 1));
            });
            if (own_constants || was_changed) [[unlikely]]
            {
                append_rest(*n, reinterpret_cast<std::uint64_t*>(o + count), r, own_constants, was_changed);
            }
            return handle<T>(n);
        }

        [[gnu::noinline]] static void append_rest(node_base& n, std::uint64_t* at, const reader& r, bool own_constants,
                                                  bool was_changed)
        {
            for (std::size_t i = 0; was_changed && i < count; ++i)
            {
                *at++ = version_of(*r.operand[i]);
            }
            for (std::size_t i = 0; own_constants && i < constants; ++i)
            {
                *at++ = std::bit_cast<std::uint64_t>(r.constant[i]);
            }
            n.set(std::uint16_t((was_changed ? flag::has_versions : 0) | (own_constants ? flag::own_constants : 0)));
        }
    };
}
