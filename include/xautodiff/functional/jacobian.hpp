// SPDX-License-Identifier: BSD-3-Clause
// ad::jacobian: all derivatives of all elements of a function's result, indexed [outputs..., inputs...].
#pragma once

#include <xautodiff/functional/elements.hpp>
#include <xautodiff/functional/returned.hpp>
#include <xautodiff/functional/symbolic_jacobian.hpp>

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
                if constexpr (need_containers<X...>)
                {
                    return with_containers(*this, x...);
                }
                else if constexpr (has_value_now<jacobian_function, F, X...>())
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
