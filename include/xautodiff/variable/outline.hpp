// SPDX-License-Identifier: BSD-3-Clause
// The operations of an expression as a flat table, for whoever walks them at run time: one small constant for each
// type of expression, and no code.
#pragma once

#include <xautodiff/expression/differential.hpp>
#include <xautodiff/op/function_name.hpp>
#include <xautodiff/op/math.hpp>
#include <xautodiff/variable/leaf.hpp>

#include <array>
#include <string_view>

namespace xautodiff::variable
{
    /// One operation or operand; operands follow their operation.
    struct outline_step
    {
        std::string_view name;     ///< what grad_fn() calls an operation
        int end = 0;               ///< the next step that is no part of this one
        int variable = -1;         ///< which of the expression's Variables, by occurrence
        bool is_constant = false;  ///< no derivative flows through it
        unsigned result =
            0;  ///< of one without a name, which only passes on: which result of the function before it is

        template <class Op>
        constexpr void name_after()
        {
            name = op::function_name<Op>();
        }
    };

    namespace detail
    {
        template <class N>
        struct outlined;

        template <expression::leaf N>
        struct outlined<N>
        {
            static constexpr bool is_parameter = N::kind == expression::leaf_kind::parameter;
            static constexpr int steps = is_parameter ? 0 : 1;
            static constexpr int variables = is_variable_leaf<N> ? 1 : 0;

            static constexpr void write(outline_step* out, int at, int variable)
            {
                if constexpr (!is_parameter)
                {
                    out[at].end = at + 1;
                    out[at].variable = variables != 0 ? variable : -1;
                }
            }
        };

        template <class... X>
        struct outlined_operands
        {
            static constexpr int steps = (outlined<X>::steps + ... + 0);
            static constexpr int variables = (outlined<X>::variables + ... + 0);

            static constexpr void write(outline_step* out, int at, int variable)
            {
                ((outlined<X>::write(out, at, variable), at += outlined<X>::steps, variable += outlined<X>::variables),
                 ...);
            }
        };

        template <class Op, class... X>
        struct outlined<expression::apply<Op, X...>>
        {
            using operands = outlined_operands<X...>;
            using first = std::tuple_element_t<0, std::tuple<X...>>;
            static constexpr int steps = 1 + operands::steps, variables = operands::variables;
            static constexpr bool begins_with_number = expression::leaf<first> && outlined<first>::variables == 0
                                                       && expression::static_shape_of<first>.rank == 0;

            static constexpr void write(outline_step* out, int at, int variable)
            {
                out[at].template name_after<Op>();
                if constexpr (requires { Op::function_of_number_first; })
                {
                    out[at].name = begins_with_number ? Op::function_of_number_first : out[at].name;
                }
                out[at].end = at + steps;
                out[at].is_constant = op::stops_derivatives<Op>;
                operands::write(out, at + 1, variable);
            }
        };

        template <class Mode, class Body, class Inputs, class... X>
        struct outlined<expression::differential<Mode, Body, Inputs, X...>>
        {
            using operands = outlined_operands<X...>;
            static constexpr int steps = 1 + operands::steps;
            static constexpr int variables = outlined<Body>::variables + operands::variables;

            static constexpr void write(outline_step* out, int at, int variable)
            {
                out[at].name = "DifferentialBackward";
                out[at].end = at + steps;
                operands::write(out, at + 1, variable + outlined<Body>::variables);
            }
        };
    }

    /// How many Variables N reads, each occurrence counted.
    template <class N>
    inline constexpr int variable_count = detail::outlined<N>::variables;

    template <class N>
    inline constexpr auto outline_of = []
    {
        std::array<outline_step, std::size_t(detail::outlined<N>::steps) + 1> out{};
        detail::outlined<N>::write(out.data(), 0, 0);
        return out;
    }();

    /// Which Variables a gradient can flow to: those not only compared or detached.
    template <class N>
    inline constexpr auto flowing_variables = []
    {
        std::array<bool, std::size_t(variable_count<N>) + 1> out{};
        constexpr const auto& steps = outline_of<N>;
        for (int i = 0; i < detail::outlined<N>::steps;)
        {
            if (steps[std::size_t(i)].variable >= 0)
            {
                out[std::size_t(steps[std::size_t(i)].variable)] = true;
            }
            i = steps[std::size_t(i)].is_constant ? steps[std::size_t(i)].end : i + 1;
        }
        return out;
    }();

    /// Whether a gradient flows into step i, given where the adjoints of the Variables go.
    inline bool flows_into(const outline_step* steps, int i, const node_base* const* targets)
    {
        const int end = steps[i].end;
        while (i < end)
        {
            if (steps[i].variable >= 0 && targets[steps[i].variable] != nullptr)
            {
                return true;
            }
            i = steps[i].is_constant ? steps[i].end : i + 1;
        }
        return false;
    }

    /// Calls f(leaf) for every Variable of an expression, in the order of their numbers.
    template <class N, class F>
    constexpr void for_each_variable(N& node, F& f)
    {
        if constexpr (variable_count<std::remove_const_t<N>> == 0)
        {
            return;
        }
        else if constexpr (expression::leaf<N>)
        {
            f(node);
        }
        else
        {
            if constexpr (requires { node.body; })
            {
                for_each_variable(node.body, f);
                boost::hana::unpack(node.arguments, [&f](auto&... x) { (for_each_variable(x, f), ...); });
            }
            else
            {
                boost::hana::unpack(node.operands, [&f](auto&... x) { (for_each_variable(x, f), ...); });
            }
        }
    }
}
