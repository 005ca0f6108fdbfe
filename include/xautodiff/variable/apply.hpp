// SPDX-License-Identifier: BSD-3-Clause
// ad::apply of an operation that runs code of the user's forwards and backwards: torch::autograd::Function's counterpart.
#pragma once

#include <xautodiff/evaluate/one_or_tuple.hpp>
#include <xautodiff/expression/functions.hpp>
#include <xautodiff/variable/custom_statement.hpp>

namespace xautodiff
{
    namespace variable
    {
        template <class X>
        struct operand_containers
        {
            using type = std::tuple<>;
        };
        template <expression_like X>
        struct operand_containers<X>
        {
            using type = std::tuple<stored_t<X>>;
        };

        template <class Op, class... X>
        auto apply_recorded(const X&... x)
        {
            expression::require_recorded_operation<Op>();
            using containers = decltype(std::tuple_cat(std::declval<typename operand_containers<X>::type>()...));
            const std::tuple<decltype(as_argument(x))...> arguments(as_argument(x)...);
            typename Op::context context{};
            auto results = [&]
            {
                const no_grad guard;
                auto given =
                    as_tuple(std::apply([&](const auto&... a) { return Op::forward(context, a...); }, arguments));
                return std::apply([]<class... P>(P&... p) { return std::tuple<recorded_t<P>...>(std::move(p)...); },
                                  given);
            }();
            std::array<node_base*, std::tuple_size_v<containers>> operands{};
            std::apply(
                [&, at = operands.begin()](const auto&... a) mutable
                {
                    const auto note = [&]<class A>(const A& argument)
                    {
                        if constexpr (expression_like<A>)
                        {
                            *at++ = argument.object().get();
                        }
                    };
                    (note(a), ...);
                },
                arguments);
            return std::apply(
                [&]<class... R>(Variable<R>&... r)
                {
                    if constexpr (operands.size() != 0
                                  && (std::is_floating_point_v<typename array::traits<R>::value_type> || ...))
                    {
                        if (detail::is_recorded(operands.data(), operands.size()))
                        {
                            return evaluate::one_or_tuple(custom_statement<Op, std::tuple<R...>, containers>::record(
                                std::move(context), std::tuple<Variable<R>...>(std::move(r)...), operands));
                        }
                    }
                    // Nothing that was computed without being recorded is an operand itself.
                    return evaluate::one_or_tuple(
                        std::tuple<Variable<R>...>((is_temporary(*r.object()) ? std::move(r) : r.detach())...));
                },
                results);
        }
    }

    /// Applies an operation that is no formula: any code, with its own pullback. Op is a struct of
    ///
    ///     static constexpr std::string_view name = "...";
    ///     struct context { ... };                              // what forward keeps: ad::saved<T> for Variables
    ///     static auto forward(context&, const auto&... x);     // one result, or a std::tuple of several
    ///     static auto pullback(const context&, const auto&... adjoint);  // one gradient an operand, one or a std::tuple
    ///
    /// forward is given Variables for operands that are Variables or expressions, and what else it is called with as it is;
    /// it runs under no_grad, and may give Variables, expressions, containers and numbers. Results come back as a Variable,
    /// or as a std::tuple of them that share one entry; those of integers have no gradient. pullback runs once, when all
    /// adjoints have arrived: it is given one Variable a result, zeros where none came, and gives one gradient for each
    /// Variable that forward was given: ad::math::none or an empty std::optional where nothing flows. Of gradients that are
    /// expressions only those are computed that somebody waits for. It runs under no_grad too, but for
    /// backward({.create_graph = true}), which records it.
    template <recorded_operation Op, class... X>
    auto apply(const X&... x)
    {
        return variable::apply_recorded<Op>(x...);
    }
}
