// SPDX-License-Identifier: BSD-3-Clause
// backward() and ad::grad(y, x).
#pragma once

#include <xautodiff/variable/variable.hpp>

namespace xautodiff
{
    namespace variable
    {
        inline std::string torch_size(const array::shape& s) { return "torch.Size(" + to_string(s) + ")"; }

        template <class T>
        void require_differentiable(const handle<T>& y, const backward_options& options)
        {
            if (!y->has(flag::differentiable))
            {
                throw error("element 0 of tensors does not require grad and does not have a grad_fn");
            }
            if (!tape::owns(*y))
            {
                throw_foreign("differentiated");
            }
            if (options.create_graph)
            {
                throw error(
                    "create_graph is not available yet; differentiate a function instead: ad::grad(ad::grad(f))");
            }
        }

        /// The adjoint 1 of a one-element value.
        template <class T>
        T unit_seed(const handle<T>& y)
        {
            if (shape_of(y->elements()).size() != 1)
            {
                throw error("grad can be implicitly created only for scalar outputs");
            }
            T seed = y->elements();
            array::fill(array::traits<T>::ref(seed), 1);
            return seed;
        }

        /// A seed of any kind as the adjoint of y.
        template <class T, class Seed>
        T seed_for(const handle<T>& y, const Seed& seed)
        {
            if constexpr (expression_like<Seed>)
            {
                return seed_for(y, seed.data());
            }
            else if constexpr (!array::container<Seed>)
            {
                return seed_for(y, stored_t<Seed>(seed));
            }
            else
            {
                const array::shape got = shape_of(seed), wanted = shape_of(y->elements());
                if (!(got == wanted))
                {
                    throw error("Mismatch in shape: grad_output[0] has a shape of " + torch_size(got)
                                + " and output[0] has a shape of " + torch_size(wanted) + ".");
                }
                T out = y->elements();
                array::copy(array::traits<T>::ref(out), array::traits<Seed>::ref(seed));
                return out;
            }
        }

        template <class T>
        void run_backward(const handle<T>& y, T seed, const backward_options& options)
        {
            require_differentiable(y, options);
            sweep s;
            s.deliver(*y, std::move(seed));
            s.run(y, {}, !options.retain_graph);
            s.commit();
            s.spend();
        }
    }

    template <class T>
    void Variable<T, expression::untagged>::backward(const backward_options& options) const
    {
        variable::require_differentiable(object(), options);
        variable::run_backward(m_object, variable::unit_seed(m_object), options);
    }

    template <class T>
    template <class Seed>
    void Variable<T, expression::untagged>::backward(const Seed& seed, const backward_options& options) const
    {
        variable::require_differentiable(object(), options);
        variable::run_backward(m_object, variable::seed_for(m_object, seed), options);
    }

    namespace variable
    {
        /// The Variable that an expression becomes when it has to be one.
        template <class E>
        auto recorded(const E& e)
        {
            return Variable<stored_t<E>>(e);
        }
    }

    template <class E>
    bool expression_facade<E>::requires_grad() const
    {
        return is_grad_enabled() && variable::requires_grad(self().node());
    }

    template <class E>
    auto expression_facade<E>::grad_fn() const
    {
        return is_grad_enabled() ? variable::function_of_expression(self().node()) : function();
    }

    template <class E>
    void expression_facade<E>::backward() const
    {
        variable::recorded(self()).backward();
    }

    template <class E>
    void expression_facade<E>::backward(const backward_options& options) const
    {
        variable::recorded(self()).backward(options);
    }

    template <class E>
    template <class Seed>
        requires(!std::same_as<std::remove_cvref_t<Seed>, backward_options>)
    void expression_facade<E>::backward(const Seed& seed) const
    {
        variable::recorded(self()).backward(seed);
    }

    template <class E>
    template <class Seed>
    void expression_facade<E>::backward(const Seed& seed, const backward_options& options) const
    {
        variable::recorded(self()).backward(seed, options);
    }

    /// dy/dx for Variables (or expressions of them), leaving every .grad() alone; for several x a tuple.
    /// The graph stays as it is: the same may be asked again, and backward() may follow.
    /// Throws error where y does not depend on an x.
    template <class Y, class T, class... R>
        requires expression_like<Y>
    auto grad(const Y& y, const Variable<T>& x, const Variable<R>&... rest)
    {
        const Variable<variable::stored_t<Y>> root(y);
        variable::require_differentiable(root.object(), {});
        variable::sweep s;
        s.deliver(*root.object(), variable::unit_seed(root.object()));
        s.run(root.object(), {x.object().get(), rest.object().get()...});
        const auto get = [&](const auto& v)
        {
            const auto* adjoint = s.arrived(*v.object());
            if (adjoint == nullptr)
            {
                throw error(v.requires_grad()
                                ? "One of the differentiated Tensors appears to not have been used in the graph. Set "
                                  "allow_unused=True if this is the desired behavior."
                                : "One of the differentiated Tensors does not require grad");
            }
            return *adjoint;
        };
        if constexpr (sizeof...(R) == 0)
        {
            return get(x);
        }
        else
        {
            return std::tuple{get(x), get(rest)...};
        }
    }
}
