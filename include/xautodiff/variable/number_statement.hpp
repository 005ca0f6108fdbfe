// SPDX-License-Identifier: BSD-3-Clause
// A statement on numbers: value and partial derivatives are computed together when it is recorded, and an entry is those,
// and references to the operands.
#pragma once

#include <xautodiff/evaluate/facade.hpp>
#include <xautodiff/variable/grad_mode.hpp>
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

    template <class Node, class T, bool Merge>
    class number_statement
    {
    public:
        static handle<T> record(const Node& node)
        {
            reader r;
            for_each_payload_of(node, r);
            T value;
            std::array<T, count> partial;
            if (!compute(node, value, partial, std::make_index_sequence<count>{}))
            {
                if constexpr (program::has_merged_payloads)
                {
                    return number_statement<Node, T, false>::record(node);
                }
            }
            bool flows = false;
            bool was_changed = false;
            for (std::size_t i = 0; i < count; ++i)
            {
                r.operand[i] = r.operand[i]->has(flag::detached) ? &current(*r.operand[i]) : r.operand[i];
                const std::uint16_t flags = r.operand[i]->flags;
                flows = flows || ((flags & flag::differentiable) != 0 && uses[i].flows);
                was_changed = was_changed || (flags & (flag::changed | flag::shares)) != 0;
            }
            if (!flows || !recording())
            {
                return make_leaf<T>(value);
            }
            const bool own_constants = constants != 0 && !first.are(r.constant);
            return append(r, value, partial, own_constants, was_changed);
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

        static constexpr node_type type{&container_of<T>,
                                        nullptr,
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

        /// Takes the operands and constants from an expression.
        struct reader
        {
            std::array<node_base*, count> operand;
            std::array<double, constants> constant;

            template <class Leaf>
            [[gnu::always_inline]] void operator()(int occurrence, const Leaf& leaf)
            {
                const std::size_t slot =
                    std::size_t(graph::occurrence_slot_of<program::graph>[std::size_t(occurrence)]);
                if constexpr (is_variable_leaf<Leaf>)
                {
                    operand[std::size_t(facts::adjoint_of_slot[slot])] = leaf.object.get();
                }
                else
                {
                    constant[std::size_t(constant_of_slot[slot])] = double(T(leaf.payload()));
                }
            }
        };

        static void for_each_payload_of(const Node& node, reader& r) { evaluate::for_each_payload(node, r); }

        template <std::size_t... I>
        static bool compute(const Node& node, T& value, std::array<T, count>& partial, std::index_sequence<I...>)
        {
            const auto results = std::tuple{&value, (static_cast<void>(I), &partial[I])...};
            return evaluate::detail::run<program, T, array::family::scalar>(node, std::tuple<>{}, results);
        }

        static handle<T> append(const reader& r, T value, const std::array<T, count>& partial, bool own_constants,
                                bool was_changed)
        {
            const std::size_t bytes = sizeof(node<T>) + count * sizeof(operand)
                                      + (was_changed ? count * sizeof(std::uint64_t) : 0)
                                      + (own_constants ? constants * sizeof(double) : 0);
            std::uint16_t distance;
            void* memory = tape::here().allocate(bytes, 8, distance);
            auto* n = ::new (memory) node<T>(type, flag::recorded | flag::differentiable, value);
            n->distance = distance;
            operand* o = reinterpret_cast<operand*>(static_cast<char*>(memory) + sizeof(node<T>));
            for (std::size_t i = 0; i < count; ++i)
            {
                node_base& x = *r.operand[i];
                retain(x);
                const bool flows = x.has(flag::differentiable) && uses[i].flows;
                o[i].where = reinterpret_cast<std::uintptr_t>(&x) | (flows ? 0 : operand::constant_bit);
                o[i].partial = double(partial[i]);
            }
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
