// SPDX-License-Identifier: BSD-3-Clause
// The members of every expression that look at values: data, item, shape.
#pragma once

#include <xautodiff/evaluate/evaluate.hpp>

#include <string>
#include <vector>

namespace xautodiff
{
    namespace evaluate
    {
        namespace detail
        {
            template <class N>
            struct inputs_of
            {
                static constexpr bool any = N::kind == expression::leaf_kind::input;
            };
            template <class Op, class... X>
            struct inputs_of<expression::apply<Op, X...>>
            {
                static constexpr bool any = (inputs_of<X>::any || ...);
            };
            template <class Mode, class Body, class Inputs, class... X>
            struct inputs_of<expression::differential<Mode, Body, Inputs, X...>>
            {
                // The body's own inputs are bound.
                static constexpr bool any = (inputs_of<X>::any || ...);
            };
        }

        /// Whether N is part of a function under differentiation, so that it has a formula but no value yet.
        template <class N>
        inline constexpr bool reads_input = detail::inputs_of<N>::any;

        template <class N>
        constexpr void require_values()
        {
            static_assert(!reads_input<N>, "xautodiff: this function looks at the value of an expression while it is "
                                           "being differentiated as a formula; "
                                           "wrap it: ad::grad(ad::dynamic(f))(x)");
        }

        /// The container that holds an expression's value.
        template <class N>
        using result_t =
            array::container_t<expression::family_of<N>, expression::value_type_of<N>, expression::static_shape_of<N>>;

        /// Computes an expression into a container of any kind that has the shape, or takes it.
        template <class N, class C>
        constexpr void compute_into(const N& node, C& result)
        {
            constexpr array::family family = std::max(expression::family_of<N>, array::traits<C>::container_family);
            evaluate_into<graph::value_of<N>, expression::value_type_of<N>, family>(node, std::tuple<>{},
                                                                                    std::tuple{&result});
        }

        template <class N>
        constexpr auto compute(const N& node)
        {
            require_values<N>();
            result_t<N> result{};
            if constexpr (!reads_input<N>)
            {
                compute_into(node, result);
            }
            return result;
        }

        /// A shape as users see it: std::array where the rank is known, else std::vector.
        template <int Rank>
        constexpr auto public_shape(const array::shape& s)
        {
            if constexpr (Rank == array::unknown)
            {
                std::vector<std::size_t> out;
                for (int d = 0; d < s.rank; ++d)
                {
                    out.push_back(std::size_t(s[d]));
                }
                return out;
            }
            else
            {
                std::array<std::size_t, std::size_t(Rank)> out{};
                for (int d = 0; d < Rank; ++d)
                {
                    out[std::size_t(d)] = std::size_t(s[d]);
                }
                return out;
            }
        }

        template <class C>
        constexpr auto only_element(const C& c)
        {
            if constexpr (array::scalar_value<C>)
            {
                return c;
            }
            else
            {
                const auto elements = array::traits<C>::ref(c);
                if (elements.size() != 1)
                {
                    throw error(message("a Tensor with %td elements cannot be converted to Scalar", elements.size()));
                }
                return *elements.data;
            }
        }
    }

    template <class E>
    constexpr auto expression_facade<E>::data() const
    {
        return evaluate::compute(self().node());
    }

    template <class E>
    constexpr auto expression_facade<E>::item() const
    {
        return evaluate::only_element(evaluate::compute(self().node()));
    }

    template <class E>
    constexpr auto expression_facade<E>::shape() const
    {
        using N = expression::node_t<E>;
        constexpr array::shape known = expression::static_shape_of<N>;
        if constexpr (known.is_known())
        {
            return evaluate::public_shape<known.rank>(known);
        }
        else if constexpr (expression::leaf<N> && evaluate::reads_input<N>)
        {
            if (self().node().where == nullptr)
            {
                throw error(
                    "xautodiff: the shape of an inner function's argument is not known while its formula is taken");
            }
            return evaluate::public_shape<known.rank>(
                array::traits<std::remove_cvref_t<decltype(*self().node().where)>>::ref(*self().node().where).shape);
        }
        else
        {
            evaluate::require_values<N>();
            using program = graph::program<graph::value_of<N>, false>;
            evaluate::evaluator_of<program, expression::value_type_of<N>, expression::family_of<N>> machine;
            return evaluate::public_shape<known.rank>(machine.shape_of(self().node()));
        }
    }

    namespace evaluate
    {
        template <class N>
        inline constexpr bool is_comparison = false;
        template <class Op, class... X>
        inline constexpr bool is_comparison<expression::apply<Op, X...>> = requires { Op::is_mask; };
    }

    template <class E>
    template <class Bool>
        requires std::same_as<Bool, bool>
    constexpr expression_facade<E>::operator Bool() const
    {
        using N = expression::node_t<E>;
        evaluate::require_values<N>();
        static_assert(evaluate::is_comparison<N>, "xautodiff: an expression is no truth value; compare it (`if (x > "
                                                  "0)`), or take its number: `if (x.item())`");
        const auto truth = evaluate::compute(self().node());
        if (const auto elements = array::traits<std::remove_const_t<decltype(truth)>>::ref(truth); elements.size() != 1)
        {
            throw error(elements.size() == 0 ? "Boolean value of Tensor with no values is ambiguous"
                                             : "Boolean value of Tensor with more than one value is ambiguous");
        }
        return evaluate::only_element(truth) != 0;
    }
}
