// SPDX-License-Identifier: BSD-3-Clause
// xtensor's containers, views and functions as operands: evaluated once into a shared constant; `ad::cref` reads in place.
#pragma once

#include <xautodiff/array/xtensor.hpp>
#include <xautodiff/expression/operand.hpp>

#include <memory>

namespace xautodiff
{
    namespace expression
    {
        template <array::xtensor_expression X, class Tag>
        struct as_node<X, Tag>
        {
            static auto node(const X& x)
            {
                using C = array::evaluated_t<X>;
                return shared_constant<C, Tag>(std::make_shared<const C>(x));
            }
        };

        /// A view, a function or an adaptor of xtensor's: its gradient is a container too.
        template <array::xtensor_expression X>
            requires(!std::same_as<array::evaluated_t<X>, X>)
        struct as_argument<X>
        {
            static array::evaluated_t<X> of(const X& x) { return array::evaluate(x); }
        };
    }

    /// A container as an operand that is read where it lies, without a copy. It must outlive the expression.
    template <array::array_like C, class Tag = decltype([] {})>
    auto cref(const C& container)
    {
        return expression::referenced_constant<C, Tag>(container);
    }

    template <array::array_like C>
    void cref(const C&&) = delete;
}

// xtensor's operators take anything beside one of its expressions. Ours are for ours: without this, `x * array` would be
// ambiguous, since the identity that our operators carry as a template parameter keeps them from being more specialised.
namespace xt::detail
{
    template <class F, class... E>
        requires(xautodiff::expression_like<E> || ...)
    struct xfunction_type<F, E...>
    {
    };
}
