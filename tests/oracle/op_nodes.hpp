// SPDX-License-Identifier: BSD-3-Clause
// The cases of op_cases.txt as expressions: an operation's node over one input for each argument.
#pragma once

#include <xautodiff/array/slices.hpp>
#include <xautodiff/expression/apply.hpp>
#include <xautodiff/op/operations.hpp>

#include "cases.hpp"

namespace xautodiff::oracle
{
    struct case_arguments;

    /// Argument number P of a case, held in a C.
    template <class C, int P>
    using case_input = expression::input<case_arguments, P, C>;

    template <class Op, class... X>
    constexpr auto node(const X&... x)
    {
        return expression::apply<Op, X...>(x...);
    }

    /// The parameters of a view: the file's four integers for each axis are KIND A B C.
    inline xautodiff::array::parameters view_parameters(const std::vector<int>& given)
    {
        xautodiff::array::parameters out;
        const auto append = [&](const auto& slice)
        {
            const auto encoded = xautodiff::array::encode(slice);
            for (int i = 0; i < encoded.count; ++i)
            {
                out.push_back(encoded[i]);
            }
        };
        for (std::size_t i = 0; i < given.size(); i += 4)
        {
            switch (given[i])
            {
            case 0:
                append(given[i + 1]);
                break;
            case 1:
                append(range(given[i + 1], given[i + 2], given[i + 3]));
                break;
            case 2:
                append(all);
                break;
            default:
                append(range(given[i + 1], end, given[i + 3]));
            }
        }
        return out;
    }

    inline xautodiff::array::parameters case_parameters(const op_case& c)
    {
        if (c.operation == "view")
        {
            return view_parameters(c.parameters);
        }
        xautodiff::array::parameters out;
        for (int p : c.parameters)
        {
            out.push_back(p);
        }
        return out;
    }

    /// Calls f(node) for every operation of the library that has to give the case's answers.
    /// Throws std::runtime_error for an operation that is not known here.
    template <class C, class F>
    void for_each_node(const op_case& c, F&& f)
    {
        const case_input<C, 0> x;
        const case_input<C, 1> y;
        const case_input<C, 2> z;
        const case_input<C, 3> w;
        const expression::parameter<expression::untagged> p(case_parameters(c));
        const bool whole = c.parameters == std::vector<int>{0};

        bool known = false;
        const auto unary = [&]<class Op>(const char* name, Op)
        { c.operation == name ? (known = true, f(node<Op>(x))) : void(); };
        const auto binary = [&]<class Op>(const char* name, Op)
        { c.operation == name ? (known = true, f(node<Op>(x, y))) : void(); };
        const auto selection = [&]<class Op>(const char* name, Op)
        { c.operation == name ? (known = true, f(node<op::where>(node<Op>(x, y), z, w))) : void(); };
        const auto with_parameters = [&]<class Op>(const char* name, Op)
        { c.operation == name ? (known = true, f(node<Op>(x, p))) : void(); };
        const auto reduction = [&]<class All, class Over>(const char* name, All, Over over)
        {
            whole ? unary(name, All{}) : void();
            with_parameters(name, over);
        };

        unary("negate", op::negate{});
        unary("square", op::square{});
        unary("sqrt", op::sqrt{});
        unary("exp", op::exp{});
        unary("expm1", op::expm1{});
        unary("log", op::log{});
        unary("log1p", op::log1p{});
        unary("sin", op::sin{});
        unary("cos", op::cos{});
        unary("tan", op::tan{});
        unary("tanh", op::tanh{});
        unary("sigmoid", op::sigmoid{});
        unary("erf", op::erf{});
        unary("erfc", op::erfc{});
        unary("abs", op::abs{});
        unary("relu", op::relu{});
        c.operation == "clamp" ? (known = true, f(node<op::clamp>(x, y, z))) : void();
        binary("add", op::add{});
        binary("subtract", op::subtract{});
        binary("multiply", op::multiply{});
        binary("divide", op::divide{});
        binary("maximum", op::maximum{});
        binary("minimum", op::minimum{});
        binary("pow", op::pow{});
        selection("where_less", op::less{});
        selection("where_less_equal", op::less_equal{});
        selection("where_greater", op::greater{});
        selection("where_greater_equal", op::greater_equal{});
        selection("where_equal", op::equal{});
        selection("where_not_equal", op::not_equal{});
        reduction("sum", op::sum{}, op::sum_over{});
        reduction("mean", op::mean{}, op::mean_over{});
        reduction("norm_l2", op::norm_l2{}, op::norm_l2_over{});
        with_parameters("amax", op::amax{});
        with_parameters("reshape", op::reshape{});
        with_parameters("transpose", op::transpose{});
        with_parameters("view", op::view{});
        binary("dot", op::dot{});
        binary("dot", op::matmul{});
        binary("matmul", op::matmul{});
        if (!known)
        {
            throw std::runtime_error("case " + c.name + ": operation " + c.operation
                                     + " is not listed in op_nodes.hpp");
        }
    }
}
