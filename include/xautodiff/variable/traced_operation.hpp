// SPDX-License-Identifier: BSD-3-Clause
// An operation on traced values: its entry, its value, and its rule as a backward step.
#pragma once

#include <xautodiff/variable/traced_entry.hpp>

namespace xautodiff::variable
{
    namespace detail
    {
        inline const traced& to_traced(const traced& x) { return x; }
        template <class Number>
            requires std::is_arithmetic_v<Number>
        traced to_traced(Number x)
        {
            return traced(double(x));
        }
        inline traced to_traced(math::none) { return {}; }

        /// The backward step of an operation: calls `give(k, part)` for the operands that ask for their part.
        template <class F>
        void apply_rule(node_base& n, const traced& adjoint, traced_rule rule, F give);

        inline void pull_operation(sweep& s, node_base& n, traced_rule rule);
        inline void derive_operation(traced_pass& pass, node_base& n, const traced& adjoint, traced_rule rule);

        /// What must be equal in an elementwise operation: operands laid out along the result.
        inline const double* along(const traced& x, const array::shape& result, std::vector<double>& room, int& step)
        {
            step = x.shape().rank == 0 || x.ref().size() == 1 ? 0 : 1;
            if (step == 0 || x.shape() == result)
            {
                return x.ref().data;
            }
            room.resize(std::size_t(result.size()));
            array::copy(array::array_ref<double>(room.data(), result), array::broadcast_to(x.ref(), result));
            return room.data();
        }

        template <class Op, class Indices>
        struct traced_operation;

        template <class Op, std::size_t... I>
        struct traced_operation<Op, std::index_sequence<I...>>
        {
            static constexpr std::size_t count = sizeof...(I);
            using rules = graph::detail::rules<Op, std::index_sequence<I...>>;

            static constexpr auto outline = []
            {
                std::array<outline_step, count + 1> out{};
                out[0].template name_after<Op>();
                out[0].end = int(count) + 1;
                for (int k = 0; k < int(count); ++k)
                {
                    out[std::size_t(k) + 1].end = k + 2;
                    out[std::size_t(k) + 1].variable = k;
                }
                return out;
            }();

            static void pull(sweep& s, node_base& n) { pull_operation(s, n, &rule); }
            static void derive(traced_pass& pass, node_base& n, const traced& adjoint)
            {
                derive_operation(pass, n, adjoint, &rule);
            }

            static constexpr node_type type{&container_of<erased_array>,
                                            statement_kind::expression,
                                            &pull,
                                            &derive,
                                            nullptr,
                                            outline.data(),
                                            uses_of_each<count>.data(),
                                            nullptr,
                                            0,
                                            int(count),
                                            unsigned(count),
                                            0,
                                            unsigned(operands_behind<erased_array>)};

            static void rule(const traced& adjoint, const traced& y, const traced* x, traced* parts)
            {
                const auto all = math::pullback<Op>(adjoint, y, x[I]...);
                ((parts[I] = to_traced(std::get<I>(all))), ...);
            }

            static erased_array compute(const std::array<traced, count>& x)
            {
                erased_array out;
                if constexpr (graph::structured_operation<Op>)
                {
                    graph::shapes shapes;
                    ((shapes[I] = x[I].shape()), ...);
                    const auto& parameters = x[count - 1].object->value.parameters;
                    array::traits<erased_array>::resize(out, rules::infer(shapes, parameters ? &*parameters : nullptr));
                    const array::array_ref<double> to = array::traits<erased_array>::ref(out);
                    const auto first = [&](auto i)
                    {
                        if constexpr (i() + 1 < count || count == 1)
                        {
                            return x[i()].ref();
                        }
                        else
                        {
                            return *parameters;
                        }
                    };
                    if constexpr (requires { Op::evaluate(to, x[I].ref()...); })
                    {
                        Op::evaluate(to, x[I].ref()...);
                    }
                    else if constexpr (requires {
                                           Op::evaluate(to, first(std::integral_constant<std::size_t, I>{})...);
                                       })
                    {
                        Op::evaluate(to, first(std::integral_constant<std::size_t, I>{})...);
                    }
                    else
                    {
                        array::copy(to, Op::alias(x[0].ref(), out.shape, *parameters));
                    }
                }
                else
                {
                    array::shape whole;
                    ((whole = array::broadcast(whole, x[I].shape())), ...);
                    array::traits<erased_array>::resize(out, whole);
                    std::array<std::vector<double>, count> room;
                    std::array<int, count> step;
                    const std::array<const double*, count> data{along(x[I], whole, room[I], step[I])...};
                    for (std::size_t i = 0; i < out.data.size(); ++i)
                    {
                        out.data[i] = double(Op::value(data[I][i * std::size_t(step[I])]...));
                    }
                }
                return out;
            }

            static traced record(const std::array<traced, count>& x)
            {
                erased_array value = compute(x);
                if constexpr (op::stops_derivatives<Op>)
                {
                    return traced(make_leaf<erased_array>(std::move(value)));
                }
                else
                {
                    node_base* const operands[]{x[I].object.get()...};
                    return traced(append_entry<erased_array>(type, std::move(value), operands, count));
                }
            }
        };
    }

    template <class Op, class... X>
    traced traced::record(const X&... x)
    {
        if constexpr (graph::composed_operation<Op>)
        {
            return Op::compose(x...);
        }
        else
        {
            const std::array<traced, sizeof...(X)> operands{detail::to_traced(x)...};
            if constexpr (std::same_as<Op, op::multiply>)
            {
                for (std::size_t k = 0; k < 2; ++k)
                {
                    if (operands[k].is_number(1))
                    {
                        return operands[1 - k];
                    }
                }
            }
            return detail::traced_operation<Op, std::index_sequence_for<X...>>::record(operands);
        }
    }

    namespace detail
    {
        template <class F>
        void apply_rule(node_base& n, const traced& adjoint, traced_rule rule, F give)
        {
            std::array<traced, graph::max_operands> x, parts;
            const unsigned count = n.type().operands;
            for (unsigned k = 0; k < count; ++k)
            {
                x[k] = operand_of(n, k);
            }
            rule(adjoint, same_node(n), x.data(), parts.data());
            for (unsigned k = 0; k < count; ++k)
            {
                node_base* to = target_of(operands_of(n)[k]);
                if (to != nullptr && parts[k])
                {
                    give(*to, parts[k].shape() == x[k].shape() ? parts[k] : traced::record<op::sum_to>(parts[k], x[k]));
                }
            }
        }

        inline void pull_operation(sweep& s, node_base& n, traced_rule rule)
        {
            const no_grad guard;
            node<erased_array>& typed = static_cast<node<erased_array>&>(n);
            const traced adjoint(make_leaf<erased_array>(typed.adjoint()));
            apply_rule(n, adjoint, rule,
                       [&](node_base& to, const traced& part)
                       { s.deliver(static_cast<node<erased_array>&>(to), erased_array(part.object->value)); });
        }

        inline void require_no_nan(const node_base& n, const node_base& to, const traced& part)
        {
            for (double v : part.object->value.data)
            {
                if (v != v)
                {
                    unsigned k = 0;
                    while (operands_of(n)[k].node() != &to)
                    {
                        ++k;
                    }
                    throw error(
                        message("Function '%s' returned nan values in its %uth output.", name_of(n).c_str(), k));
                }
            }
        }

        inline void derive_operation(traced_pass& pass, node_base& n, const traced& adjoint, traced_rule rule)
        {
            apply_rule(n, adjoint, rule,
                       [&](node_base& to, const traced& part)
                       {
                           if (pass.is_suspicious())
                           {
                               require_no_nan(n, to, part);
                           }
                           pass.deliver(to, part);
                       });
        }
    }
}
