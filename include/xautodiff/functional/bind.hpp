// SPDX-License-Identifier: BSD-3-Clause
// ad::bind: a function bound to its arguments, to be evaluated and differentiated again and again without allocation.
#pragma once

#include <xautodiff/functional/grad.hpp>

#include <memory>
#include <type_traits>

namespace xautodiff
{
    namespace functional
    {
        template <class... X>
        inline constexpr bool have_own_elements = ((array::container<std::remove_cvref_t<X>>
                                                    || !expression::is_evaluated_first<std::remove_cvref_t<X>>)&&...);

        /// For what a bound function refers to: X are the types of forwarding references.
        template <class... X>
        constexpr void require_variables()
        {
            static_assert(
                (std::is_lvalue_reference_v<X> && ...),
                "xautodiff: bind refers to its arguments, so they must be variables that outlive it, not temporaries");
            static_assert(have_own_elements<X...>,
                          "xautodiff: bind reads its arguments where they lie, and an xtensor view or function has no "
                          "elements of its own: bind the container, and take ad::view of it in the function");
        }

        /// Keeps an evaluator between runs where there is one to keep. Its type stays out of the class, so that what is never
        /// run is never compiled.
        template <class Request, class T, array::family Family>
        class repeated_run
        {
        public:
            template <class Node, class Arguments, class Results>
            constexpr void operator()(const Node& node, const Arguments& arguments, const Results& results)
            {
                if constexpr (Family != array::family::xtensor)
                {
                    evaluate::evaluate_into<Request, T, Family>(node, arguments, results);
                }
                else
                {
                    using program = graph::program<Request, true>;
                    using evaluator = evaluate::evaluator_of<program, T, Family>;
                    if (!m_evaluator)
                    {
                        m_evaluator = std::make_shared<evaluator>();
                    }
                    const bool consistent = static_cast<evaluator*>(m_evaluator.get())->run(node, arguments, results);
                    evaluate::run_unmerged_unless<Request, T, Family>(consistent, node, arguments, results);
                }
            }

        private:
            struct nothing
            {
            };

            [[no_unique_address]] std::conditional_t<Family == array::family::xtensor, std::shared_ptr<void>, nothing>
                m_evaluator;
        };

        /// What ad::bind returns. It refers to the arguments, which must outlive it, and reads their contents at each call.
        template <class F, class Positions, class... X>
        class bound_function;

        template <class F, int... Wrt, class... X>
        class bound_function<F, std::integer_sequence<int, Wrt...>, X...>
        {
            template <int Position>
            using argument_t = std::tuple_element_t<std::size_t(Position), std::tuple<X...>>;
            using Node = decltype(formula_of<bound_function>(std::declval<const F&>(), std::declval<const X&>()...));
            using T = expression::value_type_of<Node>;
            static constexpr array::family family =
                std::max({expression::family_of<Node>, array::traits<X>::container_family...});

        public:
            using value_type = array::container_t<family, T, expression::static_shape_of<Node>>;

            constexpr explicit bound_function(const F& f, const X&... x)
                : m_arguments{&x...}, m_body(formula_of<bound_function>(f, x...))
            {
                static_assert(((Wrt >= 0 && Wrt < int(sizeof...(X))) && ...),
                              "xautodiff: bind is asked for the gradient of an argument that is not there");
                (require_floating<argument_t<Wrt>>(), ...);
            }

            /// The function's value at the arguments' present contents.
            constexpr const value_type& value()
            {
                m_run_value(m_body, m_arguments, std::tuple{&m_value});
                return m_value;
            }

            /// The same, computing the gradients too: see grad().
            constexpr const value_type& value_and_grad()
            {
                require_scalar<Node>();
                const auto results = std::apply(
                    [this](auto&... g) {
                        return std::tuple{&m_value, &g...};
                    },
                    m_gradients);
                m_run_both(m_body, m_arguments, results);
                return m_value;
            }

            /// The gradient with respect to argument number Position, as of the last value_and_grad().
            template <int Position = std::get<0>(std::tuple{Wrt...})>
            constexpr const auto& grad() const
            {
                constexpr int at = place_of(Position);
                static_assert(at >= 0,
                              "xautodiff: this argument was not bound for a gradient; name it: ad::bind<0, 2>(f, ...)");
                // Of an argument that was not bound, some other's: the message above is to be the only one.
                return std::get<std::size_t(at < 0 ? 0 : at)>(m_gradients);
            }

        private:
            using value_request = graph::value_of<Node>;
            using both_request = graph::value_and_gradient_of<Node, input<bound_function, Wrt, argument_t<Wrt>>...>;

            std::tuple<const X*...> m_arguments;
            Node m_body;
            value_type m_value{};
            std::tuple<expression::own_container_t<argument_t<Wrt>>...> m_gradients{};
            repeated_run<value_request, T, family> m_run_value;
            repeated_run<both_request, T, family> m_run_both;

            static constexpr int place_of(int position)
            {
                int at = 0;
                for (int w : {Wrt...})
                {
                    if (w == position)
                    {
                        return at;
                    }
                    ++at;
                }
                return -1;
            }
        };
    }

    /// f bound to arguments, to which it refers: `auto p = ad::bind(f, w, X, y);` then `p.value()`, `p.value_and_grad()`
    /// and `p.grad<0>()`. Wrt are the positions of the arguments to differentiate; argument 0 if none is given.
    /// Buffers are planned at the first call; from the second on, while shapes stay the same, nothing is allocated.
    template <int... Wrt, class F, class... X>
    constexpr auto bind(const F& f, X&&... x)
    {
        functional::require_variables<X...>();
        using positions =
            std::conditional_t<sizeof...(Wrt) == 0, std::integer_sequence<int, 0>, std::integer_sequence<int, Wrt...>>;
        if constexpr (functional::have_own_elements<X...>)
        {
            return functional::bound_function<F, positions, std::remove_cvref_t<X>...>(f, x...);
        }
    }
}
