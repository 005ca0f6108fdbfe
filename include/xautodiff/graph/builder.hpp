// SPDX-License-Identifier: BSD-3-Clause
// Appends steps to a graph. Equal steps merge as they are appended, so common subexpressions cost nothing, and what is
// known to do nothing (x * 1, x + 0) is not appended at all. Never 0 * x -> 0: x may be nan.
#pragma once

#include <xautodiff/graph/graph.hpp>
#include <xautodiff/op/operations.hpp>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

namespace xautodiff::graph
{
    class builder
    {
    public:
        std::vector<step> steps;
        std::vector<slot> slots;
        int first_adjoint = -1;  ///< where the first reverse sweep began to write; -1 where none did

        constexpr symbol at(int i) { return {this, i}; }

        constexpr int size() const { return int(steps.size()); }
        constexpr const step& operator[](int i) const { return steps[std::size_t(i)]; }

        constexpr symbol literal(double value)
        {
            for (int i : m_literals)
            {
                // As bits: 0.0 and -0.0 differ.
                if (std::bit_cast<std::uint64_t>(steps[std::size_t(i)].value) == std::bit_cast<std::uint64_t>(value))
                {
                    return at(i);
                }
            }
            step s;
            s.value = value;
            m_literals.push_back(push(s));
            return at(m_literals.back());
        }

        /// The step that holds a leaf's value: one for each slot.
        constexpr symbol leaf(const slot& description)
        {
            step s;
            s.kind = description.kind == expression::leaf_kind::parameter ? step_kind::parameter : step_kind::slot;
            s.slot = int(slots.size());
            s.shape = description.shape;
            slots.push_back(description);
            const int i = push(s);
            m_slot_step.push_back(i);
            note_of(i).representative = s.shape.is_scalar() ? -1 : i;
            return at(i);
        }

        /// The first slot of leaves with this identity, or -1.
        constexpr int find_slot(const char* identity) const
        {
            const slot* const begin = slots.data();
            const slot* const end = begin + slots.size();
            for (const slot* s = begin; s != end; ++s)
            {
                if (s->identity == identity)
                {
                    return int(s - begin);
                }
            }
            return -1;
        }

        /// Whether something here is, or may be, more than a number.
        constexpr bool has_arrays() const { return m_has_arrays; }

        /// The step that a slot's leaf has.
        constexpr int step_of_slot(int slot) const { return m_slot_step[std::size_t(slot)]; }

        /// A step of another graph, whose leaves are described in `leaves` and whose earlier steps stand at `place` here.
        constexpr symbol append_copy(const step& s, const std::vector<slot>& leaves, const std::vector<int>& place,
                                     const array::shape& hint = array::shape::of_rank(array::unknown))
        {
            if (s.kind == step_kind::literal)
            {
                return literal(s.value);
            }
            return s.kind == step_kind::operation ? append(s.op, s.operands_in(place), hint)
                                                  : leaf(leaves[std::size_t(s.slot)]);
        }

        /// Op on some operands. `hint` tells the result's static shape where the operands' do not.
        constexpr symbol append(const operation* op, const std::array<int, max_operands>& operand,
                                const array::shape& hint = array::shape::of_rank(array::unknown));

        /// Whether two steps are sure to have one shape at run time.
        constexpr bool same_shape(int a, int b) const
        {
            const auto &sa = steps[std::size_t(a)].shape, &sb = steps[std::size_t(b)].shape;
            return note_of(a).representative == note_of(b).representative || (sa.is_known() && sa == sb);
        }

        /// Takes down that x has the shape of `like`, where x's own operation could not tell (run-time parameters).
        constexpr void note_same_shape(symbol x, symbol like)
        {
            step& s = steps[std::size_t(x.index)];
            const step& other = steps[std::size_t(like.index)];
            if (!s.shape.is_known())
            {
                s.shape = s.shape.rank == array::unknown || other.shape.is_known() ? other.shape : s.shape;
                note_of(x.index).representative = note_of(like.index).representative;
            }
        }

        /// Whether broadcasting b's shape against a's changes nothing.
        constexpr bool absorbs(int a, int b) const
        {
            const int ra = note_of(a).representative, rb = note_of(b).representative;
            if ((*this)[b].shape.is_scalar() || ra == rb || same_shape(a, b))
            {
                return true;
            }
            // What a was made of before b was there is not b; only an extent that is known says more.
            if (ra < 0 || (ra < rb && !(*this)[b].shape.is_known()))
            {
                return false;
            }
            const step& s = (*this)[ra];
            if (s.kind == step_kind::operation && !s.op->is_structured)
            {
                for (int i = 0; i < s.arity(); ++i)
                {
                    if (absorbs(s.operand[std::size_t(i)], b))
                    {
                        return true;
                    }
                }
            }
            return false;
        }

        /// x in the shape of `like`, which x broadcasts to: nothing where it is sure to have it.
        constexpr symbol broadcast(symbol x, symbol like);
        /// x summed to the shape of `like`, which broadcasts to x's: the adjoint of broadcasting, and the only place for it.
        constexpr symbol sum_to(symbol x, symbol like);

    private:
        /// What is known of a step while the graph is built.
        struct note
        {
            int representative = -1;  ///< a step whose shape this one is sure to share; -1 for a scalar
            /// The users of each step as chained lists, each step in that of its latest operand, so that merging looks at few:
            /// a leaf has many users, but what is computed last has hardly any yet.
            int first_user = -1, next_user = -1;
        };

        std::vector<int> m_literals, m_slot_step;
        std::vector<note> m_notes;
        bool m_has_arrays = false;

        constexpr int push(const step& s)
        {
            m_has_arrays = m_has_arrays || (!s.shape.is_scalar() && s.kind != step_kind::parameter);
            steps.push_back(s);
            m_notes.push_back({});
            return int(steps.size()) - 1;
        }

        constexpr note& note_of(int i) { return m_notes[std::size_t(i)]; }
        constexpr const note& note_of(int i) const { return m_notes[std::size_t(i)]; }

        constexpr int representative(int i, const step& s) const
        {
            if (s.shape.is_scalar())
            {
                return -1;
            }
            if (s.op->like >= 0)
            {
                return note_of(s.operand[std::size_t(s.op->like)]).representative;
            }
            if (!s.op->is_structured)
            {
                for (int a = 0; a < s.arity(); ++a)
                {
                    bool all = true;
                    for (int b = 0; b < s.arity(); ++b)
                    {
                        all = all && absorbs(s.operand[std::size_t(a)], s.operand[std::size_t(b)]);
                    }
                    if (all)
                    {
                        return note_of(s.operand[std::size_t(a)]).representative;
                    }
                }
            }
            return i;
        }

        /// In whose list a step with these operands is.
        static constexpr int latest(const std::array<int, max_operands>& operand)
        {
            int latest = operand[0];
            for (const int i : operand)
            {
                latest = i > latest ? i : latest;
            }
            return latest;
        }

        constexpr int find(const operation* op, const std::array<int, max_operands>& operand) const
        {
            const step* const all = steps.data();
            const note* const notes = m_notes.data();
            for (int user = notes[latest(operand)].first_user; user >= 0; user = notes[user].next_user)
            {
                const step& s = all[user];
                if (s.op == op && are_same_operands(s.operand, operand, op->is_commutative))
                {
                    return user;
                }
            }
            return -1;
        }

        static constexpr bool are_same_operands(const std::array<int, max_operands>& a,
                                                const std::array<int, max_operands>& b, bool in_any_order)
        {
            return (a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3])
                   || (in_any_order && a[0] == b[1] && a[1] == b[0]);
        }

        friend constexpr symbol simplified(builder& b, const operation* op, std::array<int, max_operands>& operand);
    };

    /// A symbol for what a rule returned or was called with.
    constexpr symbol to_symbol(builder&, symbol s) { return s; }

    constexpr symbol to_symbol(builder&, math::none) { return {}; }

    template <class Number>
        requires std::is_arithmetic_v<Number>
    constexpr symbol to_symbol(builder& b, Number value)
    {
        return b.literal(double(value));
    }

    template <class Op, class... X>
    constexpr symbol symbol::record(const X&... x)
    {
        builder* home = nullptr;
        const auto look = [&home](const auto& operand)
        {
            if constexpr (requires { operand.home; })
            {
                home = operand.home != nullptr ? operand.home : home;
            }
        };
        (look(x), ...);
        if constexpr (composed_operation<Op>)
        {
            return Op::compose(x...);
        }
        else
        {
            std::array<int, max_operands> operand{-1, -1, -1, -1};
            std::size_t i = 0;
            ((operand[i++] = to_symbol(*home, x).index), ...);
            return home->append(&operation_of<Op, int(sizeof...(X))>, operand);
        }
    }

    namespace detail
    {
        template <class... P>
        constexpr symbols to_symbols(symbol like, const std::tuple<P...>& p)
        {
            symbols out;
            [&]<std::size_t... I>(std::index_sequence<I...>)
            { ((out[I] = to_symbol(*like.home, std::get<I>(p))), ...); }(std::index_sequence_for<P...>{});
            return out;
        }
    }
}

#include <xautodiff/graph/simplify.hpp>

namespace xautodiff::graph
{
    constexpr symbol builder::broadcast(symbol x, symbol like)
    {
        return same_shape(x.index, like.index) ? x : symbol::record<op::broadcast_like>(x, like);
    }

    constexpr symbol builder::sum_to(symbol x, symbol like)
    {
        return same_shape(x.index, like.index) ? x : symbol::record<op::sum_to>(x, like);
    }

    constexpr symbol builder::append(const operation* op, const std::array<int, max_operands>& given,
                                     const array::shape& hint)
    {
        std::array<int, max_operands> operand = given;
        // Beyond the arity there is nothing, however the caller says so: equal steps must compare equal.
        std::fill(operand.begin() + op->arity, operand.end(), -1);
        if (const symbol shorter = simplified(*this, op, operand))
        {
            return shorter;
        }
        step s;
        s.kind = step_kind::operation;
        s.op = op;
        s.operand = operand;
        if (const int found = find(op, operand); found >= 0)
        {
            return at(found);
        }
        shapes known;
        const array::parameters* fixed = nullptr;
        for (int i = 0; i < op->arity; ++i)
        {
            const step& x = (*this)[operand[std::size_t(i)]];
            known[std::size_t(i)] = x.shape;
            fixed = x.kind == step_kind::parameter ? slots[std::size_t(x.slot)].fixed : fixed;
        }
        s.shape = op->infer(known, fixed);
        if (s.shape.rank == array::unknown)
        {
            s.shape = hint;
        }
        const int i = push(s);
        int& first_user = note_of(latest(operand)).first_user;
        note_of(i) = {representative(i, s), -1, first_user};
        first_user = i;
        return at(i);
    }
}
