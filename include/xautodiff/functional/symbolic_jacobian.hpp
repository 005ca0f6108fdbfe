// SPDX-License-Identifier: BSD-3-Clause
// What ad::jacobian(f)(x) is where x is itself an expression: a node of the formula around it.
#pragma once

#include <xautodiff/expression/structured.hpp>
#include <xautodiff/functional/elements.hpp>
#include <xautodiff/functional/returned.hpp>

namespace xautodiff
{
    namespace functional
    {
        /// The Jacobian inside another formula. Rows are put together by choosing: `where` lets no nan of one row into another.
        template <class Id, int K>
        struct symbolic_jacobian
        {
            template <class F, class... N>
            static constexpr auto make(const F& f, const N&... n)
            {
                return std::apply([&](const auto&... e)
                                  { return of(returned_as_nodes<Id>(f(e...)), std::get<K>(std::tie(n...))); },
                                  with_input(std::index_sequence_for<N...>{}, n...));
            }

        private:
            /// The arguments, with an input in place of the one to differentiate by.
            template <std::size_t... I, class... N>
            static constexpr auto with_input(std::index_sequence<I...>, const N&... n)
            {
                const auto choose = []<std::size_t J, class M>(std::integral_constant<std::size_t, J>, const M& m)
                {
                    if constexpr (int(J) == K)
                    {
                        return input<Id, K, stand_in<M>>();
                    }
                    else
                    {
                        return m;
                    }
                };
                return std::tuple{choose(std::integral_constant<std::size_t, I>{}, n)...};
            }

            template <class Y, class X>
            static constexpr auto of(const Y& y, const X& x)
            {
                constexpr array::shape outputs = Y::static_shape, inputs = expression::static_shape_of<X>;
                if constexpr (inputs.rank == 0 && Y::returned_form == form::single)
                {
                    return differentiate<expression::forward_mode>(y.template node<0>(), x, expression::literal<1>{});
                }
                else if constexpr (outputs.rank == 0)
                {
                    return differentiate<expression::reverse_mode<0>>(y.template node<0>(), x);
                }
                else
                {
                    static_assert(
                        outputs.is_known() && inputs.rank != array::unknown,
                        "xautodiff: inside another formula, the Jacobian of an array needs a result whose shape "
                        "its type tells (std::array, xtensor_fixed); use jvp, vjp or hvp there");
                    return rows<0>(y, x);
                }
            }

            template <class Mode, class Body, class... X>
            static constexpr auto differentiate(const Body& body, const X&... x)
            {
                using source = input<Id, K, stand_in<std::tuple_element_t<0, std::tuple<X...>>>>;
                return expression::differential<Mode, Body, expression::inputs<source>, X...>(body, x...);
            }

            /// The gradient of output element I.
            template <std::size_t I, class Y, class X>
            static constexpr auto row(const Y& y, const X& x)
            {
                if constexpr (Y::returned_form == form::single)
                {
                    using direction = one_hot<double, Y::static_shape, array::family::standard>;
                    direction e(Y::static_shape);
                    e.select(array::index(I));
                    using constant = expression::array_constant<typename direction::container,
                                                                expression::place<symbolic_jacobian, int(I)>>;
                    return differentiate<expression::reverse_mode<0>>(
                        xautodiff::sum(y.template node<0>() * constant(e.get())), x);
                }
                else
                {
                    return differentiate<expression::reverse_mode<0>>(y.template node<I>(), x);
                }
            }

            template <std::size_t I, class Y, class X>
            static constexpr auto rows(const Y& y, const X& x)
            {
                if constexpr (array::index(I) == Y::static_shape.size())
                {
                    return expression::literal<0>{};
                }
                else
                {
                    constexpr array::shape spread = joined(Y::static_shape, ones(expression::static_shape_of<X>.rank));
                    using direction = one_hot<double, spread, array::family::standard>;
                    direction e(spread);
                    e.select(array::index(I));
                    using constant = expression::array_constant<typename direction::container,
                                                                expression::place<symbolic_jacobian, -1 - int(I)>>;
                    return expression::make_apply<op::where, symbolic_jacobian>(constant(e.get()), row<I>(y, x),
                                                                                rows<I + 1>(y, x));
                }
            }

            static constexpr array::shape ones(int rank)
            {
                array::shape s;
                for (int d = 0; d < rank; ++d)
                {
                    s.push_back(1);
                }
                return s;
            }
        };
    }
}
