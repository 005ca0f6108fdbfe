// SPDX-License-Identifier: BSD-3-Clause
// What is done to nodes whose T is not known, as functions of each T.
#pragma once

#include <xautodiff/variable/typed_node.hpp>

namespace xautodiff::variable
{
    namespace detail
    {
        template <class T>
        struct container_functions
        {
            static node<T>& typed(node_base& n) { return static_cast<node<T>&>(n); }

            static void destroy_value(node_base& n) noexcept
            {
                if (!typed(n).is_empty())
                {
                    typed(n).value.~T();
                }
            }
            static void destroy_adjoint(node_base& n) noexcept { typed(n).end_adjoint(); }
            static void destroy_side(side_base* s) noexcept { delete static_cast<side<T>*>(s); }

            static void run_hooks(node_base& n)
            {
                // A copy, as a hook may remove itself.
                const typename node<T>::hook_list hooks = *side_of(typed(n)).hooks;
                // Away from the node, whose room another pass may need that a hook begins.
                T adjoint = typed(n).adjoint();
                for (const auto& [id, hook] : hooks)
                {
                    if (std::optional<T> replaced = hook(std::as_const(adjoint)))
                    {
                        require_same_shape(shape_of(adjoint), shape_of(*replaced));
                        adjoint = std::move(*replaced);
                    }
                }
                typed(n).adjoint() = std::move(adjoint);
            }

            static void prepare_gradient(node_base& n)
            {
                side<T>& s = side_of(typed(n));
                // The sweep is over: nobody looks at the adjoint any more.
                s.prepared.emplace(std::move(typed(n).adjoint()));
                if (s.grad)
                {
                    require_shape_of_gradient(shape_of(*s.grad), shape_of(*s.prepared));
                    accumulate_into(*s.prepared, *s.grad);
                }
            }

            static void commit_gradient(node_base& n) noexcept
            {
                side<T>& s = side_of(typed(n));
                s.grad.swap(s.prepared);
                s.prepared.reset();
                forget_graph(s);
                s.gradient_graph = std::exchange(s.prepared_graph, nullptr);
            }

            static void drop_prepared(node_base& n) noexcept
            {
                if (n.has(flag::has_side))
                {
                    static_cast<side<T>&>(*n.side).prepared.reset();
                    if (node_base* graph = std::exchange(n.side->prepared_graph, nullptr))
                    {
                        release(*graph);
                    }
                }
            }

            static void* take_adjoint(node_base& n)
            {
                T* taken = new T(std::move(typed(n).adjoint()));
                typed(n).end_adjoint();
                return taken;
            }

            static void return_adjoint(node_base& n, void* taken) noexcept
            {
                const std::unique_ptr<T> owned(static_cast<T*>(taken));
                typed(n).start_adjoint(std::move(*owned));
            }

            static void add_adjoint(node_base& n, void* taken)
            {
                if (!n.has(flag::reached))
                {
                    return return_adjoint(n, taken);
                }
                const std::unique_ptr<T> owned(static_cast<T*>(taken));
                accumulate_into(typed(n).adjoint(), *owned);
            }

            static void run_hooks_on(node_base& n, traced& adjoint);
            static void prepare_traced(node_base& n, const traced& adjoint);

            static std::string describe(const node_base& n)
            {
                return message("torch.%sTensor %s",
                               std::same_as<typename array::traits<T>::value_type, float> ? "Float" : "Double",
                               to_string(static_cast<const node<T>&>(n).shape()).c_str());
            }

            static std::uint64_t shape_mark(const node_base& n) { return static_cast<const node<T>&>(n).shape_mark(); }

            static void drop_elements(node_base& n) noexcept
            {
                if constexpr (is_emptiable<T>)
                {
                    typed(n).has_many_elements() ? typed(n).drop_elements() : void();
                }
            }
        };
    }

    template <class T>
    inline constexpr container_type container_of{
        std::is_trivially_destructible_v<T> ? nullptr : &detail::container_functions<T>::destroy_value,
        &detail::container_functions<T>::destroy_adjoint,
        &detail::container_functions<T>::destroy_side,
        &detail::container_functions<T>::run_hooks,
        &detail::container_functions<T>::prepare_gradient,
        &detail::container_functions<T>::commit_gradient,
        &detail::container_functions<T>::drop_prepared,
        &detail::container_functions<T>::take_adjoint,
        &detail::container_functions<T>::return_adjoint,
        &detail::container_functions<T>::add_adjoint,
        &detail::container_functions<T>::run_hooks_on,
        &detail::container_functions<T>::prepare_traced,
        &detail::container_functions<T>::describe,
        is_emptiable<T> ? &detail::container_functions<T>::drop_elements : nullptr,
        array::traits<T>::static_shape.is_known() ? nullptr : &detail::container_functions<T>::shape_mark};

    template <class T>
    inline constexpr node_type leaf_type{&container_of<T>};
}
