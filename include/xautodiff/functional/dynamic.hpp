// SPDX-License-Identifier: BSD-3-Clause
// ad::dynamic: a function that looks at values while it runs. It has no formula to differentiate beforehand, so its gradient
// runs it on Variables, and goes back over what they recorded.
#pragma once

#include <xautodiff/functional/grad.hpp>
#include <xautodiff/variable/backward.hpp>

namespace xautodiff
{
    namespace functional
    {
        template <class F>
        struct dynamic_function
        {
            F f;

            template <class... X>
            constexpr decltype(auto) operator()(X&&... x) const
            {
                constexpr bool has_values = !(reads_input<X>() || ...);
                static_assert(has_values,
                              "xautodiff: a function wrapped in ad::dynamic has no formula: ad::grad and "
                              "ad::value_and_grad take it "
                              "at numbers and arrays, but it cannot be part of another differentiated function");
                if constexpr (has_values)
                {
                    return f(std::forward<X>(x)...);
                }
                else
                {
                    // Anything of which there is a formula, lest the message above be followed by others.
                    return 0.0;
                }
            }

        private:
            template <class X>
            static constexpr bool reads_input()
            {
                if constexpr (expression::has_node<X>)
                {
                    return evaluate::reads_input<expression::node_t<X>>;
                }
                else
                {
                    return false;
                }
            }
        };

        template <bool WithValue, class F, int... Wrt>
        struct gradient_function<WithValue, dynamic_function<F>, Wrt...>
        {
            /// What it differentiates.
            using differentiated = dynamic_function<F>;

            dynamic_function<F> f;

            template <class... X>
            auto operator()(const X&... x) const
            {
                static_assert(((Wrt >= 0 && Wrt < int(sizeof...(X))) && ...),
                              "xautodiff: grad is asked with respect to an argument that is not there");
                static_assert(!(expression::has_node<X> || ...),
                              "xautodiff: the gradient of a function wrapped in ad::dynamic is taken at numbers and "
                              "arrays, and has no gradient of its own; of Variables take it with backward() or "
                              "ad::grad(y, x), to a higher order with {.create_graph = true}");
                using arguments = std::tuple<variable::stored_t<X>...>;
                (require_floating<std::tuple_element_t<std::size_t(Wrt), arguments>>(), ...);
                return [&]<std::size_t... I>(std::index_sequence<I...>)
                {
                    std::tuple variables{Variable<variable::stored_t<X>, expression::place<gradient_function, int(I)>>(
                        variable::stored_t<X>(x))...};
                    return differentiate(variables);
                }(std::index_sequence_for<X...>{});
            }

        private:
            template <class... V>
            auto differentiate(std::tuple<V...>& x) const
            {
                // What is asked for here is recorded, whatever the mode around.
                const enable_grad guard;
                (std::get<std::size_t(Wrt)>(x).requires_grad_(), ...);
                const auto y = std::apply(f, x);
                using Y = std::remove_const_t<decltype(y)>;
                static_assert(expression::operand<Y>,
                              "xautodiff: the differentiated function must return an expression or a number");
                if constexpr (expression::has_node<Y>)
                {
                    require_scalar<expression::node_t<Y>>();
                    const Variable<variable::stored_t<Y>> root(y);
                    variable::sweep s;
                    if (root.requires_grad())
                    {
                        s.deliver(*root.object(), variable::unit_seed(root.object()));
                        s.run(root.object(), {std::get<std::size_t(Wrt)>(x).object().get()...});
                    }
                    return with_value(root.item(),
                                      one_or_tuple(std::tuple{gradient(s, std::get<std::size_t(Wrt)>(x))...}));
                }
                else
                {
                    static_assert(array::scalar_value<Y>,
                                  "xautodiff: the differentiated function must return a number");
                    return with_value(y, one_or_tuple(std::tuple{gradient({}, std::get<std::size_t(Wrt)>(x))...}));
                }
            }

            /// What arrived at x, or zeros.
            template <class V>
            static auto gradient(const variable::sweep& s, const V& x)
            {
                if (const auto* arrived = s.arrived(*x.object()))
                {
                    return *arrived;
                }
                auto zeros = x.data();
                array::fill(array::traits<decltype(zeros)>::ref(zeros), 0);
                return zeros;
            }

            template <class T, class G>
            static auto with_value(const T& value, G&& gradient)
            {
                if constexpr (WithValue)
                {
                    return value_and_gradient<T, G>{value, std::move(gradient)};
                }
                else
                {
                    return std::move(gradient);
                }
            }
        };
    }

    /// Marks f as one that looks at the values of its arguments, in a `while` or an `if`: `ad::grad(ad::dynamic(f))(x)` and
    /// `ad::value_and_grad(ad::dynamic(f))(x)` then run it on Variables. Results are as without.
    template <class F>
    constexpr auto dynamic(const F& f)
    {
        return functional::dynamic_function<F>{f};
    }
}
