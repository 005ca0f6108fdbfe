// SPDX-License-Identifier: BSD-3-Clause
// ad::grad and ad::value_and_grad: the gradient of a scalar function.
#pragma once

#include <xautodiff/functional/elements.hpp>
#include <xautodiff/functional/returned.hpp>

namespace xautodiff
{
    /// A function's value beside its gradient, as structured bindings open it.
    template <class V, class G>
    struct value_and_gradient
    {
        V value;
        G grad;
    };

    namespace functional
    {
        template <class Node>
        constexpr void require_scalar()
        {
            static_assert(
                expression::static_shape_of<Node>.rank <= 0,
                "xautodiff: grad can be implicitly created only for scalar outputs: the function returns an array; "
                "reduce it (sum, mean, ...), or use vjp or jacobian");
        }

        template <bool WithValue, class F, int... Wrt>
        struct gradient_function
        {
            /// What it differentiates.
            using differentiated = F;

            F f;

            template <class... X>
            constexpr auto operator()(const X&... x) const
            {
                static_assert(((Wrt >= 0 && Wrt < int(sizeof...(X))) && ...),
                              "xautodiff: grad is asked with respect to an argument that is not there");
                if constexpr (need_containers<X...>)
                {
                    return with_containers(*this, x...);
                }
                else if constexpr (has_value_now<gradient_function, F, X...>())
                {
                    return numeric(x...);
                }
                else
                {
                    return std::apply([this](const auto&... n)
                                      { return this->symbolic(std::make_index_sequence<sizeof...(n)>{}, n...); },
                                      argument_nodes<gradient_function>(x...));
                }
            }

        private:
            template <class... X>
            constexpr auto numeric(const X&... x) const
            {
                const auto body = formula_of<gradient_function>(f, x...);
                using Node = std::remove_const_t<decltype(body)>;
                using Arguments = std::tuple<X...>;
                (require_floating<std::tuple_element_t<std::size_t(Wrt), Arguments>>(), ...);
                require_scalar<Node>();
                using T = expression::value_type_of<Node>;
                constexpr array::family family =
                    std::max({expression::family_of<Node>, array::traits<X>::container_family...});
                const std::tuple arguments{&x...};
                std::tuple<std::tuple_element_t<std::size_t(Wrt), Arguments>...> gradient{};
                const auto at = [&]<std::size_t... I>(std::index_sequence<I...>)
                { return std::tuple{&std::get<I>(gradient)...}; }(std::make_index_sequence<sizeof...(Wrt)>{});
                if constexpr (WithValue)
                {
                    T value{};
                    using Request = graph::value_and_gradient_of<
                        Node, input<gradient_function, Wrt, std::tuple_element_t<std::size_t(Wrt), Arguments>>...>;
                    evaluate::evaluate_into<Request, T, family>(body, arguments,
                                                                std::tuple_cat(std::tuple{&value}, at));
                    auto grads = one_or_tuple(std::move(gradient));
                    return value_and_gradient<T, decltype(grads)>{value, std::move(grads)};
                }
                else
                {
                    using Request = graph::gradient_of<
                        Node, input<gradient_function, Wrt, std::tuple_element_t<std::size_t(Wrt), Arguments>>...>;
                    evaluate::evaluate_into<Request, T, family>(body, arguments, at);
                    // An operation whose value nobody needs has not been asked whether its operands fit.
                    const auto require_own_shape = [](const auto* g, const auto& argument)
                    { require_shape("The gradient by an argument", shape_of(*g), shape_of(argument)); };
                    std::apply([&](const auto*... g)
                               { (require_own_shape(g, *std::get<std::size_t(Wrt)>(arguments)), ...); },
                               at);
                    return one_or_tuple(std::move(gradient));
                }
            }

            /// Inside another formula the derivative is a node of it.
            template <std::size_t... I, class... N>
            constexpr auto symbolic(std::index_sequence<I...>, const N&... n) const
            {
                const auto body =
                    node_of<gradient_function>(f(expression::input<gradient_function, int(I), stand_in<N>>()...));
                using Node = std::remove_const_t<decltype(body)>;
                require_scalar<Node>();
                using inputs = expression::inputs<expression::input<gradient_function, int(I), stand_in<N>>...>;
                auto grads = one_or_tuple(std::tuple{
                    expression::differential<expression::reverse_mode<Wrt>, Node, inputs, N...>(body, n...)...});
                if constexpr (WithValue)
                {
                    auto value = value_beside<inputs>(f, returned<form::single, Node>(body), n...);
                    return value_and_gradient<decltype(value), decltype(grads)>{value, grads};
                }
                else
                {
                    return grads;
                }
            }
        };
    }

    /// The gradient of f with respect to argument 0, as a function of f's arguments.
    ///
    /// f is any callable that takes expressions (a generic lambda); its result must be a scalar. Arguments are numbers,
    /// std::array, xtensor containers, or, inside another formula, expressions. The gradient has its argument's type. A view
    /// or function of xtensor's is evaluated first, and its gradient is a container. A Variable that f closes over is a
    /// constant where all arguments are plain, as the result is then.
    ///
    /// What the gradient does not depend on is not computed, nor its shapes looked at: a mistake in such a part (a constant's
    /// shape, an axis of a sum that is not there) is reported by value_and_grad.
    template <int... Wrt, class F>
    constexpr auto grad(const F& f)
        requires(!expression_like<F>)
    {
        if constexpr (sizeof...(Wrt) == 0)
        {
            return functional::gradient_function<false, F, 0>{f};
        }
        else
        {
            return functional::gradient_function<false, F, Wrt...>{f};
        }
    }

    /// As grad, with the value beside it: `auto [value, g] = ad::value_and_grad(f)(x);`
    template <int... Wrt, class F>
    constexpr auto value_and_grad(const F& f)
        requires(!expression_like<F>)
    {
        if constexpr (sizeof...(Wrt) == 0)
        {
            return functional::gradient_function<true, F, 0>{f};
        }
        else
        {
            return functional::gradient_function<true, F, Wrt...>{f};
        }
    }
}
