// SPDX-License-Identifier: BSD-3-Clause
// The way from Variables to traced values and back: entries through which adjoints pass unchanged; and what asks for gradients on
// record.
#pragma once

#include <xautodiff/variable/traced_operation.hpp>

#include <limits>

namespace xautodiff::variable
{
    namespace detail
    {
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

    /// The elements of a node. In the place of those that are gone, since nothing reads them, stand as many nan.
    template <class T>
    erased_array erased_elements(const node<T>& n)
    {
        if constexpr (is_emptiable<T>)
        {
            if (n.is_empty())
            {
                erased_array out;
                array::traits<erased_array>::resize(out, n.shape());
                array::fill(array::traits<erased_array>::ref(out), std::numeric_limits<double>::quiet_NaN());
                return out;
            }
        }
        return detail::conversion<T>::to_erased(n.elements());
    }

    /// The value of a node, on record.
    template <class T>
    traced erased(node<T>& n)
    {
        node_base* const operands[]{&n};
        return traced(
            detail::append_entry<erased_array>(detail::conversion<T>::erasure, erased_elements(n), operands, 1));
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
            if (s.grad)
            {
                require_shape_of_gradient(shape_of(*s.grad), adjoint.shape());
            }
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
    }
}
