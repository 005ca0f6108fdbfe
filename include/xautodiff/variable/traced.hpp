// SPDX-License-Identifier: BSD-3-Clause
// Operations recorded one by one, for derivatives of derivatives. The rules of the operations run on values of this type as
// they run on symbols of a graph, so there is one function for each operation and none for each formula or container.
#pragma once

#include <xautodiff/graph/lower.hpp>
#include <xautodiff/variable/grad_mode.hpp>
#include <xautodiff/variable/sweep.hpp>

#include <algorithm>
#include <unordered_map>

namespace xautodiff::variable
{
    /// Elements of any shape, or an operation's parameters.
    struct erased_array
    {
        array::shape shape;
        std::vector<double> data;
        std::optional<array::parameters> parameters;
    };
}

namespace xautodiff::array
{
    template <>
    struct traits<variable::erased_array>
    {
        using value_type = double;
        static constexpr shape static_shape = shape::of_rank(unknown);
        static constexpr family container_family = family::standard;

        static array_ref<const double> ref(const variable::erased_array& a) { return {a.data.data(), a.shape}; }
        static array_ref<double> ref(variable::erased_array& a) { return {a.data.data(), a.shape}; }
        static void resize(variable::erased_array& a, const shape& s)
        {
            a.shape = s;
            a.data.resize(std::size_t(s.size()));
        }
    };
}

namespace xautodiff::variable
{
    /// A value whose operations are computed and recorded as they are written.
    struct traced : math::traced
    {
        handle<erased_array> object;

        traced() = default;
        explicit traced(handle<erased_array> o) : object(std::move(o)) {}
        traced(math::none) {}
        traced(double number) : object(make_leaf<erased_array>(erased_array{{}, {number}, {}})) {}
        explicit traced(const array::parameters& p) : object(make_leaf<erased_array>(erased_array{{}, {}, p})) {}

        template <class U>
        explicit traced(const array::array_ref<const U>& elements) : object(make_leaf<erased_array>())
        {
            array::traits<erased_array>::resize(object->value, elements.shape);
            array::copy(array::traits<erased_array>::ref(object->value), elements);
        }

        explicit operator bool() const { return bool(object); }
        const array::shape& shape() const { return object->value.shape; }
        array::array_ref<const double> ref() const
        {
            return array::traits<erased_array>::ref(std::as_const(object->value));
        }
        bool is_number(double v) const
        {
            const node<erased_array>& n = *object;
            return n.is_leaf() && !n.has(flag::differentiable) && n.value.shape.rank == 0 && n.value.data[0] == v;
        }

        template <class Op, class... X>
        static traced record(const X&... x);
    };

    /// What an operation's rule gives: for each operand its part of the adjoint, empty where nothing flows.
    using traced_rule = void (*)(const traced& adjoint, const traced& y, const traced* x, traced* parts);

    /// A backward pass that is itself recorded.
    class traced_pass
    {
    public:
        /// One that is `suspicious` runs no hooks, and throws at the first nan.
        explicit traced_pass(traced_pass* outer = nullptr, bool suspicious = false)
            : m_outer(outer), m_suspicious(suspicious)
        {
        }

        /// Adds to the adjoint of a node.
        void deliver(node_base& to, const traced& part)
        {
            const auto [at, is_new] = m_adjoints.try_emplace(&to, part);
            if (!is_new)
            {
                at->second = at->second + part;
            }
            else if (to.is_leaf())
            {
                m_ends.emplace_back(to);
            }
            else
            {
                ++m_pending;
            }
        }

        /// The adjoint that has arrived at a node; empty if none has.
        traced arrived(node_base& at) const
        {
            const auto found = m_adjoints.find(&at);
            return found == m_adjoints.end() ? traced() : found->second;
        }

        inline void run(node_base& root);

        /// The pass that a statement's own operations are part of.
        traced_pass& whole() { return m_outer == nullptr ? *this : *m_outer; }

        bool is_suspicious() const { return m_suspicious; }

        /// Everything that keeps a gradient.
        const std::vector<reference>& ends() const { return m_ends; }

    private:
        std::unordered_map<node_base*, traced> m_adjoints;
        std::vector<reference> m_ends;
        std::size_t m_pending = 0;
        traced_pass* m_outer;
        bool m_suspicious;

        void run_hooks(node_base& n, traced& adjoint) const
        {
            if (n.has(flag::has_side) && n.side->has_hooks && !m_suspicious)
            {
                n.type().container->run_hooks_on(n, adjoint);
            }
        }
    };

    inline void traced_pass::run(node_base& root)
    {
        const reference held(root);
        for (node_base* n = root.is_leaf() ? nullptr : &root; m_pending != 0; n = tape::before(*n))
        {
            const auto found = m_adjoints.find(n);
            if (found == m_adjoints.end())
            {
                continue;
            }
            --m_pending;
            run_hooks(*n, found->second);
            if (n->has(flag::has_side) && n->side->retains_grad)
            {
                m_ends.emplace_back(*n);
            }
            if (n->has(flag::spent))
            {
                throw_spent();
            }
            require_unchanged(*n, wanted_adjoints(*n));
            const traced adjoint = found->second;
            n->type().derive(*this, *n, adjoint);
        }
        for (const reference& leaf : m_ends)
        {
            if (leaf->is_leaf())
            {
                run_hooks(*leaf, m_adjoints.find(leaf.get())->second);
            }
        }
    }

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

        inline traced operand_of(const node_base& n, unsigned k)
        {
            node_base& x = *operands_of(n)[k].node();
            retain(x);
            return traced(handle<erased_array>(static_cast<node<erased_array>*>(&x)));
        }

        inline traced same_node(node_base& n)
        {
            retain(n);
            return traced(handle<erased_array>(static_cast<node<erased_array>*>(&n)));
        }

        /// Whether what is computed of those nodes goes on the tape.
        inline bool is_recorded(node_base* const* operands, std::size_t count)
        {
            return recording()
                   && std::any_of(operands, operands + count,
                                  [](const node_base* n) { return n->has(flag::differentiable); });
        }

        /// Makes those nodes the operands of a new entry.
        inline void refer_to(node_base& entry, node_base* const* operands, std::size_t count)
        {
            operand* o = operands_of(entry);
            for (std::size_t k = 0; k < count; ++k)
            {
                retain(*operands[k]);
                o[k].where = reinterpret_cast<std::uintptr_t>(operands[k])
                             | (operands[k]->has(flag::differentiable) ? 0 : operand::constant_bit);
                o[k].version = version_of(*operands[k]);
            }
        }

        /// An entry of some type whose operands are those nodes; a leaf where nothing flows into it.
        template <class T>
        handle<T> append_entry(const node_type& type, T&& value, node_base* const* operands, unsigned count)
        {
            if (!is_recorded(operands, count))
            {
                return make_leaf<T>(std::move(value));
            }
            auto* n = append_node<T>(type, type.operands_at + count * sizeof(operand),
                                     std::max(alignof(node<T>), std::size_t(8)), std::move(value));
            refer_to(*n, operands, count);
            return handle<T>(n);
        }

        template <std::size_t Count>
        inline constexpr auto uses_of_each = []
        {
            std::array<operand_use, Count> out{};
            for (std::size_t k = 0; k < Count; ++k)
            {
                out[k] = {std::uint8_t(k), true, false, 0};
            }
            return out;
        }();

        template <class T>
        inline constexpr std::size_t operands_behind = (sizeof(node<T>) + 7) / 8 * 8;

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
                if constexpr (requires { Op::is_mask; })
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
                    throw error("Function '" + name_of(n) + "' returned nan values in its " + std::to_string(k)
                                + "th output.");
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

        inline constexpr std::array<outline_step, 1> outline_of_same{{{.name = {}, .end = 1, .variable = 0}}};

        /// Elements of a T as an erased_array, and back: entries through which adjoints pass unchanged.
        template <class T>
        struct conversion
        {
            static T to_container(const erased_array& a)
            {
                T out{};
                array::traits<T>::resize(out, a.shape);
                array::copy(array::traits<T>::ref(out), array::traits<erased_array>::ref(a));
                return out;
            }

            static erased_array to_erased(const T& c)
            {
                const auto elements = array::traits<T>::ref(c);
                erased_array out;
                array::traits<erased_array>::resize(out, elements.shape);
                array::copy(array::traits<erased_array>::ref(out), elements);
                return out;
            }

            static void pull_erasure(sweep& s, node_base& n)
            {
                if (node_base* to = target_of(operands_of(n)[0]))
                {
                    s.deliver(static_cast<node<T>&>(*to), to_container(static_cast<node<erased_array>&>(n).adjoint()));
                }
            }

            static void pull_container(sweep& s, node_base& n)
            {
                if (node_base* to = target_of(operands_of(n)[0]))
                {
                    s.deliver(static_cast<node<erased_array>&>(*to), to_erased(static_cast<node<T>&>(n).adjoint()));
                }
            }

            /// Out of a statement's own operations into the pass as a whole.
            static void derive_erasure(traced_pass& pass, node_base& n, const traced& adjoint)
            {
                if (node_base* to = target_of(operands_of(n)[0]))
                {
                    pass.whole().deliver(*to, adjoint);
                }
            }

            static void derive_container(traced_pass& pass, node_base& n, const traced& adjoint)
            {
                if (node_base* to = target_of(operands_of(n)[0]))
                {
                    pass.deliver(*to, adjoint);
                }
            }

            static constexpr node_type type_of(const container_type& holds, void (*pull)(sweep&, node_base&),
                                               void (*derive)(traced_pass&, node_base&, const traced&),
                                               std::size_t operands_at)
            {
                return {&holds,
                        statement_kind::expression,
                        pull,
                        derive,
                        nullptr,
                        outline_of_same.data(),
                        uses_of_each<1>.data(),
                        nullptr,
                        0,
                        1,
                        1,
                        0,
                        unsigned(operands_at)};
            }

            static constexpr node_type erasure =
                type_of(container_of<erased_array>, &pull_erasure, &derive_erasure, operands_behind<erased_array>);
            static constexpr node_type container =
                type_of(container_of<T>, &pull_container, &derive_container, operands_behind<T>);
        };
    }

    /// The value of a node, on record.
    template <class T>
    traced erased(node<T>& n)
    {
        node_base* const operands[]{&n};
        return traced(detail::append_entry<erased_array>(detail::conversion<T>::erasure,
                                                         detail::conversion<T>::to_erased(n.elements()), operands, 1));
    }

    /// A traced value as a T, on record.
    template <class T>
    handle<T> as_container(const traced& t)
    {
        node_base* const operands[]{t.object.get()};
        return detail::append_entry<T>(detail::conversion<T>::container,
                                       detail::conversion<T>::to_container(t.object->value), operands, 1);
    }

    namespace detail
    {
        template <class T>
        void container_functions<T>::run_hooks_on(node_base& n, traced& adjoint)
        {
            const typename node<T>::hook_list hooks = *side_of(typed(n)).hooks;
            for (const auto& [id, hook] : hooks)
            {
                if (const std::optional<T> replaced = hook(conversion<T>::to_container(adjoint.object->value)))
                {
                    require_same_shape(adjoint.shape(), shape_of(*replaced));
                    adjoint = traced(make_leaf<erased_array>(conversion<T>::to_erased(*replaced)));
                }
            }
        }

        template <class T>
        void container_functions<T>::prepare_traced(node_base& n, const traced& adjoint)
        {
            side<T>& s = side_of(typed(n));
            traced total = adjoint;
            if (s.gradient_graph != nullptr)
            {
                total = same_node(*s.gradient_graph) + adjoint;
            }
            else if (s.grad)
            {
                total = traced(make_leaf<erased_array>(conversion<T>::to_erased(*s.grad))) + adjoint;
            }
            s.prepared = conversion<T>::to_container(total.object->value);
            if (n.is_leaf())
            {
                // An inner node would keep itself alive for good: its gradient's graph refers to it.
                retain(*total.object);
                s.prepared_graph = total.object.get();
            }
        }

        template <class Payload>
        traced constant_of(const Payload& p)
        {
            if constexpr (std::is_arithmetic_v<Payload>)
            {
                return traced(double(p));
            }
            else
            {
                return traced(p);
            }
        }

        /// Runs an expression's operations one by one on the values of its payload leaves, numbered from Begin.
        template <class N, int Begin>
        struct replay
        {
            static traced run(const traced* payloads)
            {
                if constexpr (graph::payload_count<N> != 0)
                {
                    return payloads[Begin];
                }
                else
                {
                    return constant_of(N::value);
                }
            }
        };

        template <class Op, class... X, int Begin>
        struct replay<expression::apply<Op, X...>, Begin>
        {
            template <std::size_t... I>
            static traced run_operands(const traced* payloads, std::index_sequence<I...>)
            {
                constexpr auto begins = []
                {
                    std::array<int, sizeof...(X) + 1> out{};
                    const std::array<int, sizeof...(X)> counts{graph::payload_count<X>...};
                    out[0] = Begin;
                    for (std::size_t i = 0; i < sizeof...(X); ++i)
                    {
                        out[i + 1] = out[i] + counts[i];
                    }
                    return out;
                }();
                return traced::record<Op>(replay<X, begins[I]>::run(payloads)...);
            }

            static traced run(const traced* payloads)
            {
                return run_operands(payloads, std::index_sequence_for<X...>{});
            }
        };

        template <class Mode, class Body, class Inputs, class... X, int Begin>
        struct replay<expression::differential<Mode, Body, Inputs, X...>, Begin>
        {
            static traced run(const traced*)
            {
                throw error(
                    "create_graph does not reach through ad::grad(f) inside a formula; write "
                    "ad::grad(ad::grad(f)) there, or the derivative with ad::grad(y, x, {.create_graph = true})");
            }
        };
    }

    /// The backward step of a statement, recorded: its operations one by one, and their rules on top.
    inline void derive_statement(traced_pass& pass, const traced& y, const traced& adjoint)
    {
        if (y.object->has(flag::differentiable))
        {
            traced_pass own(&pass.whole(), pass.is_suspicious());
            own.deliver(*y.object, adjoint);
            own.run(*y.object);
        }
    }
}
