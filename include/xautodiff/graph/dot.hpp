// SPDX-License-Identifier: BSD-3-Clause
// A graph in Graphviz's language: a node for each step, arrows from operands to what reads them.
#pragma once

#include <xautodiff/graph/parameter_text.hpp>
#include <xautodiff/graph/readable.hpp>

namespace xautodiff::graph
{
    namespace detail
    {
        constexpr void append_label(text& out, std::string_view label)
        {
            out += " [label=\"";
            for (char c : label)
            {
                if (c == '"' || c == '\\')
                {
                    out += '\\';
                }
                out += c;
            }
            out += '"';
        }

        constexpr text step_label(const readable& r, const step& s)
        {
            text label;
            double value = 0;
            bool is_float = false;
            if (is_number(r, s, value, is_float))
            {
                if (is_float)
                {
                    append_number(label, float(value));
                }
                else
                {
                    append_number(label, value);
                }
            }
            else if (s.kind != step_kind::operation)
            {
                label += r.leaf(s).name.view();
            }
            else
            {
                label += !s.op->infix.empty()    ? s.op->infix
                         : !s.op->prefix.empty() ? s.op->prefix
                                                 : written_name(*s.op);
                for (int k = 0; k < s.arity(); ++k)
                {
                    const step& operand = r[s.operand[std::size_t(k)]];
                    if (operand.kind == step_kind::parameter)
                    {
                        label += ' ';
                        label += parameter_text(*s.op, r.leaf(operand).parameters).view();
                    }
                }
            }
            return label;
        }
    }

    /// Leaves are ellipses, numbers plain text, operations boxes; a result has a double border. An operand of which only the
    /// shape is read has a dashed arrow.
    constexpr text write_dot(const readable& r)
    {
        text out("digraph {\n    graph [ordering=in]\n    node [shape=box]\n");
        const std::vector<int> uses = r.uses();
        const auto name = [&out](std::size_t i)
        {
            out += 's';
            out.append_integer(static_cast<long long>(i));
        };
        for (std::size_t i = 0; i < r.steps.size(); ++i)
        {
            const step& s = r.steps[i];
            if (uses[i] == 0 || s.kind == step_kind::parameter)
            {
                continue;
            }
            out += "    ";
            name(i);
            detail::append_label(out, detail::step_label(r, s).view());
            double value = 0;
            bool is_float = false;
            out += detail::is_number(r, s, value, is_float) ? ", shape=plaintext"
                   : s.kind == step_kind::slot              ? ", shape=ellipse"
                                                            : "";
            out +=
                std::find(r.outputs.begin(), r.outputs.end(), int(i)) != r.outputs.end() ? ", peripheries=2]\n" : "]\n";
            for (int k = 0; k < s.arity(); ++k)
            {
                const int operand = s.operand[std::size_t(k)];
                if (r[operand].kind != step_kind::parameter)
                {
                    out += "    ";
                    name(std::size_t(operand));
                    out += " -> ";
                    name(i);
                    out += s.reads_shape_only(k) ? " [style=dashed]\n" : "\n";
                }
            }
        }
        out += "}\n";
        return out;
    }
}
