// SPDX-License-Identifier: BSD-3-Clause
// A statement on numbers: value and partial derivatives are computed together when it is recorded, and an entry is those,
// and references to the operands.
#pragma once

#include <xautodiff/evaluate/facade.hpp>
#include <xautodiff/variable/first_constants.hpp>
#include <xautodiff/variable/grad_mode.hpp>
#include <xautodiff/variable/replay.hpp>
#include <xautodiff/variable/statement_facts.hpp>

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

    /// The values of the payload leaves of a statement on numbers, for running its operations again.
    template <class T>
    void read_payloads(node_base& n, const int* sources, std::size_t count,
                       const std::atomic<std::uint64_t>* first_constants, traced* payloads)
    {
        const node_type& type = n.type();
        const operand* o = operands_of(n);
        const std::uint64_t* own =
            reinterpret_cast<const std::uint64_t*>(o + type.operands) + (n.has(flag::has_versions) ? type.operands : 0);
        const auto constant = [&](int i)
        {
            return std::bit_cast<double>(
                n.has(flag::own_constants) ? own[i] : first_constants[i].load(std::memory_order_relaxed));
        };
        for (std::size_t i = 0; i < count; ++i)
        {
            if (sources[i] < 0)
            {
                payloads[i] = traced(constant(~sources[i]));
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
        /// Ends the uses that the expression counts.
        static handle<T> record(Node&& expression)
        {
            reader r;
            evaluate::for_each_payload(expression, r);
            if constexpr (program::has_merged_payloads)
            {
                if (!r.consistent) [[unlikely]]
                {
                    return record_unmerged(std::move(expression));
                }
            }
            const std::uint32_t flags = all_flags(r.operand);
            evaluate::static_evaluator<program::graph, T> machine;
            for_each_index<count>([&](auto i) __attribute__((always_inline)) {
                *machine.slot_data(facts::slots[i]) = static_cast<const node<T>*>(r.operand[i])->value;
            });
            if ((flags & (flag::detached | flag::shares)) != 0) [[unlikely]]
            {
                const std::array<T, count> values = rarely<>::values(r.operand);
                for_each_index<count>([&](auto i) __attribute__((always_inline)) {
                    *machine.slot_data(facts::slots[i]) = values[i];
                });
            }
            for_each_index<constants>([&](auto i) __attribute__((always_inline)) {
                *machine.slot_data(constant_slots[i]) = T(r.constant[i]);
            });
            machine.run();
            const T value = *machine.output_data(0);
            std::array<double, count> partial;
            for_each_index<count>([&](auto i) __attribute__((always_inline)) {
                partial[i] = double(*machine.output_data(int(i) + 1));
            });
            constexpr std::uint32_t unusual = flag::constant | flag::changed | flag::detached | flag::shares;
            void* memory;
            const bool is_usual =
                can_flow && (flags & unusual) == 0 && first.are(r.constant) && tape::try_allocate(entry_size, memory);
            node<T>* out = is_usual ? make_entry(memory, value, r.operand, partial)
                                    : rarely<>::record(value, partial, r.constant, r.operand);
            // All uses at once. Handles that the compiler sees empty need no code for their end.
            for_each_index<count>([&](auto i) __attribute__((always_inline)) { r.operand[i]->uses -= occurrences[i]; });
            auto forget = [](auto& leaf) __attribute__((always_inline)) { leaf.object.forget(); };
            for_each_variable(expression, forget);
            return handle<T>(out);
        }

    private:
        using program = graph::program<value_and_partials_of<Node>, Merge>;
        using facts = statement_facts<program::graph, 1>;
        static constexpr std::size_t count = facts::adjoints;
        using operands = std::array<node_base*, count>;

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

        static constexpr std::size_t entry_size = sizeof(node<T>) + count * sizeof(operand);
        static_assert(!std::same_as<T, double> || entry_size == size_of_numbers(count));
        static_assert(entry_size <= page::largest, "xautodiff: a statement of more than some 4000 Variables");

        static inline first_constants<constants> first;

        /// Takes the operands and constants from an expression, and sees whether merged ones are the same.
        struct reader
        {
            operands operand;
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
                    consistent = consistent && (is_first || at == &*leaf.object);
                    at = &*leaf.object;
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

        [[gnu::noinline]] static handle<T> record_unmerged(Node expression)
        {
            return number_statement<Node, T, false>::record(std::move(expression));
        }

        [[gnu::always_inline]] static std::uint32_t all_flags(const operands& x)
        {
            std::uint32_t all = 0;
            for_each_index<count>([&](auto i) __attribute__((always_inline)) { all |= x[i]->flags; });
            return all;
        }

        /// How often the expression names each operand.
        static constexpr auto occurrences = []
        {
            std::array<int, count + 1> out{};
            for (std::size_t i = 0; i < std::size_t(variable_count<Node>); ++i)
            {
                ++out[std::size_t(adjoint_of_occurrence[i])];
            }
            return out;
        }();

        /// Whether a gradient can flow to any operand.
        static constexpr bool can_flow = []
        {
            bool out = false;
            for (std::size_t i = 0; i < count; ++i)
            {
                out = out || uses[i].flows;
            }
            return out;
        }();

        /// What is known while compiling of the references to operands, and of an entry's flags.
        static constexpr std::uintptr_t bits_of(std::size_t i)
        {
            return (uses[i].flows ? 0 : operand::constant_bit) | (uses[i].is_zero ? operand::zero_bit : 0);
        }
        static constexpr std::uint32_t form = []
        {
            std::uint32_t out = std::same_as<T, double> ? flag::doubles : 0;
            for (std::size_t i = 0; i < count; ++i)
            {
                out |= bits_of(i) != 0 ? flag::partial : 0;
            }
            return out;
        }();

        static operand* operands_behind(node<T>& n) { return reinterpret_cast<operand*>(&n + 1); }

        /// An entry. All operands may take an adjoint, if the statement has one for them.
        [[gnu::always_inline]] static node<T>* make_entry(void* memory, T value, const operands& x,
                                                          const std::array<double, count>& partial,
                                                          std::size_t bytes = entry_size)
        {
            node<T>& n =
                *::new (memory) node<T>(type, flag::recorded | form | page::size_flags(bytes), tape::number(), value);
            operand* o = operands_behind(n);
            for_each_index<count>([&](auto i) __attribute__((always_inline)) {
                o[i].where = reinterpret_cast<std::uintptr_t>(x[i]) | bits_of(i);
                o[i].partial = partial[i];
                ++x[i]->references;
            });
            return &n;
        }

        template <std::size_t, class X>
        using repeated = X;

        /// What is hardly ever called takes its arguments by value, and each by itself: what has no address stays in registers,
        /// and an array would be kept together in a wide one all the way.
        template <class Operands = std::make_index_sequence<count>,
                  class Constants = std::make_index_sequence<constants>>
        struct rarely;

        template <std::size_t... I, std::size_t... J>
        struct rarely<std::index_sequence<I...>, std::index_sequence<J...>>
        {
            [[gnu::always_inline]] static node<T>* record(T value, const std::array<double, count>& partial,
                                                          const std::array<double, constants>& constant,
                                                          const operands& x)
            {
                return record_parts(value, partial[I]..., constant[J]..., x[I]...);
            }

            [[gnu::always_inline]] static std::array<T, count> values(const operands& x) { return values_of(x[I]...); }

        private:
            /// The values of operands of which some show others' elements, or were detached since the expression was written.
            [[gnu::noinline]] static std::array<T, count> values_of(repeated<I, node_base*>... x)
            {
                return {static_cast<const node<T>&>(current(*x)).elements()...};
            }

            /// All other cases: no tape or page yet, nothing recorded, operands that take no adjoint or were detached since the
            /// expression was written; entries that keep what most need not: constants of their own, versions of operands that
            /// were changed before.
            [[gnu::noinline]] static node<T>* record_parts(T value, repeated<I, double>... partial,
                                                           repeated<J, double>... constant,
                                                           repeated<I, node_base*>... operand)
            {
                const operands x{&current(*operand)...};
                const std::uint32_t flags = (0 | ... | x[I]->flags);
                const bool flows = (... || (uses[I].flows && x[I]->is_differentiable()));
                if (!flows || !recording())
                {
                    return make_leaf<T>(T(value)).release();
                }
                const std::array<double, constants> all_constants{constant...};
                const bool was_changed = (flags & (flag::changed | flag::shares)) != 0;
                const bool own_constants =
                    constants != 0 && !first.are(all_constants) && (first.are_there() || !first.become(all_constants));
                const std::size_t words = (was_changed ? count : 0) + (own_constants ? constants : 0);
                const std::size_t bytes = entry_size + words * sizeof(std::uint64_t);
                node<T>& n = *make_entry(tape::allocate(bytes), value, x, {partial...}, bytes);
                n.set((was_changed ? flag::has_versions : 0) | (own_constants ? flag::own_constants : 0)
                      | ((flags & flag::constant) != 0 ? flag::partial : 0));
                auto* o = operands_behind(n);
                static_assert(flag::constant == variable::operand::constant_bit);
                ((o[I].where |= x[I]->flags & flag::constant), ...);
                auto* at = reinterpret_cast<std::uint64_t*>(o + count);
                if (was_changed)
                {
                    ((*at++ = version_of(*x[I])), ...);
                }
                if (own_constants)
                {
                    ((*at++ = std::bit_cast<std::uint64_t>(constant)), ...);
                }
                return &n;
            }
        };
    };
}
