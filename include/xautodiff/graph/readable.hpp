// SPDX-License-Identifier: BSD-3-Clause
// A graph with what is needed to write it down: how its leaves are called, and the numbers that its constants hold.
#pragma once

#include <xautodiff/graph/number_text.hpp>
#include <xautodiff/graph/program.hpp>

namespace xautodiff::graph
{
    /// What a slot stands for in writing.
    struct leaf_text
    {
        text name;
        bool is_number = false;  ///< a constant, written as its value
        bool is_float = false;   ///< that number is a float
        double value = 0;
        array::parameters parameters{};
    };

    struct readable
    {
        std::vector<step> steps;
        std::vector<int> outputs;
        std::vector<leaf_text> leaves;  ///< by slot
        /// The text before each output, and after the last.
        std::vector<text> frame{text()};

        constexpr const step& operator[](int i) const { return steps[std::size_t(i)]; }
        constexpr const leaf_text& leaf(const step& s) const { return leaves[std::size_t(s.slot)]; }

        /// How often each step is read by what the outputs need, and by the outputs themselves; 0 for a dead step.
        constexpr std::vector<int> uses() const
        {
            std::vector<int> count(steps.size(), 0);
            for (int o : outputs)
            {
                ++count[std::size_t(o)];
            }
            for (std::size_t i = steps.size(); i-- > 0;)
            {
                for (int k = 0; count[i] > 0 && k < steps[i].arity(); ++k)
                {
                    ++count[std::size_t(steps[i].operand[std::size_t(k)])];
                }
            }
            return count;
        }
    };

    namespace detail
    {
        /// A number in writing: a literal of the graph, or a constant whose value is known.
        constexpr bool is_number(const readable& r, const step& s, double& value, bool& is_float)
        {
            if (s.kind == step_kind::slot && r.leaf(s).is_number)
            {
                value = r.leaf(s).value;
                is_float = r.leaf(s).is_float;
                return true;
            }
            value = s.value;
            is_float = false;
            return s.kind == step_kind::literal;
        }

        /// What a step comes to when the values of constants are known: another step, or a number, which `s` then becomes.
        constexpr int folded(const readable& r, int index, step& s)
        {
            std::array<double, max_operands> number{};
            bool all = true, any_float = false;
            std::array<bool, max_operands> known{};
            for (int k = 0; k < s.arity(); ++k)
            {
                bool is_float = false;
                known[std::size_t(k)] = is_number(r, r[s.operand[std::size_t(k)]], number[std::size_t(k)], is_float);
                all = all && known[std::size_t(k)];
                any_float = any_float || is_float;
            }
            const auto become = [&s](double value)
            {
                const array::shape shape = s.shape;
                s = step{};
                s.value = value;
                s.shape = shape;
            };
            // A 1 that nobody wrote.
            const auto is_worked_out_one = [&](int k) { return r[s.operand[std::size_t(k)]].is_literal(1); };

            double value = 0;
            if (all && !any_float && s.arity() <= 2 && fold(s.op, number[0], number[1], value))
            {
                become(value);
            }
            else if ((is<op::where>(s.op) || is<op::where_adjoint>(s.op)) && known[0])
            {
                const int chosen = s.operand[number[0] != 0 ? 1 : 2];
                return r[chosen].shape == s.shape ? chosen : index;
            }
            else if (is<op::multiply>(s.op) && (is_worked_out_one(0) || is_worked_out_one(1)))
            {
                const int other = s.operand[is_worked_out_one(0) ? 1 : 0];
                return r[other].shape == s.shape ? other : index;
            }
            else if (is<op::pow>(s.op) && is_worked_out_one(1))
            {
                return s.operand[0];
            }
            else if (is<op::pow>(s.op) && r[s.operand[1]].is_literal(0))
            {
                become(1);
            }
            return index;
        }
    }

    /// The formula that is left when what constants alone decide is worked out: the derivative of pow(x, 3.0) is
    /// 3 * pow(x, 2) and not where(3 == 0, ...).
    constexpr readable with_constants_folded(readable r)
    {
        std::vector<int> other(r.steps.size(), -1);
        for (std::size_t i = 0; i < r.steps.size(); ++i)
        {
            step s = r.steps[i];
            for (int k = 0; k < s.arity(); ++k)
            {
                int& operand = s.operand[std::size_t(k)];
                operand = other[std::size_t(operand)];
            }
            other[i] = s.kind == step_kind::operation ? detail::folded(r, int(i), s) : int(i);
            r.steps[i] = s;
        }
        for (int& o : r.outputs)
        {
            o = other[std::size_t(o)];
        }
        return r;
    }
}
