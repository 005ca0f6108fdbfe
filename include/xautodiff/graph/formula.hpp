// SPDX-License-Identifier: BSD-3-Clause
// A graph written as a formula: infix where there is an operator, with as few parentheses as C++ needs to read the same
// steps back. A step that is read more than once, and is more than a leaf, is named first: "t0 = x + 2; t0 * t0".
#pragma once

#include <xautodiff/graph/parameter_text.hpp>
#include <xautodiff/graph/readable.hpp>

namespace xautodiff::graph
{
    namespace detail
    {
        /// How tightly a text binds; the operand of an operator must bind at least as tightly as it says.
        enum binding
        {
            comparison,
            sum,
            product,
            prefix,
            atom
        };

        constexpr binding binding_of(std::string_view infix)
        {
            return infix == "+" || infix == "-" ? sum : infix == "*" || infix == "/" ? product : comparison;
        }

        class formula_writer
        {
        public:
            constexpr explicit formula_writer(const readable& r) : m_graph(r), m_name(r.steps.size()) {}

            constexpr text write()
            {
                text out;
                const std::vector<int> uses = m_graph.uses();
                int names = 0;
                for (std::size_t i = 0; i < uses.size(); ++i)
                {
                    if (uses[i] > 1 && is_worth_a_name(m_graph.steps[i]))
                    {
                        text name("t");
                        name.append_integer(names++);
                        out += name.view();
                        out += " = ";
                        out += write(int(i), comparison).view();
                        out += "; ";
                        m_name[i] = name;
                    }
                }
                for (std::size_t o = 0; o < m_graph.outputs.size(); ++o)
                {
                    out += m_graph.frame[o].view();
                    out += write(m_graph.outputs[o], comparison).view();
                }
                out += m_graph.frame.back().view();
                return out;
            }

        private:
            const readable& m_graph;
            std::vector<text> m_name;

            constexpr bool is_worth_a_name(const step& s) const
            {
                return s.kind == step_kind::operation
                       && (s.op->prefix.empty() || m_graph[s.operand[0]].kind == step_kind::operation);
            }

            /// Step i where something that binds as tightly as `wanted` must stand.
            constexpr text write(int i, binding wanted) const
            {
                text out;
                const binding given = append(out, i);
                if (given >= wanted)
                {
                    return out;
                }
                text in_parentheses("(");
                in_parentheses += out.view();
                in_parentheses += ')';
                return in_parentheses;
            }

            constexpr binding append(text& out, int i) const
            {
                const step& s = m_graph[i];
                double value = 0;
                bool is_float = false;
                if (m_name[std::size_t(i)].size() != 0)
                {
                    out += m_name[std::size_t(i)].view();
                }
                else if (is_number(m_graph, s, value, is_float))
                {
                    append(out, value, is_float);
                    return out.view()[0] == '-' ? prefix : atom;
                }
                else if (s.kind != step_kind::operation)
                {
                    out += m_graph.leaf(s).name.view();
                }
                else if (s.arity() == 2 && !s.op->infix.empty())
                {
                    return append_infix(out, s);
                }
                else if (s.arity() == 1 && !s.op->prefix.empty())
                {
                    out += s.op->prefix;
                    out += write(s.operand[0], atom).view();
                    return prefix;
                }
                else
                {
                    append_call(out, s);
                }
                return atom;
            }

            static constexpr void append(text& out, double value, bool is_float)
            {
                if (is_float)
                {
                    append_number(out, float(value));
                }
                else
                {
                    append_number(out, value);
                }
            }

            constexpr binding append_infix(text& out, const step& s) const
            {
                const binding mine = binding_of(s.op->infix);
                out += write(s.operand[0], mine == comparison ? sum : mine).view();
                out += ' ';
                // x + -2 is written x - 2.
                double value = 0;
                bool is_float = false;
                if (mine == sum && is_number(m_graph, m_graph[s.operand[1]], value, is_float) && value < 0)
                {
                    out += s.op->infix == "+" ? "- " : "+ ";
                    append(out, -value, is_float);
                    return mine;
                }
                out += s.op->infix;
                out += ' ';
                out += write(s.operand[1], binding(mine + 1)).view();
                return mine;
            }

            constexpr void append_call(text& out, const step& s) const
            {
                out += written_name(*s.op);
                text arguments;
                for (int k = 0; k < s.arity(); ++k)
                {
                    const step& operand = m_graph[s.operand[std::size_t(k)]];
                    if (operand.kind != step_kind::parameter)
                    {
                        separate(arguments) += write(s.operand[std::size_t(k)], comparison).view();
                    }
                    else if (const text p = parameter_text(*s.op, m_graph.leaf(operand).parameters); p.size() != 0)
                    {
                        separate(arguments) += p.view();
                    }
                }
                out += '(';
                out += arguments.view();
                out += ')';
            }
        };
    }

    constexpr text write_formula(const readable& r) { return detail::formula_writer(r).write(); }
}
