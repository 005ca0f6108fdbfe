// SPDX-License-Identifier: BSD-3-Clause
// backward() and ad::grad(y, x).
#pragma once

#include <xautodiff/evaluate/one_or_tuple.hpp>
#include <xautodiff/variable/variable.hpp>

namespace xautodiff
{
    namespace variable
    {
        inline void require_here(node_base& n)
        {
            if (!tape::owns(n))
            {
                throw_foreign("differentiated");
            }
        }

        template <class T>
        void require_differentiable(const handle<T>& y)
        {
            if (!y->is_differentiable())
            {
                throw error("element 0 of tensors does not require grad and does not have a grad_fn");
            }
            require_here(*y);
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
            static_assert(!std::same_as<Seed, bool>,
                          "xautodiff: a bool is no adjoint to start from; to retain the graph, write "
                          "backward({.retain_graph = true})");
            if constexpr (expression_like<Seed>)
            {
                return seed_for(y, seed.data());
            }
            else if constexpr (!array::container<Seed>)
            {
                static_assert(storable<Seed>,
                              "xautodiff: backward starts from a number, an array of xtensor's, a std::array or an "
                              "expression; this is none of them");
                if constexpr (storable<Seed>)
                {
                    return seed_for(y, stored_t<Seed>(seed));
                }
                else
                {
                    return T();
                }
            }
            else
            {
                const array::shape got = shape_of(seed), wanted = shape_of(y->elements());
                if (!(got == wanted))
                {
                    throw error(
                        message("Mismatch in shape: grad_output[0] has a shape of torch.Size(%s) and output[0] has a "
                                "shape of torch.Size(%s).",
                                to_string(got).c_str(), to_string(wanted).c_str()));
                }
                if constexpr (std::same_as<T, Seed>)
                {
                    return seed;
                }
                else
                {
                    T out{};
                    array::traits<T>::resize(out, wanted);
                    array::copy(array::traits<T>::ref(out), array::traits<Seed>::ref(seed));
                    return out;
                }
            }
        }

        /// Adds what a recorded pass brought to the gradients.
        inline void commit(const traced_pass& pass)
        {
            for (const reference& n : pass.ends())
            {
                require_own_gradient(*n);
            }
            try
            {
                for (const reference& n : pass.ends())
                {
                    n->type().container->prepare_traced(*n, pass.arrived(*n));
                }
            }
            catch (...)
            {
                for (const reference& n : pass.ends())
                {
                    n->type().container->drop_prepared(*n);
                }
                throw;
            }
            for (const reference& n : pass.ends())
            {
                n->type().container->commit_gradient(*n);
            }
        }

        /// `ad::detect_anomaly guard;`: whether the operation is looked for whose gradient is the first nan.
        inline bool& detecting_anomaly()
        {
            static thread_local bool enabled = false;
            return enabled;
        }

        /// Runs backward operation by operation, for the sake of the error alone.
        template <class T>
        void require_no_anomaly(const handle<T>& y, const T& seed)
        {
            const enable_grad guard;
            traced_pass pass(nullptr, true);
            pass.deliver(*y, traced(make_leaf<erased_array>(detail::conversion<T>::to_erased(seed))));
            pass.run(*y);
        }

        template <class T>
        void run_backward(const handle<T>& y, T seed, const backward_options& options)
        {
            require_differentiable(y);
            if (detecting_anomaly())
            {
                require_no_anomaly(y, seed);
            }
            if (options.create_graph)
            {
                const enable_grad guard;
                traced_pass pass;
                pass.deliver(*y, traced(make_leaf<erased_array>(detail::conversion<T>::to_erased(seed))));
                pass.run(*y);
                commit(pass);
                return;
            }
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
        variable::require_differentiable(object());
        variable::run_backward(m_object, variable::unit_seed(m_object), options);
    }

    template <class T>
    template <class Seed>
    void Variable<T, expression::untagged>::backward(const Seed& seed, const backward_options& options) const
    {
        variable::require_differentiable(object());
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

    /// `ad::detect_anomaly guard;`: in this scope, in this thread, backward() and ad::grad(y, x) throw error where an
    /// operation's gradient is nan, and name the operation, also one inside of a recorded statement. Hooks are not asked while
    /// they look. Slow.
    class detect_anomaly
    {
    public:
        [[nodiscard]] detect_anomaly() : m_before(variable::detecting_anomaly())
        {
            variable::detecting_anomaly() = true;
        }
        ~detect_anomaly() { variable::detecting_anomaly() = m_before; }
        detect_anomaly(const detect_anomaly&) = delete;
        detect_anomaly& operator=(const detect_anomaly&) = delete;

    private:
        bool m_before;
    };

    struct allow_unused_t
    {
    };
    /// `ad::grad(y, x, ad::allow_unused)`
    inline constexpr allow_unused_t allow_unused{};

    namespace variable
    {
        template <class V>
        void require_used(bool is_used, const V& v)
        {
            if (!v.requires_grad())
            {
                throw error("One of the differentiated Tensors does not require grad");
            }
            if (!is_used)
            {
                throw error("One of the differentiated Tensors appears to not have been used in the graph. Set "
                            "allow_unused=True if this is the desired behavior.");
            }
        }

        /// Y as a Variable.
        template <class Y>
        Variable<stored_t<Y>> root_of(const Y& y)
        {
            if constexpr (std::derived_from<Y, Variable<stored_t<Y>>>)
            {
                require_here(*y.object());
                return Variable<stored_t<Y>>(y.object().share());
            }
            else
            {
                return Variable<stored_t<Y>>(y);
            }
        }

        /// The derivatives of y, each as `get(sweep, x)` has it.
        template <class Y, class Get, class... V>
        auto gradients_of(const Y& y, Get get, const V&... x)
        {
            const auto root = root_of(y);
            require_differentiable(root.object());
            if (detecting_anomaly())
            {
                require_no_anomaly(root.object(), unit_seed(root.object()));
            }
            // What stands for them in this thread has to be there before adjoints arrive.
            (static_cast<void>(local(*x.object())), ...);
            sweep s;
            s.deliver(*root.object(), unit_seed(root.object()));
            s.run(root.object(), {x.object().get()...});
            return std::tuple{get(s, x)...};
        }

        /// What arrived at v, which y must depend on.
        inline constexpr auto taken = [](const sweep& s, const auto& v)
        {
            const auto* adjoint = s.arrived(*v.object());
            require_used(adjoint != nullptr, v);
            return *adjoint;
        };

        inline constexpr auto taken_or_empty = [](const sweep& s, const auto& v)
        {
            require_used(true, v);
            const auto* adjoint = s.arrived(*v.object());
            using optional = std::optional<std::remove_cvref_t<decltype(*adjoint)>>;
            return adjoint == nullptr ? optional() : optional(*adjoint);
        };

        template <class Last, class... A>
        inline constexpr bool ends_with = false;
        template <class Last, class A, class... R>
        inline constexpr bool ends_with<Last, A, R...> =
            std::same_as<std::tuple_element_t<sizeof...(R), std::tuple<A, R...>>, Last>;

        /// The derivatives of y as Variables, a tuple; on record if the options say so.
        template <class Y, class... T>
        std::tuple<Variable<T>...> gradient_variables_of(const Y& y, const backward_options& options,
                                                         const Variable<T>&... x)
        {
            if (!options.create_graph)
            {
                return std::apply([](auto&&... g) { return std::tuple<Variable<T>...>(Variable<T>(std::move(g))...); },
                                  gradients_of(y, taken, x...));
            }
            const auto root = root_of(y);
            require_differentiable(root.object());
            const auto seed = unit_seed(root.object());
            if (detecting_anomaly())
            {
                require_no_anomaly(root.object(), seed);
            }
            const enable_grad guard;
            // As in gradients_of.
            (static_cast<void>(local(*x.object())), ...);
            traced_pass pass;
            pass.deliver(*root.object(),
                         traced(make_leaf<erased_array>(detail::conversion<stored_t<Y>>::to_erased(seed))));
            pass.run(*root.object());
            const auto gradient = [&pass]<class V>(const Variable<V>& v)
            {
                const traced adjoint = pass.arrived(local(*v.object()));
                require_used(bool(adjoint), v);
                return Variable<V>(as_container<V>(adjoint));
            };
            return std::tuple<Variable<T>...>(gradient(x)...);
        }
    }

    /// dy/dx for Variables (or expressions of them), leaving every .grad() alone; for several x a tuple.
    /// The graph stays as it is: the same may be asked again, and backward() may follow.
    /// Throws error where y does not depend on an x.
    template <class Y, class T, class... R>
        requires expression_like<Y>
    auto grad(const Y& y, const Variable<T>& x, const Variable<R>&... rest)
    {
        return evaluate::one_or_tuple(variable::gradients_of(y, variable::taken, x, rest...));
    }

    /// The same as std::optional, empty where y does not depend on x.
    template <class Y, class T>
        requires expression_like<Y>
    std::optional<T> grad(const Y& y, const Variable<T>& x, allow_unused_t)
    {
        return std::get<0>(variable::gradients_of(y, variable::taken_or_empty, x));
    }

    /// The same of several x, the last argument being ad::allow_unused: a tuple.
    template <class Y, class T, class R, class... A>
        requires(expression_like<Y> && variable::ends_with<allow_unused_t, A...>)
    auto grad(const Y& y, const Variable<T>& x, const Variable<R>& second, const A&... more)
    {
        return [&]<std::size_t... I>(std::index_sequence<I...>)
        {
            const auto inputs = std::tie(x, second, more...);
            return variable::gradients_of(y, variable::taken_or_empty, std::get<I>(inputs)...);
        }(std::make_index_sequence<1 + sizeof...(A)>{});
    }

    /// dy/dx as a Variable; with `{.create_graph = true}` on record, to be differentiated again. The graph is retained.
    template <class Y, class T>
        requires expression_like<Y>
    Variable<T> grad(const Y& y, const Variable<T>& x, const backward_options& options)
    {
        return std::get<0>(variable::gradient_variables_of(y, options, x));
    }

    /// The same of several x: a tuple. Of more than three as `ad::grad(y, std::tie(a, b, c, d), {.create_graph = true})`.
    template <class Y, class T, class R>
        requires expression_like<Y>
    auto grad(const Y& y, const Variable<T>& x, const Variable<R>& second, const backward_options& options)
    {
        return variable::gradient_variables_of(y, options, x, second);
    }

    template <class Y, class T, class R, class S>
        requires expression_like<Y>
    auto grad(const Y& y, const Variable<T>& x, const Variable<R>& second, const Variable<S>& third,
              const backward_options& options)
    {
        return variable::gradient_variables_of(y, options, x, second, third);
    }

    template <class Y, class... V>
        requires(expression_like<Y> && sizeof...(V) > 0)
    auto grad(const Y& y, const std::tuple<V&...>& x, const backward_options& options)
    {
        return std::apply([&](const auto&... v) { return variable::gradient_variables_of(y, options, v...); }, x);
    }
}
