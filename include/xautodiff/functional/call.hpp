// SPDX-License-Identifier: BSD-3-Clause
// Calls a user's function with placeholders, to learn its formula.
#pragma once

#include <xautodiff/evaluate/evaluate.hpp>
#include <xautodiff/expression/functions.hpp>

#include <tuple>

namespace xautodiff::functional
{
    template <class F, int Position, class C>
    using input = expression::input<F, Position, C>;

    /// Arguments that become inputs: numbers and arrays. Anything else reaches the function as it is.
    template <class C>
    concept input_value = array::container<C>;

    /// The container type that an expression's type stands for, where it is an argument inside another formula.
    template <class N>
    using stand_in =
        array::container_t<expression::family_of<N>, expression::value_type_of<N>, expression::static_shape_of<N>>;

    /// The node of whatever a function returned.
    template <class Tag, class R>
    constexpr auto node_of(const R& r)
    {
        static_assert(expression::operand<R>,
                      "xautodiff: the differentiated function must return an expression or a number");
        return expression::make_node<Tag>(r);
    }

    /// f's formula in inputs identified by Id, one for each of the containers C... .
    template <class Id, class F, class... C>
    constexpr auto formula_of(const F& f, const C&... c)
    {
        return [&]<std::size_t... I>(std::index_sequence<I...>)
        { return node_of<Id>(f(input<Id, int(I), C>(c)...)); }(std::index_sequence_for<C...>{});
    }
}
