// SPDX-License-Identifier: BSD-3-Clause
// What may not be done with a Variable, and the sentence that says so.
#pragma once

#include <xautodiff/variable/make_node.hpp>

#include <string>
#include <type_traits>

namespace xautodiff
{
    namespace variable
    {
        [[noreturn, gnu::noinline]] inline void throw_moved_from() { throw error("this Variable was moved from"); }

        [[noreturn]] inline void throw_foreign(const char* what)
        {
            throw error(
                message("this Variable belongs to another thread, which still runs: it is %s there alone", what));
        }

        [[noreturn]] inline void throw_no_gradient(const node_base& n)
        {
            const bool is_kept = n.is_leaf() || (n.has(flag::has_side) && n.side->retains_grad);
            throw no_gradient(
                is_kept ? message("this Variable has no gradient: no backward pass has reached it (requires_grad "
                                  "is %s)",
                                  n.is_differentiable() ? "True" : "False")
                        : "the gradient of a Variable that is not a leaf is not kept: call retain_grad() "
                          "on it before backward()");
        }

        inline void require_in_place(const array::shape& before, const array::shape& now)
        {
            if (!(before == now))
            {
                throw shape_error(message("output with shape %s doesn't match the broadcast shape %s",
                                          to_string(before).c_str(), to_string(now).c_str()));
            }
        }

        inline void set_requires_grad(node_base& n, bool wanted)
        {
            if (!n.is_leaf() && !wanted)
            {
                throw error("you can only change requires_grad flags of leaf variables. If you want to use a computed "
                            "variable in a subgraph that doesn't require differentiation use var_no_grad = "
                            "var.detach().");
            }
            wanted ? n.clear(flag::constant) : n.set(flag::constant);
        }

        template <class C>
        void require_floating()
        {
            static_assert(std::is_floating_point_v<typename array::traits<C>::value_type>,
                          "xautodiff: only Tensors of floating point dtype can require gradients; "
                          "make the value of double or float (2.0, not 2)");
        }
    }
}
