// SPDX-License-Identifier: BSD-3-Clause
// What every expression can do. Bodies that evaluate or differentiate are defined by the layers that know how:
// data, item and shape by evaluate/, requires_grad, grad_fn and backward by variable/.
#pragma once

#include <xautodiff/array/slices.hpp>
#include <xautodiff/array/traits.hpp>

#include <concepts>
#include <type_traits>

namespace xautodiff
{
    struct backward_options;

    /// Marks everything that our operators take part in; being a base, it brings namespace xautodiff into their lookup.
    struct expression_base
    {
    };

    /// Asked of every operand. (std::derived_from also asks whether the base is a public one, at ten times the cost.)
    template <class E>
    concept expression_like = std::is_base_of_v<expression_base, std::remove_cvref_t<E>>;

    /// Members of an expression E (a node of the nested type, or a Variable).
    template <class E>
    struct expression_facade : expression_base
    {
        /// Evaluates; a number, or a container as wide as the shape's static knowledge allows. By value.
        constexpr auto data() const;
        /// The only element of a one-element expression; throws error otherwise.
        constexpr auto item() const;
        /// The extents, without computing elements.
        constexpr auto shape() const;

        bool requires_grad() const;
        auto grad_fn() const;
        void backward() const;
        void backward(const backward_options& options) const;
        template <class Seed>
            requires(!std::same_as<std::remove_cvref_t<Seed>, backward_options>)
        void backward(const Seed& seed) const;
        template <class Seed>
        void backward(const Seed& seed, const backward_options& options) const;

        /// One element, or one row, of an array: `x[0_c]`, or `x[i]`; several indices or slices: `x(0, ad::all)`. See ad::view.
        /// A run-time index has no identity here (a member cannot tell its call sites apart): `x[i]` is never merged with
        /// another. `x[0_c]` and `ad::view(x, i)` are.
        template <array::index_slice I>
        constexpr auto operator[](const I& i) const
        {
            return subscript(self(), i);
        }
        template <array::slice... S>
            requires(sizeof...(S) > 0)
        constexpr auto operator()(const S&... slices) const
        {
            return subscript(self(), slices...);
        }

        /// The same value, through which no derivative flows. (Of a Variable: another, which shares its elements.)
        constexpr auto detach() const;

        constexpr const E& self() const { return static_cast<const E&>(*this); }

        expression_facade() = default;

        /// Not assignable: a type is one formula. For the nodes that a user may hold as `auto y`.
        // clang-format off
        template <class Other> constexpr E& operator=(const Other&) { return refuse_assignment<Other>(); }
        template <class Other> constexpr E& operator+=(const Other&) { return refuse_assignment<Other>(); }
        template <class Other> constexpr E& operator-=(const Other&) { return refuse_assignment<Other>(); }
        template <class Other> constexpr E& operator*=(const Other&) { return refuse_assignment<Other>(); }
        template <class Other> constexpr E& operator/=(const Other&) { return refuse_assignment<Other>(); }
        // clang-format on

        /// Not a truth value: an expression has none before it is evaluated.
        template <class Bool>
            requires std::same_as<Bool, bool>
        constexpr explicit operator Bool() const;

    private:
        template <class Other>
        constexpr E& refuse_assignment()
        {
            static_assert(sizeof(Other) == 0,
                          "xautodiff: `auto y = ...` holds one expression, and its type is the formula: another cannot "
                          "be assigned to it; declare it as ad::Variable: `ad::Variable y = ...` (in a function under "
                          "ad::grad, wrap that: ad::dynamic(f)). Elements of a Variable's data are written through "
                          "mutable_data()");
            return static_cast<E&>(*this);
        }
    };
}
