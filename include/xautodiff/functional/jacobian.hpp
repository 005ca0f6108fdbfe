// SPDX-License-Identifier: BSD-3-Clause
// ad::jacobian: all derivatives of all elements of a function's result, indexed [outputs..., inputs...].
#pragma once

#include <xautodiff/expression/structured.hpp>
#include <xautodiff/functional/elements.hpp>
#include <xautodiff/functional/returned.hpp>

namespace xautodiff
{
    namespace functional
    {
        enum class mode
        {
            automatic,  ///< whichever needs fewer sweeps
            forward,    ///< one sweep for each input element
            reverse     ///< one sweep for each output element
        };

        constexpr array::shape joined(const array::shape& outputs, const array::shape& inputs)
        {
            if (outputs.rank == array::unknown || inputs.rank == array::unknown)
            {
                return array::shape::of_rank(array::unknown);
            }
            array::shape out = outputs;
            for (int d = 0; d < inputs.rank; ++d)
            {
                out.push_back(inputs[d]);
            }
            return out;
        }

        constexpr mode choose_mode(mode asked, const array::shape& outputs, const array::shape& inputs)
        {
            if (asked != mode::automatic)
            {
                return asked;
            }
            if (outputs.is_known() && inputs.is_known())
            {
                return inputs.size() <= outputs.size() ? mode::forward : mode::reverse;
            }
            return inputs.rank == 0 ? mode::forward : outputs.rank == 0 ? mode::reverse : mode::automatic;
        }

        /// The matrix of derivatives with respect to argument K, row by row, and the sweeps that fill it. Id identifies the
        /// inputs; Y is what the function returned for arguments X... .
        template <class Id, int K, class Y, class... X>
        class jacobian_block
        {
            using argument = std::tuple_element_t<std::size_t(K), std::tuple<X...>>;
            using T = typename Y::value_type;

            static constexpr array::shape outputs = Y::static_shape, inputs = array::traits<argument>::static_shape;
            static constexpr array::family arithmetic = std::max({Y::family, array::traits<X>::container_family...});
            static constexpr array::shape static_shape = joined(outputs, inputs);
            static constexpr array::family family =
                static_shape.rank == 0 ? arithmetic : std::max(arithmetic, array::family::standard);
            static constexpr bool is_static = static_shape.is_known();

        public:
            using result = array::container_t<family, T, static_shape>;

            constexpr jacobian_block(const Y& y, const std::tuple<const X*...>& x)
                : m_y(y),
                  m_x(x),
                  m_inputs(shape_of(*std::get<std::size_t(K)>(x))),
                  m_outputs(output_shape()),
                  m_elements(make_elements < T,
                             is_static ? static_shape
                                       : array::shape::of_rank(array::unknown) > (joined(m_outputs, m_inputs)))
            {
            }

            template <mode Asked>
            constexpr result run()
            {
                constexpr mode chosen = choose_mode(Asked, outputs, inputs);
                if constexpr (chosen == mode::forward)
                {
                    forward(std::make_index_sequence<Y::count>{});
                }
                else if constexpr (chosen == mode::reverse)
                {
                    reverse();
                }
                else if (m_inputs.size() <= m_outputs.size())
                {
                    forward(std::make_index_sequence<Y::count>{});
                }
                else
                {
                    reverse();
                }
                result out{};
                write_elements(out, joined(m_outputs, m_inputs), &m_elements[0]);
                return out;
            }

        private:
            const Y& m_y;
            const std::tuple<const X*...>& m_x;
            array::shape m_inputs, m_outputs;
            elements<T, is_static ? static_shape : array::shape::of_rank(array::unknown)> m_elements;

            constexpr array::shape output_shape() const
            {
                if constexpr (outputs.is_known())
                {
                    return outputs;
                }
                else
                {
                    typename Y::template containers<family> value{};
                    evaluate::evaluate_into<graph::values_of<typename Y::nodes_type>, T, family>(m_y.nodes, m_x,
                                                                                                 pointers_to(value));
                    return shape_of(std::get<0>(value));
                }
            }

            /// Column by column. The direction of a number needs no input: it is 1.
            template <std::size_t... O>
            constexpr void forward(std::index_sequence<O...>)
            {
                using direction = one_hot<typename array::traits<argument>::value_type, inputs, family>;
                using tangent = std::conditional_t<inputs.rank == 0, expression::literal<1>,
                                                   input<Id, int(sizeof...(X)), typename direction::container>>;
                using Request = graph::tangents_of<typename Y::nodes_type, graph::type_list<input<Id, K, argument>>,
                                                   graph::type_list<tangent>, false>;
                direction seed(m_inputs);
                typename Y::template containers<family> column{};
                const array::index n = m_inputs.size(), rows = Y::returned_form == form::single ? m_outputs.size() : 1;
                auto buffer = make_elements < T,
                     Y::returned_form == form::single ? outputs : array::shape{} > (m_outputs);
                for (array::index j = 0; j < n; ++j)
                {
                    seed.select(j);
                    evaluate::evaluate_into<Request, T, family>(m_y.nodes, std::tuple_cat(m_x, std::tuple{&seed.get()}),
                                                                pointers_to(column));
                    const auto store = [&](std::size_t o, const auto& c)
                    {
                        read_elements(c, &buffer[0]);
                        for (array::index i = 0; i < rows; ++i)
                        {
                            m_elements[std::size_t((array::index(o) + i) * n + j)] = buffer[std::size_t(i)];
                        }
                    };
                    (store(O, std::get<O>(column)), ...);
                }
            }

            /// Row by row. Several scalar results are the outputs of one graph.
            constexpr void reverse()
            {
                const array::index n = m_inputs.size();
                if constexpr (Y::all_scalar)
                {
                    using Request = graph::gradients_of<typename Y::nodes_type, input<Id, K, argument>>;
                    std::array<argument, Y::count> rows{};
                    evaluate::evaluate_into<Request, T, family>(
                        m_y.nodes, m_x, std::apply([](auto&... row) { return std::tuple{&row...}; }, rows));
                    for (std::size_t i = 0; i < Y::count; ++i)
                    {
                        read_elements(rows[i], &m_elements[0] + array::index(i) * n);
                    }
                }
                else
                {
                    using direction = one_hot<T, outputs, family>;
                    using Request = graph::adjoints_of<
                        typename Y::nodes_type,
                        graph::type_list<input<Id, int(sizeof...(X)), typename direction::container>>,
                        input<Id, K, argument>>;
                    direction seed(m_outputs);
                    std::tuple<argument> row{};
                    for (array::index i = 0; i < m_outputs.size(); ++i)
                    {
                        seed.select(i);
                        evaluate::evaluate_into<Request, T, family>(
                            m_y.nodes, std::tuple_cat(m_x, std::tuple{&seed.get()}), pointers_to(row));
                        read_elements(std::get<0>(row), &m_elements[0] + i * n);
                    }
                }
            }
        };

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

        template <mode Mode, class F, int... Wrt>
        struct jacobian_function
        {
            /// What it differentiates.
            using differentiated = F;

            F f;

            template <class... X>
            constexpr auto operator()(const X&... x) const
            {
                static_assert(((Wrt >= 0 && Wrt < int(sizeof...(X))) && ...),
                              "xautodiff: jacobian is asked with respect to an argument that is not there");
                if constexpr (has_value_now<jacobian_function, F, X...>())
                {
                    (require_floating<std::tuple_element_t<std::size_t(Wrt), std::tuple<X...>>>(), ...);
                    const auto y = trace<jacobian_function>(f, x...);
                    using Y = std::remove_const_t<decltype(y)>;
                    static_assert(Y::returned_form == form::single || Y::all_scalar,
                                  "xautodiff: jacobian of a function that returns several arrays: take one at a time");
                    const std::tuple<const X*...> arguments{&x...};
                    return one_or_tuple(std::tuple{
                        jacobian_block<jacobian_function, Wrt, Y, X...>(y, arguments).template run<Mode>()...});
                }
                else
                {
                    return std::apply(
                        [this](const auto&... n) {
                            return one_or_tuple(
                                std::tuple{symbolic_jacobian<jacobian_function, Wrt>::make(f, n...)...});
                        },
                        argument_nodes<jacobian_function>(x...));
                }
            }
        };
    }

    /// The Jacobian of f with respect to argument 0 (`ad::jacobian<0, 2>(f)`: to several, as a tuple), as a function of f's
    /// arguments. Its shape is the result's followed by the argument's.
    ///
    /// f returns an expression of any shape, or a std::array or std::tuple of scalar ones, which count as one axis. The
    /// Jacobian is a number, a nested std::array, or the xtensor container that tells most of its shape. Forward mode is
    /// taken where the argument has no more elements than the result, reverse mode otherwise. Inside another formula the
    /// result's shape must be known to its type, unless the result or the argument is a number.
    template <int... Wrt, class F>
    constexpr auto jacobian(const F& f)
    {
        if constexpr (sizeof...(Wrt) == 0)
        {
            return functional::jacobian_function<functional::mode::automatic, F, 0>{f};
        }
        else
        {
            return functional::jacobian_function<functional::mode::automatic, F, Wrt...>{f};
        }
    }
}
