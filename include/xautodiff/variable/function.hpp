// SPDX-License-Identifier: BSD-3-Clause
// grad_fn: the graph of operations behind a value, to be walked. It is read off the expressions themselves, so it is the
// same whether a formula is static, recorded as one statement, or as many.
#pragma once

#include <xautodiff/expression/differential.hpp>
#include <xautodiff/variable/leaf.hpp>
#include <xautodiff/variable/sweep.hpp>

#include <functional>
#include <string>

namespace xautodiff
{
    struct next_function;

    /// An operation of a graph, or "AccumulateGrad" for a leaf that requires a gradient; false for a value that has neither.
    class function
    {
    public:
        using walk = std::function<std::vector<next_function>()>;

        function() = default;
        function(std::string name, walk next) : m_name(std::move(name)), m_next(std::move(next)) {}

        explicit operator bool() const { return !m_name.empty(); }
        /// As PyTorch shows it: "AddBackward0".
        const std::string& name() const { return m_name; }
        /// One entry an operand; an operand that requires no gradient gives an empty function.
        std::vector<next_function> next_functions() const;

    private:
        std::string m_name;
        walk m_next;
    };

    struct next_function
    {
        xautodiff::function function;
        unsigned index = 0;
    };

    inline std::vector<next_function> function::next_functions() const
    {
        return m_next ? m_next() : std::vector<next_function>{};
    }

    namespace variable
    {
        template <class N>
        bool requires_grad(const N& node, std::uint64_t sequence = now);

        namespace detail
        {
            template <class Tuple>
            bool any_requires_grad(const Tuple& children, std::uint64_t sequence)
            {
                return boost::hana::unpack(children, [=](const auto&... child)
                                           { return (requires_grad(child, sequence) || ...); });
            }

            template <class Op>
            std::string function_name()
            {
                if constexpr (requires { Op::function; })
                {
                    return std::string(Op::function);
                }
                else
                {
                    return std::string(Op::name) + "Backward";
                }
            }

            template <class N>
            inline constexpr bool is_mask = false;
            template <class Op, class... X>
            inline constexpr bool is_mask<expression::apply<Op, X...>> = requires { Op::is_mask; };

            template <class N>
            inline constexpr bool is_parameter = false;
            template <expression::leaf N>
            inline constexpr bool is_parameter<N> = N::kind == expression::leaf_kind::parameter;
        }

        /// Whether a gradient can flow into a node of statement number `sequence`.
        template <class N>
        bool requires_grad(const N& node, std::uint64_t sequence)
        {
            if constexpr (is_variable_leaf<N>)
            {
                return adjoint_target(node.object, sequence) != nullptr;
            }
            else if constexpr (expression::leaf<N> || detail::is_mask<N>)
            {
                return false;
            }
            else if constexpr (requires { node.operands; })
            {
                return detail::any_requires_grad(node.operands, sequence);
            }
            else
            {
                return requires_grad(node.body, sequence) || detail::any_requires_grad(node.arguments, sequence);
            }
        }

        /// The function that made a Variable; for a leaf that requires a gradient, the one that accumulates it.
        template <class T>
        function function_of(const handle<T>& object);

        /// The function of a node of an expression, recorded as statement number `sequence`, that `owner` keeps alive.
        template <class N>
        function function_of(const std::shared_ptr<const void>& owner, const N& node, std::uint64_t sequence = now)
        {
            if constexpr (is_variable_leaf<N>)
            {
                const auto& operand = adjoint_target(node.object, sequence);
                return operand ? function_of(operand) : function();
            }
            else if constexpr (expression::leaf<N>)
            {
                return {};
            }
            else
            {
                if (!requires_grad(node, sequence))
                {
                    return {};
                }
                const auto walk_over = [owner, sequence](const auto& children)
                {
                    return boost::hana::unpack(children,
                                               [&](const auto&... child)
                                               {
                                                   std::vector<next_function> out;
                                                   const auto add = [&](const auto& c)
                                                   {
                                                       using C = std::remove_cvref_t<decltype(c)>;
                                                       if constexpr (!detail::is_parameter<C>)
                                                       {
                                                           out.push_back({function_of(owner, c, sequence), 0});
                                                       }
                                                   };
                                                   (add(child), ...);
                                                   return out;
                                               });
                };
                if constexpr (requires { node.operands; })
                {
                    return {detail::function_name<typename N::operation>(),
                            [walk_over, &node] { return walk_over(node.operands); }};
                }
                else
                {
                    return {"DifferentialBackward", [walk_over, &node] { return walk_over(node.arguments); }};
                }
            }
        }
    }
}
