// SPDX-License-Identifier: BSD-3-Clause
// ad::Variable: the dynamic side. A handle to a value on the tape; copies share it, as in PyTorch.
#pragma once

#include <xautodiff/expression/structured.hpp>
#include <xautodiff/variable/grad_mode.hpp>
#include <xautodiff/variable/statement.hpp>
#include <xautodiff/variable/stored.hpp>
#include <xautodiff/variable/variable_checks.hpp>

namespace xautodiff
{
    template <class T, class Tag = expression::untagged>
    class Variable;

    struct requires_grad_t
    {
    };
    /// `ad::Variable x(value, ad::requires_grad);`
    inline constexpr requires_grad_t requires_grad{};

    namespace variable
    {
        /// A hook that gives something in the place of the gradient.
        template <class F, class T>
        concept returning_hook = requires(F& f, const T& g) { std::optional<T>(f(g)); };

        template <class F, class T>
        concept hook_of = std::invocable<F&, const T&>
                          && (returning_hook<F, T> || std::is_void_v<std::invoke_result_t<F&, const T&>>);
    }

    /// What register_hook returns: removes the hook.
    class hook_handle
    {
    public:
        explicit hook_handle(std::function<void()> remove) : m_remove(std::move(remove)) {}
        void remove() { m_remove(); }

    private:
        std::function<void()> m_remove;
    };

    /// A Variable without an identity in its type: for members, containers and function parameters.
    template <class T>
    class Variable<T, expression::untagged> : public expression_facade<Variable<T, expression::untagged>>
    {
    public:
        using container_type = T;

        /// A leaf that does not ask for a gradient.
        template <class V>
            requires(!expression_like<V> && std::constructible_from<T, const V&>)
        Variable(const V& value) : m_object(variable::make_leaf<T>(value))
        {
        }

        /// A leaf that does.
        template <class V>
            requires(!expression_like<V> && std::constructible_from<T, const V&>)
        Variable(const V& value, requires_grad_t) : Variable(value)
        {
            variable::require_floating<T>();
            m_object->clear(variable::flag::constant);
        }

        Variable(T&& value) : m_object(variable::make_leaf<T>(std::move(value))) {}

        /// Evaluates an expression now and records it as one entry. An expression that is a Variable is shared.
        template <class E>
            requires(expression::has_node<E> && !std::derived_from<std::remove_cvref_t<E>, Variable>)
        Variable(E&& e) : m_object(variable::record<T>(expression::make_node<expression::untagged>(std::forward<E>(e))))
        {
        }

        /// The Variable of a node.
        explicit Variable(variable::handle<T> object) : m_object(std::move(object)) {}

        template <class E>
            requires(expression::has_node<E> && !std::derived_from<std::remove_cvref_t<E>, Variable>)
        Variable& operator=(E&& e)
        {
            m_object = variable::record<T>(expression::make_node<expression::untagged>(std::forward<E>(e)));
            return *this;
        }

        /// In place: with a gradient, a new entry on record takes its place; without, or under no_grad, its elements change.
        /// Statements recorded before keep what they read. Throws error for a leaf that requires grad, where the shape would
        /// change, and for a new entry while copies of this refer to the old one.
        template <expression::operand E>
        Variable& operator+=(const E& e)
        {
            return replace(*this + e);
        }
        template <expression::operand E>
        Variable& operator-=(const E& e)
        {
            return replace(*this - e);
        }
        template <expression::operand E>
        Variable& operator*=(const E& e)
        {
            return replace(*this * e);
        }
        template <expression::operand E>
        Variable& operator/=(const E& e)
        {
            return replace(*this / e);
        }

        auto node() const { return variable::leaf<T, expression::untagged>(operand()); }

        /// The elements. Reading never looks like writing: see mutable_data.
        const T& data() const { return std::as_const(*object()).elements(); }

        /// The elements, to change in place; counts as a change of version.
        T& mutable_data()
        {
            require_own("changed");
            auto& owner = static_cast<variable::node<T>&>(variable::elements_of(*object()));
            ++variable::side_of(owner).version;
            owner.set(variable::flag::changed);
            return owner.value;
        }

        /// How often the elements were changed in place.
        std::uint64_t version() const { return variable::version_of(*object()); }

        /// The only element; throws error where there are more.
        auto item() const { return evaluate::only_element(data()); }

        auto shape() const
        {
            return evaluate::public_shape<array::traits<T>::static_shape.rank>(variable::shape_of(data()));
        }

        /// The accumulated gradient. Throws no_gradient where PyTorch shows None.
        const T& grad() const
        {
            if (!has_grad())
            {
                variable::throw_no_gradient(*m_object);
            }
            return *variable::side_of(*m_object).grad;
        }

        /// The gradient as a Variable: of a leaf after backward({.create_graph = true}) on record, to be differentiated
        /// again. As in PyTorch, that record and the leaf keep each other alive until clear_grad() or zero_grad();
        /// ad::grad(y, x, {.create_graph = true}) ties no such knot.
        Variable grad_variable() const
        {
            const T& value = grad();
            if (variable::node_base* graph = m_object->side->gradient_graph)
            {
                return Variable(variable::as_container<T>(variable::detail::same_node(*graph)));
            }
            return Variable(variable::make_leaf<T>(value));
        }

        bool has_grad() const
        {
            return object()->has(variable::flag::has_side) && variable::side_of(*m_object).grad.has_value();
        }

        /// Sets the gradient, if there is one, to zero.
        void zero_grad()
        {
            if (has_grad())
            {
                array::fill(array::traits<T>::ref(*variable::side_of(*m_object).grad), 0);
                variable::forget_graph(*m_object->side);
            }
        }

        /// Forgets the gradient.
        void clear_grad()
        {
            if (has_grad())
            {
                variable::side_of(*m_object).grad.reset();
                variable::forget_graph(*m_object->side);
            }
        }

        bool requires_grad() const { return object()->is_differentiable(); }
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
            require_own("changed");
            variable::set_requires_grad(*m_object, wanted);
            return *this;
        }

        /// Keeps the gradient of a Variable that is not a leaf.
        void retain_grad()
        {
            if (!requires_grad())
            {
                throw error("can't retain_grad on Tensor that has requires_grad=False");
            }
            require_own("changed");
            if (!m_object->is_leaf())
            {
                variable::side_of(*m_object).retains_grad = true;
            }
        }

        /// The same elements without the graph.
        Variable detach() const { return Variable(variable::make_detached(*object())); }

        /// Makes this a leaf without a gradient. What was computed from it before keeps its graph.
        Variable& detach_()
        {
            require_own("changed");
            if (m_object->is_leaf())
            {
                m_object->set(variable::flag::constant);
            }
            else
            {
                // Statements refer to the entry, which stays; handles of it find the leaf from now on.
                variable::handle<T> leaf = variable::make_detached(*m_object);
                variable::side<T>& before = variable::side_of(*m_object);
                variable::side_of(*leaf).grad = std::exchange(before.grad, std::nullopt);
                before.retains_grad = false;
                leaf->set(m_object->flags & variable::flag::copied);
                variable::set_replacement(before, *m_object, *leaf);
                m_object = std::move(leaf);
            }
            return *this;
        }

        /// Calls f with the gradient when it is complete; f may return another to take its place.
        template <class F>
        hook_handle register_hook(F f)
        {
            static_assert(
                variable::hook_of<F, T>,
                "xautodiff: a hook requires a function that takes the gradient, which is of the type that the "
                "Variable holds, and returns nothing or what takes its place");
            if (!requires_grad())
            {
                throw error("cannot register a hook on a tensor that doesn't require gradient");
            }
            require_own("changed");
            variable::side<T>& s = variable::side_of(*m_object);
            if (s.hooks == nullptr)
            {
                s.hooks = std::make_shared<typename variable::node<T>::hook_list>();
            }
            const int id = s.hooks_registered++;
            s.hooks->emplace_back(id,
                                  [f = std::move(f)](const T& g) mutable -> std::optional<T>
                                  {
                                      if constexpr (variable::returning_hook<F, T>)
                                      {
                                          return std::optional<T>(f(g));
                                      }
                                      else if constexpr (variable::hook_of<F, T>)
                                      {
                                          f(g);
                                      }
                                      return std::nullopt;
                                  });
            s.has_hooks = true;
            return hook_handle(
                [weak = std::weak_ptr(s.hooks), id]
                {
                    if (const auto hooks = weak.lock())
                    {
                        std::erase_if(*hooks, [id](const auto& h) { return h.first == id; });
                    }
                });
        }

        /// The operation that made this; false for a leaf.
        function grad_fn() const { return object()->is_leaf() ? function() : variable::function_of(*m_object); }

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
            if (!variable::tape::is_plain(*m_object)) [[unlikely]]
            {
                follow();
            }
            return m_object;
        }

    protected:
        /// Mutable, to follow detach_ of another handle.
        mutable variable::handle<T> m_object;

        /// What stands for this in an expression.
        variable::node<T>& operand() const
        {
            variable::node<T>* n = m_object.get();
            if (!variable::tape::is_plain(*n)) [[unlikely]]
            {
                return variable::local(*object());
            }
            return *n;
        }

        template <class E>
        Variable& replace(const E& changed)
        {
            const bool is_recorded = variable::recording() && variable::requires_grad(changed);
            require_own("changed");
            if (is_recorded && m_object->is_leaf() && m_object->is_differentiable())
            {
                throw error("a leaf Variable that requires grad is being used in an in-place operation.");
            }
            if (is_recorded && m_object->has(variable::flag::copied) && m_object->references > 1)
            {
                throw error(
                    "this Variable was copied, and a change in place on record would not reach the copies; assign "
                    "instead: `y = y + x`");
            }
            variable::handle<T> next = variable::record<T>(changed.node());
            variable::require_in_place(variable::shape_of(data()), variable::shape_of(std::as_const(*next).elements()));
            if (is_recorded)
            {
                m_object = std::move(next);
            }
            else
            {
                mutable_data() = std::move(next->value);
            }
            return *this;
        }

        [[gnu::noinline]] void follow() const
        {
            if (!m_object)
            {
                variable::throw_moved_from();
            }
            if (!variable::tape::owns(*m_object) || !m_object->has(variable::flag::detached))
            {
                return;
            }
            while (m_object->has(variable::flag::detached))
            {
                variable::retain(*m_object->side->replacement);
                m_object = variable::handle<T>(static_cast<variable::node<T>*>(m_object->side->replacement));
            }
        }

        void require_own(const char* what) const
        {
            if (!variable::tape::owns(*object()))
            {
                variable::throw_foreign(what);
            }
        }
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
        Variable(base&& other) noexcept : base(std::move(other)) {}

        auto node() const { return variable::leaf<T, Tag>(this->operand()); }
    };

    template <class V, class Tag = decltype([] {})>
        requires variable::storable<V>
    Variable(const V&) -> Variable<variable::stored_t<V>, Tag>;

    /// Also one that begins as a copy of another: `ad::Variable s = x;` is to be assigned to in a loop.
    template <class T, class Other, class Tag = decltype([] {})>
    Variable(Variable<T, Other>) -> Variable<T, Tag>;
    // As specialised as what the constructors from untagged ones imply.
    template <class T, class Tag = decltype([] {})>
    Variable(Variable<T, expression::untagged>) -> Variable<T, Tag>;

    template <class V, class Tag = decltype([] {})>
        requires variable::storable<V>
    Variable(const V&, requires_grad_t) -> Variable<variable::stored_t<V>, Tag>;
}
