// SPDX-License-Identifier: BSD-3-Clause
// A statement on numbers: value and partial derivatives are computed together when it is recorded, and an entry is those,
// and references to the operands.
#pragma once

#include <xautodiff/evaluate/facade.hpp>
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

        [[gnu::always_inline]] bool are(const std::array<double, Count>& now)
        {
            if (state.load(std::memory_order_acquire) != set) [[unlikely]]
            {
                return become(now);
            }
            bool same = true;
            for (std::size_t i = 0; i < Count; ++i)
            {
                same = same && evaluate::same_payload(values[i], now[i]);
            }
            return same;
        }

    private:
        [[gnu::noinline]] bool become(std::array<double, Count> now)
        {
            int s = unset;
            if (!state.compare_exchange_strong(s, being_set))
            {
                return false;
            }
            values = now;
            state.store(set, std::memory_order_release);
            return true;
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
                if (!r.consistent) [[unlikely]]
                {
                    return record_unmerged(expression);
                }
            }
            std::uint32_t flags = all_flags(r.operand);
            if ((flags & (flag::detached | flag::shares)) != 0) [[unlikely]]
            {
                r.operand = followed(r.operand);
                flags = all_flags(r.operand);
            }
            evaluate::static_evaluator<program::graph, T> machine;
            std::array<std::uintptr_t, count> where;
            std::uintptr_t flows = 0;
            std::uint32_t form = std::same_as<T, double> ? flag::doubles : 0;
            for_each_index<count>([&](auto i) __attribute__((always_inline)) {
                const node<T>& x = *static_cast<const node<T>*>(r.operand[i]);
                *machine.slot_data(facts::slots[i]) = (flags & flag::shares) != 0 ? x.elements() : x.value;
                static_assert(flag::constant == operand::constant_bit);
                const std::uintptr_t is_constant = uses[i].flows ? x.flags & flag::constant : operand::constant_bit;
                const std::uintptr_t bits = is_constant | (uses[i].is_zero ? operand::zero_bit : 0);
                where[i] = reinterpret_cast<std::uintptr_t>(&x) | bits;
                flows |= is_constant ^ operand::constant_bit;
                form |= bits != 0 ? flag::partial : 0;
            });
            for_each_index<constants>([&](auto i) __attribute__((always_inline)) {
                *machine.slot_data(constant_slots[i]) = T(r.constant[i]);
            });
            machine.run();
            const T value = *machine.output_data(0);
            if (flows == 0 || !recording()) [[unlikely]]
            {
                return make_leaf<T>(T(value));
            }
            std::array<double, count> partial;
            for_each_index<count>([&](auto i) __attribute__((always_inline)) {
                partial[i] = double(*machine.output_data(int(i) + 1));
            });
            if ((flags & (flag::changed | flag::shares)) != 0 || (constants != 0 && !first.are(r.constant)))
                [[unlikely]]
            {
                return append_whole(value, form, where, partial, r.constant,
                                    (flags & (flag::changed | flag::shares)) != 0);
            }
            return append(value, form, where, partial, 0);
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

        // What is hardly ever called takes its arguments by value: what has no address stays in registers.

        [[gnu::noinline]] static handle<T> record_unmerged(Node expression)
        {
            return number_statement<Node, T, false>::record(expression);
        }

        [[gnu::always_inline]] static std::uint32_t all_flags(const operands& x)
        {
            std::uint32_t all = 0;
            for_each_index<count>([&](auto i) __attribute__((always_inline)) { all |= x[i]->flags; });
            return all;
        }

        /// Goes on to the leaves that detach_ has made of operands since the expression was written.
        [[gnu::noinline]] static operands followed(operands x)
        {
            for (node_base*& at : x)
            {
                at = &current(*at);
            }
            return x;
        }

        [[gnu::always_inline]] static handle<T> append(T value, std::uint32_t form,
                                                       const std::array<std::uintptr_t, count>& where,
                                                       const std::array<double, count>& partial,
                                                       std::size_t words_behind)
        {
            node<T>& n = append_number(type, form, entry_size + words_behind * sizeof(std::uint64_t), value);
            operand* o = reinterpret_cast<operand*>(reinterpret_cast<char*>(&n) + sizeof(node<T>));
            for_each_index<count>([&](auto i) __attribute__((always_inline)) {
                o[i].where = where[i];
                o[i].partial = partial[i];
                ++o[i].node()->references;
            });
            return handle<T>(&n);
        }

        /// An entry with what most do not need: constants of its own, and the versions of operands that were changed before.
        [[gnu::noinline]] static handle<T> append_whole(T value, std::uint32_t form,
                                                        std::array<std::uintptr_t, count> where,
                                                        std::array<double, count> partial,
                                                        std::array<double, constants> constant, bool was_changed)
        {
            const bool own_constants = constants != 0 && !first.are(constant);
            handle<T> out =
                append(value, form, where, partial, (was_changed ? count : 0) + (own_constants ? constants : 0));
            node_base& n = *out;
            const operand* o = operands_of(n);
            auto* at = reinterpret_cast<std::uint64_t*>(operands_of(n) + count);
            for (std::size_t i = 0; was_changed && i < count; ++i)
            {
                *at++ = version_of(*o[i].node());
            }
            for (std::size_t i = 0; own_constants && i < constants; ++i)
            {
                *at++ = std::bit_cast<std::uint64_t>(constant[i]);
            }
            n.set((was_changed ? flag::has_versions : 0) | (own_constants ? flag::own_constants : 0));
            return out;
        }
    };
}
