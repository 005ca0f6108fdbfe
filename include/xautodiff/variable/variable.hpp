// SPDX-License-Identifier: BSD-3-Clause
// ad::Variable: the dynamic side. A handle to a value on the tape; copies share it, as in PyTorch.
#pragma once

#include <xautodiff/expression/structured.hpp>
#include <xautodiff/variable/grad_mode.hpp>
#include <xautodiff/variable/statement.hpp>

namespace xautodiff
{
    template <class T, class Tag = expression::untagged>
    class Variable;

    struct requires_grad_t
    {
    };
    /// `ad::Variable x(value, ad::requires_grad);`
    inline constexpr requires_grad_t requires_grad{};

    /// What register_hook returns: removes the hook.
    class hook_handle
    {
    public:
        explicit hook_handle(std::function<void()> remove) : m_remove(std::move(remove)) {}
        void remove() { m_remove(); }

    private:
        std::function<void()> m_remove;
    };

    namespace variable
    {
        /// The container in which a Variable made from X keeps its data.
        template <class X>
        struct stored;

        template <array::container X>
        struct stored<X>
        {
            using type = X;
        };

        template <class X>
            requires expression::has_node<X>
        struct stored<X>
        {
            using type = evaluate::result_t<expression::node_t<X>>;
        };

        template <class T, class Tag>
        struct stored<Variable<T, Tag>>
        {
            using type = T;
        };

        template <class X>
        using stored_t = typename stored<std::remove_cvref_t<X>>::type;

        template <class X>
        concept storable = requires { typename stored<std::remove_cvref_t<X>>::type; };

        template <class C>
        void require_floating()
        {
            static_assert(std::is_floating_point_v<typename array::traits<C>::value_type>,
                          "xautodiff: only Tensors of floating point dtype can require gradients; "
                          "make the value of double or float (2.0, not 2)");
        }
    }

    /// A Variable without an identity in its type: for members, containers and function parameters.
    template <class T>
    class Variable<T, expression::untagged> : public expression_facade<Variable<T, expression::untagged>>
    {
    public:
        using container_type = T;

        /// A leaf that does not ask for a gradient.
        template <class V>
            requires(!expression_like<V> && std::constructible_from<T, const V&>)
        Variable(const V& value) : m_object(std::make_shared<variable::node<T>>(T(value)))
        {
        }

        /// A leaf that does.
        template <class V>
            requires(!expression_like<V> && std::constructible_from<T, const V&>)
        Variable(const V& value, requires_grad_t) : Variable(value)
        {
            variable::require_floating<T>();
            m_object->requires_grad = true;
            m_object->differentiable_since = 0;
        }

        Variable(T&& value) : m_object(std::make_shared<variable::node<T>>(std::move(value))) {}

        /// Evaluates an expression now and records it as one entry. An expression that is a Variable is shared.
        template <class E>
            requires(expression::has_node<E> && !std::derived_from<E, Variable>)
        Variable(const E& e) : m_object(variable::record<T>(e.node()))
        {
        }

        explicit Variable(variable::handle<T> object) : m_object(std::move(object)) {}

        template <class E>
            requires(expression::has_node<E> && !std::derived_from<E, Variable>)
        Variable& operator=(const E& e)
        {
            m_object = variable::record<T>(e.node());
            return *this;
        }

        auto node() const { return variable::leaf<T, expression::untagged>(object()); }

        /// The elements. Reading never looks like writing: see mutable_data.
        const T& data() const { return object()->elements->data; }

        /// The elements, to change in place; counts as a change of version.
        T& mutable_data()
        {
            ++object()->elements->version;
            return object()->elements->data;
        }

        /// How often the elements were changed in place.
        std::uint64_t version() const { return object()->elements->version; }

        /// The only element; throws error where there are more.
        auto item() const { return evaluate::only_element(data()); }

        auto shape() const
        {
            return evaluate::public_shape<array::traits<T>::static_shape.rank>(variable::shape_of(data()));
        }

        /// The accumulated gradient. Throws no_gradient where PyTorch shows None.
        const T& grad() const
        {
            if (!object()->grad)
            {
                throw no_gradient(
                    m_object->is_leaf() || m_object->retains_grad
                        ? "this Variable has no gradient: no backward pass has reached it (requires_grad is "
                              + std::string(m_object->requires_grad ? "True)" : "False)")
                        : "the gradient of a Variable that is not a leaf is not kept: call retain_grad() on it before "
                          "backward()");
            }
            return *m_object->grad;
        }

        bool has_grad() const { return object()->grad.has_value(); }

        /// Sets the gradient, if there is one, to zero.
        void zero_grad()
        {
            if (object()->grad)
            {
                array::fill(array::traits<T>::ref(*m_object->grad), 0);
            }
        }

        /// Forgets the gradient.
        void clear_grad() { object()->grad.reset(); }

        bool requires_grad() const { return object()->requires_grad; }
        bool is_leaf() const { return object()->is_leaf(); }

        /// Throws error for a Variable that is not a leaf, as PyTorch does.
        Variable& requires_grad_(bool wanted = true)
        {
            if constexpr (!std::is_floating_point_v<typename array::traits<T>::value_type>)
            {
                if (wanted)
                {
                    throw error("only Tensors of floating point dtype can require gradients");
                }
            }
            if (!object()->is_leaf() && !wanted)
            {
                throw error("you can only change requires_grad flags of leaf variables. If you want to use a computed "
                            "variable in a subgraph that doesn't require differentiation use var_no_grad = "
                            "var.detach().");
            }
            m_object->requires_grad = wanted;
            if (wanted && m_object->differentiable_since == variable::now)
            {
                m_object->differentiable_since = variable::entry::next_sequence();
            }
            return *this;
        }

        /// Keeps the gradient of a Variable that is not a leaf.
        void retain_grad()
        {
            if (!object()->requires_grad)
            {
                throw error("can't retain_grad on Tensor that has requires_grad=False");
            }
            m_object->retains_grad = !m_object->is_leaf();
        }

        /// The same elements without the graph.
        Variable detach() const { return Variable(std::make_shared<variable::node<T>>(object()->elements)); }

        /// Makes this a leaf without a gradient. What was computed from it before keeps its graph.
        Variable& detach_()
        {
            if (!object()->is_leaf())
            {
                auto before = std::make_shared<variable::node<T>>(m_object->elements);
                before->requires_grad = true;
                before->differentiable_since = 0;
                before->creator = std::move(m_object->creator);
                before->hooks = std::exchange(m_object->hooks, {});
                m_object->before = std::move(before);
                m_object->detached_at = variable::entry::next_sequence();
                m_object->differentiable_since = variable::now;
            }
            m_object->requires_grad = false;
            m_object->retains_grad = false;
            return *this;
        }

        /// Calls f with the gradient when it is complete; f may return another to take its place.
        template <class F>
        hook_handle register_hook(F f)
        {
            if (!object()->requires_grad)
            {
                throw error("cannot register a hook on a tensor that doesn't require gradient");
            }
            const int id = m_object->hooks_registered++;
            m_object->hooks.emplace_back(id,
                                         [f = std::move(f)](const T& g) mutable -> std::optional<T>
                                         {
                                             if constexpr (std::is_void_v<decltype(f(g))>)
                                             {
                                                 f(g);
                                                 return std::nullopt;
                                             }
                                             else
                                             {
                                                 return std::optional<T>(f(g));
                                             }
                                         });
            return hook_handle(
                [weak = std::weak_ptr(m_object), id]
                {
                    if (const auto object = weak.lock())
                    {
                        std::erase_if(object->hooks, [id](const auto& h) { return h.first == id; });
                    }
                });
        }

        /// The operation that made this; false for a leaf.
        function grad_fn() const { return object()->is_leaf() ? function() : variable::function_of(m_object); }

        void backward() const { backward(backward_options{}); }
        /// Gradients of this one-element Variable, added to those of the leaves behind it.
        /// Throws error for more elements, without a gradient to compute, and on a second pass over entries not retained.
        void backward(const backward_options& options) const;
        /// The same for the adjoint `seed` of this Variable, of its shape.
        template <class Seed>
            requires(!std::same_as<std::remove_cvref_t<Seed>, backward_options>)
        void backward(const Seed& seed) const
        {
            backward(seed, backward_options{});
        }
        template <class Seed>
        void backward(const Seed& seed, const backward_options& options) const;

        const variable::handle<T>& object() const
        {
            if (!m_object)
            {
                throw error("this Variable was moved from");
            }
            return m_object;
        }

    protected:
        variable::handle<T> m_object;
    };

    /// A Variable whose declaration is its identity: expressions of it merge at compile time.
    template <class T, class Tag>
    class Variable : public Variable<T, expression::untagged>
    {
    public:
        using base = Variable<T, expression::untagged>;
        using base::base;
        using base::operator=;

        Variable(const base& other) : base(other) {}

        auto node() const { return variable::leaf<T, Tag>(this->object()); }
    };

    template <class V, class Tag = decltype([] {})>
        requires variable::storable<V>
    Variable(const V&) -> Variable<variable::stored_t<V>, Tag>;

    template <class V, class Tag = decltype([] {})>
        requires variable::storable<V>
    Variable(const V&, requires_grad_t) -> Variable<variable::stored_t<V>, Tag>;
}
