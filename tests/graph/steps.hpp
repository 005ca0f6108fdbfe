// SPDX-License-Identifier: BSD-3-Clause
// Graphs as lists that a person reads: one line a step, such as "x", "constant 2", "3", "sin 0", "multiply 1 0".
#pragma once

#include <xautodiff/core.hpp>

#include <initializer_list>
#include <string_view>

namespace graph_test
{
    namespace graph = xautodiff::graph;

    constexpr graph::text line(const graph::readable& r, const graph::step& s)
    {
        graph::text out;
        if (s.kind == graph::step_kind::operation)
        {
            out += s.op->name;
            for (int k = 0; k < s.arity(); ++k)
            {
                out += ' ';
                out.append_integer(s.operand[std::size_t(k)]);
            }
        }
        else if (s.kind == graph::step_kind::literal)
        {
            graph::append_number(out, s.value);
        }
        else if (s.kind == graph::step_kind::parameter)
        {
            out += "parameters";
        }
        else if (r.leaf(s).is_number)
        {
            out += "constant ";
            graph::append_number(out, r.leaf(s).value);
        }
        else
        {
            out += r.leaf(s).name.view();
        }
        return out;
    }

    /// Whether the graph of f, of arguments of the types C..., has these steps and no others, and these outputs.
    template <class... C, class F>
    constexpr bool steps_are(const F& f, std::initializer_list<std::string_view> steps,
                             std::initializer_list<int> outputs)
    {
        const graph::readable r = xautodiff::functional::read_function<C...>(f);
        bool same = r.steps.size() == steps.size() && r.outputs.size() == outputs.size();
        for (std::size_t i = 0; same && i < steps.size(); ++i)
        {
            same = line(r, r.steps[i]).view() == steps.begin()[i];
        }
        for (std::size_t i = 0; same && i < outputs.size(); ++i)
        {
            same = r.outputs[i] == outputs.begin()[i];
        }
        return same;
    }

    /// How many operations the graph of f computes.
    template <class... C, class F>
    constexpr int operations(const F& f)
    {
        int count = 0;
        for (const graph::step& s : xautodiff::functional::read_function<C...>(f).steps)
        {
            count += s.kind == graph::step_kind::operation;
        }
        return count;
    }

    /// For looking at while writing a test.
    template <class... C, class F>
    std::string listing(const F& f)
    {
        const graph::readable r = xautodiff::functional::read_function<C...>(f);
        std::string out;
        for (const graph::step& s : r.steps)
        {
            out += "\"" + line(r, s).string() + "\", ";
        }
        out += "->";
        for (int o : r.outputs)
        {
            out += " " + std::to_string(o);
        }
        return out;
    }
}
