// SPDX-License-Identifier: BSD-3-Clause
// ad::vmap: a function of numbers over arrays, all its results computed in one fused loop.
#pragma once

#include <xautodiff/functional/bind.hpp>
#include <xautodiff/functional/result_parts.hpp>
#include <xautodiff/graph/mapped.hpp>

namespace xautodiff
{
    namespace functional
    {
        /// The form in which a function returned its results, an R, filled with containers C.
        template <class C, class R>
        struct mapped_form
        {
            using type = C;

            static constexpr auto pointers(type& c) { return std::tuple<C*>(&c); }
        };

        template <class C, class R>
            requires(parts_of<R>::count > 0)
        struct mapped_form<C, R>
        {
            using parts = parts_of<R>;
            template <class E>
            using filled = typename mapped_form<C, E>::type;
            using type = typename parts::template mapped<filled>;

            static constexpr auto pointers(type& r)
            {
                const auto all = parts_of<type>::tie(r);
                return [&]<std::size_t... I>(std::index_sequence<I...>) {
                    return std::tuple_cat(
                        mapped_form<C, typename parts::template part<I>>::pointers(std::get<I>(all))...);
                }(std::make_index_sequence<parts::count>{});
            }
        };

        template <class... N>
        constexpr auto as_outputs(const std::tuple<N...>& nodes)
        {
            return std::apply([](const N&... n) { return graph::outputs<N...>(n...); }, nodes);
        }

        /// The numbers that a mapped function is called with.
        template <class Id, class G, std::size_t... I, class... X>
        constexpr auto call_on_numbers(const G& g, std::index_sequence<I...>, const X&...)
        {
            return call_with_inputs(g, input<Id, int(I), typename array::traits<X>::value_type>()...);
        }

        /// Everything that is known of g over containers X... .
        template <class G, class... X>
        struct mapping
        {
            using id = mapping;
            using returned_type = decltype(call_on_numbers<id>(
                std::declval<const G&>(), std::index_sequence_for<X...>{}, std::declval<const X&>()...));
            using nodes_type = decltype(as_outputs(nodes_of_results<id>(std::declval<const returned_type&>())));

            template <class Nodes>
            struct of;
            template <class... N>
            struct of<graph::outputs<N...>>
            {
                static constexpr bool are_numbers = ((expression::static_shape_of<N>.rank == 0) && ...);
                using value_type = typename expression::detail::widest<expression::strong_type_of<N>...>::type;
            };

            static_assert(of<nodes_type>::are_numbers,
                          "xautodiff: vmap takes a function of numbers: it reads an array or returns one");

            using found_type = typename of<nodes_type>::value_type;
            using T = std::conditional_t<std::is_void_v<found_type>, double, found_type>;
            static constexpr array::family family = std::max({array::traits<X>::container_family...});
            static constexpr array::shape shape = []
            {
                array::shape out;
                ((out = array::broadcast(out, array::traits<X>::static_shape)), ...);
                return out;
            }();
            using form = mapped_form<array::container_t<family, T, shape>, std::remove_cvref_t<returned_type>>;
            using result_type = typename form::type;

            template <class Sequence>
            struct request_of;
            template <std::size_t... I>
            struct request_of<std::index_sequence<I...>>
            {
                using type = graph::mapped_values_of<
                    nodes_type, graph::type_list<input<id, int(I), typename array::traits<X>::value_type>...>,
                    array::traits<X>::static_shape...>;
            };
            using request = typename request_of<std::index_sequence_for<X...>>::type;

            static_assert(graph::is_elementwise<graph::program<request, true>::graph>,
                          "xautodiff: vmap takes a function of numbers: this one computes with whole arrays");

            static constexpr nodes_type nodes_of(const G& g, const X&... x)
            {
                return as_outputs(nodes_of_results<id>(call_on_numbers<id>(g, std::index_sequence_for<X...>{}, x...)));
            }
        };

        template <class G>
        struct mapped_function
        {
            G g;

            template <class... X>
            constexpr auto operator()(const X&... x) const
            {
                static_assert(
                    !(expression::has_node<X> || ...),
                    "xautodiff: vmap computes values; inside a formula call the function itself: on arrays it "
                    "works element by element");
                if constexpr (need_containers<X...>)
                {
                    return with_containers(*this, x...);
                }
                else
                {
                    using m = mapping<G, X...>;
                    typename m::result_type result{};
                    evaluate::evaluate_into<typename m::request, typename m::T, m::family>(
                        m::nodes_of(g, x...), std::tuple<const X*...>(&x...), m::form::pointers(result));
                    return result;
                }
            }
        };

        /// What ad::bind returns for a mapped function. It refers to the arguments, which must outlive it.
        template <class G, class... X>
        class bound_map
        {
            using m = mapping<G, X...>;

        public:
            using value_type = typename m::result_type;

            explicit bound_map(const G& g, const X&... x) : m_arguments(&x...), m_nodes(m::nodes_of(g, x...)) {}

            /// All results, for the arguments' present contents.
            const value_type& value()
            {
                m_run(m_nodes, m_arguments, m::form::pointers(m_value));
                return m_value;
            }

        private:
            std::tuple<const X*...> m_arguments;
            typename m::nodes_type m_nodes;
            value_type m_value{};
            repeated_run<typename m::request, typename m::T, m::family> m_run;
        };
    }

    /// g, a function of numbers or a transform of one, as a function of arrays: `ad::vmap(ad::grad(f))(x)`.
    ///
    /// Arguments are arrays that broadcast, or numbers; they are read once, in one loop, whatever g returns: a number, a
    /// std::tuple or std::array of numbers, value and gradient, value and tangent. Each number becomes an array of the
    /// arguments' common shape. Throws shape_error where they do not broadcast.
    template <class G>
    constexpr auto vmap(const G& g)
    {
        return functional::mapped_function<G>{g};
    }

    /// A mapped function bound to its arguments: `auto p = ad::bind(ad::vmap(g), x, y);`, then `p.value()`. From the second
    /// call on, while shapes stay the same, nothing is allocated.
    template <class G, class... X>
    auto bind(const functional::mapped_function<G>& f, X&&... x)
    {
        functional::require_variables<X...>();
        if constexpr (functional::have_own_elements<X...>)
        {
            return functional::bound_map<G, std::remove_cvref_t<X>...>(f.g, x...);
        }
    }
}
