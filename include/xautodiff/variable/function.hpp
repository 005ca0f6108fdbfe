// SPDX-License-Identifier: BSD-3-Clause
// grad_fn: the graph of operations behind a value, to be walked. It is read off the expressions' types, so it is the
// same whether a formula is static, recorded as one statement, or as many.
#pragma once

#include <xautodiff/variable/outline.hpp>

#include <memory>
#include <string>
#include <vector>

namespace xautodiff
{
    struct next_function;

    namespace variable
    {
        /// The Variables of an expression, held, and where their adjoints go.
        struct walked_statement
        {
            const outline_step* steps = nullptr;
            std::vector<reference> held;
            std::vector<const node_base*> targets;
        };
    }

    /// An operation of a graph, or "AccumulateGrad" for a leaf that requires a gradient; false for a value that has neither.
    class function
    {
    public:
        function() = default;
        function(std::string name, std::shared_ptr<const variable::walked_statement> statement, int step)
            : m_name(std::move(name)), m_statement(std::move(statement)), m_step(step)
        {
        }

        explicit operator bool() const { return !m_name.empty(); }
        /// As PyTorch shows it: "AddBackward0".
        const std::string& name() const { return m_name; }
        /// One entry an operand; an operand that requires no gradient gives an empty function.
        inline std::vector<next_function> next_functions() const;

    private:
        std::string m_name;
        std::shared_ptr<const variable::walked_statement> m_statement;
        int m_step = 0;
    };

    struct next_function
    {
        xautodiff::function function;
        unsigned index = 0;
    };

    namespace variable
    {
        /// The function that made a node; for a leaf that requires a gradient, the one that accumulates it.
        inline function function_of(const node_base& n);

        /// The function of one step.
        inline function function_at(const std::shared_ptr<const walked_statement>& statement, int step)
        {
            const outline_step& s = statement->steps[step];
            if (s.variable >= 0)
            {
                const node_base* target = statement->targets[std::size_t(s.variable)];
                return target == nullptr ? function() : function_of(*target);
            }
            if (s.name.empty() || s.is_constant || !flows_into(statement->steps, step, statement->targets.data()))
            {
                return {};
            }
            return {std::string(s.name), statement, step};
        }

        /// The name of the function whose result a node is; empty for a leaf.
        inline std::string name_of(const node_base& n)
        {
            const node_base* at = &n;
            while (!at->is_leaf() && at->type().outline[0].name.empty())
            {
                at = operands_of(*at)[0].node();
            }
            return at->is_leaf() ? std::string() : std::string(at->type().outline[0].name);
        }

        /// Which of that function's results.
        inline unsigned result_of(const node_base& n) { return n.is_leaf() ? 0 : n.type().outline[0].result; }

        inline function function_of(const node_base& n)
        {
            if (n.is_leaf())
            {
                return n.is_differentiable() ? function("AccumulateGrad", nullptr, 0) : function();
            }
            const node_type& type = n.type();
            const auto statement = std::make_shared<walked_statement>();
            statement->steps = type.outline;
            const operand* operands = operands_of(n);
            tape::here().forget_run();
            for (int i = 0; i < type.occurrences; ++i)
            {
                const operand& o = operands[type.operand_of_occurrence == nullptr ? i : type.operand_of_occurrence[i]];
                statement->held.emplace_back(*o.node());
                statement->targets.push_back(target_of(o));
            }
            // What was recorded keeps its function, also where no operand asks for a gradient any more.
            return type.outline[0].name.empty() ? function_at(statement, 0) : function(name_of(n), statement, 0);
        }

        /// The function of an expression that is not recorded.
        template <class N>
        function function_of_expression(const N& node)
        {
            const auto statement = std::make_shared<walked_statement>();
            statement->steps = outline_of<N>.data();
            const auto note = [&](const auto& leaf)
            {
                node_base& n = current(*leaf.object);
                statement->held.emplace_back(n);
                statement->targets.push_back(n.is_differentiable() ? &n : nullptr);
            };
            for_each_variable(node, note);
            return function_at(statement, 0);
        }

        /// Whether a gradient can flow into an expression.
        template <class N>
        bool requires_grad(const N& node)
        {
            bool out = false;
            std::size_t i = 0;
            const auto look = [&](const auto& leaf)
            {
                out = out || (flowing_variables<N>[i] && current(*leaf.object).is_differentiable());
                ++i;
            };
            for_each_variable(node, look);
            return out;
        }
    }

    inline std::vector<next_function> function::next_functions() const
    {
        std::vector<next_function> out;
        if (m_statement != nullptr)
        {
            const variable::outline_step* steps = m_statement->steps;
            for (int i = m_step + 1; i < steps[m_step].end; i = steps[i].end)
            {
                const variable::node_base* target =
                    steps[i].variable < 0 ? nullptr : m_statement->targets[std::size_t(steps[i].variable)];
                out.push_back(
                    {variable::function_at(m_statement, i), target == nullptr ? 0 : variable::result_of(*target)});
            }
        }
        return out;
    }
}
