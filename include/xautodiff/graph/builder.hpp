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
            m_representative[std::size_t(i)] = s.shape.is_scalar() ? -1 : i;
            return at(i);
        }

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
            return m_representative[std::size_t(a)] == m_representative[std::size_t(b)] || (sa.is_known() && sa == sb);
        }

        /// Takes down that x has the shape of `like`, where x's own operation could not tell (run-time parameters).
        constexpr void note_same_shape(symbol x, symbol like)
        {
            step& s = steps[std::size_t(x.index)];
            const step& other = steps[std::size_t(like.index)];
            if (!s.shape.is_known())
            {
                s.shape = s.shape.rank == array::unknown || other.shape.is_known() ? other.shape : s.shape;
                m_representative[std::size_t(x.index)] = m_representative[std::size_t(like.index)];
            }
        }

        /// Whether broadcasting b's shape against a's changes nothing.
        constexpr bool absorbs(int a, int b) const
        {
            const int ra = m_representative[std::size_t(a)], rb = m_representative[std::size_t(b)];
            if ((*this)[b].shape.is_scalar() || ra == rb || same_shape(a, b))
            {
                return true;
            }
            if (ra < 0)
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
        std::vector<int> m_literals;
        /// A step whose shape this one is sure to share; -1 for a scalar.
        std::vector<int> m_representative;
        /// The users of each step, as chained lists, so that merging looks only at steps with the same first operand.
        std::vector<int> m_first_user, m_next_user;

        constexpr int push(const step& s)
        {
            steps.push_back(s);
            m_representative.push_back(-1);
            m_first_user.push_back(-1);
            m_next_user.push_back(-1);
            return int(steps.size()) - 1;
        }

        constexpr int representative(int i, const step& s) const
        {
            if (s.shape.is_scalar())
            {
                return -1;
            }
            if (s.op->like >= 0)
            {
                return m_representative[std::size_t(s.operand[std::size_t(s.op->like)])];
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
                        return m_representative[std::size_t(s.operand[std::size_t(a)])];
                    }
                }
            }
            return i;
        }

        constexpr int find(step s) const
        {
            const int found = find_as_written(s);
            if (found < 0 && s.op->is_commutative)
            {
                std::swap(s.operand[0], s.operand[1]);
                return find_as_written(s);
            }
            return found;
        }

        constexpr int find_as_written(const step& s) const
        {
            for (int user = m_first_user[std::size_t(s.operand[0])]; user >= 0; user = m_next_user[std::size_t(user)])
            {
                if ((*this)[user].op == s.op && (*this)[user].operand == s.operand)
                {
                    return user;
                }
            }
            return -1;
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
    constexpr symbol builder::broadcast(symbol x, symbol like) { return symbol::record<op::broadcast_like>(x, like); }

    constexpr symbol builder::sum_to(symbol x, symbol like) { return symbol::record<op::sum_to>(x, like); }

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
        if (const int found = find(s); found >= 0)
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
        m_representative[std::size_t(i)] = representative(i, s);
        m_next_user[std::size_t(i)] = m_first_user[std::size_t(operand[0])];
        m_first_user[std::size_t(operand[0])] = i;
        return at(i);
    }
}
