// SPDX-License-Identifier: BSD-3-Clause
// What a function of the user's is called with that the tape runs: Variables that do not count as copies of the user's.
#pragma once

#include <xautodiff/variable/backward.hpp>

namespace xautodiff::variable
{
    /// Of a node of this thread: another Variable of it, which does not count as a copy that a user made.
    template <class T>
    Variable<T> same_variable(node<T>& n)
    {
        retain(n);
        return Variable<T>(handle<T>(&n));
    }

    /// A Variable for a Variable (of another thread, what stands for it here) or an expression; anything else as it is.
    template <class X>
    decltype(auto) as_argument(const X& x)
    {
        if constexpr (!expression_like<X>)
        {
            return (x);
        }
        else if constexpr (std::derived_from<X, Variable<stored_t<X>>>)
        {
            return same_variable(local(*x.object()));
        }
        else
        {
            return Variable<stored_t<X>>(x);
        }
    }
}
