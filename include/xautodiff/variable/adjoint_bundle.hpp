// SPDX-License-Identifier: BSD-3-Clause
// What arrives at an operation of several results.
#pragma once

#include <xautodiff/variable/traced.hpp>

namespace xautodiff::variable
{
    /// The adjoints of an operation's results, empty where none came.
    template <class... R>
    struct adjoint_bundle
    {
        std::tuple<std::optional<R>...> parts;
    };

    template <class... R>
    void accumulate_into(adjoint_bundle<R...>& total, const adjoint_bundle<R...>& part)
    {
        const auto add = []<class T>(std::optional<T>& to, const std::optional<T>& from)
        {
            if (from)
            {
                to ? accumulate_into(*to, *from) : static_cast<void>(to = from);
            }
        };
        [&]<std::size_t... I>(std::index_sequence<I...>)
        { (add(std::get<I>(total.parts), std::get<I>(part.parts)), ...); }(std::index_sequence_for<R...>{});
    }

    /// No user has a handle of such a node: nobody hooks it, asks for its gradient or changes it.
    template <class... R>
    inline constexpr container_type container_of<adjoint_bundle<R...>>{
        &detail::container_functions<adjoint_bundle<R...>>::destroy_value,
        &detail::container_functions<adjoint_bundle<R...>>::destroy_adjoint,
        &detail::container_functions<adjoint_bundle<R...>>::destroy_side,
        nullptr,
        nullptr,
        nullptr,
        &detail::container_functions<adjoint_bundle<R...>>::drop_prepared,
        &detail::container_functions<adjoint_bundle<R...>>::take_adjoint,
        &detail::container_functions<adjoint_bundle<R...>>::return_adjoint,
        &detail::container_functions<adjoint_bundle<R...>>::add_adjoint,
        nullptr,
        nullptr,
        nullptr};
}
