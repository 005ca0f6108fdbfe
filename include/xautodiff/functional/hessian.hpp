// SPDX-License-Identifier: BSD-3-Clause
// ad::hessian and ad::hvp: second derivatives of scalar functions, forward mode over reverse mode.
#pragma once

#include <xautodiff/functional/grad.hpp>
#include <xautodiff/functional/jacobian.hpp>
#include <xautodiff/functional/jvp.hpp>

namespace xautodiff
{
    namespace functional
    {
        template <class F, int... Wrt>
        struct hessian_function
        {
            /// What it differentiates.
            using differentiated = F;

            F f;

            template <class... X>
            constexpr auto operator()(const X&... x) const
            {
                return one_or_tuple(std::tuple{jacobian<Wrt...>(grad<Wrt>(f))(x...)...});
            }
        };
    }

    /// The second derivatives of a scalar function f by argument 0, as a function of f's arguments, indexed [inputs...,
    /// inputs...]. `ad::hessian<0, 2>(f)` gives the blocks as a tuple of tuples.
    template <int... Wrt, class F>
    constexpr auto hessian(const F& f)
    {
        if constexpr (sizeof...(Wrt) == 0)
        {
            return functional::hessian_function<F, 0>{f};
        }
        else
        {
            return functional::hessian_function<F, Wrt...>{f};
        }
    }

    /// The Hessian of a scalar function f at x times v, which has x's shape, without the Hessian.
    template <class F, class X, class V>
    constexpr auto hvp(const F& f, const X& x, const V& v)
    {
        const auto gradient = grad(f);
        return functional::pushforward_function<false, decltype(grad(f))>{gradient}(std::tuple<const X&>(x),
                                                                                    std::tuple<const V&>(v));
    }

    /// As hvp for a function of several arguments: tuples in, a tuple out.
    template <class F, class... X, class... V>
    constexpr auto hvp(const F& f, const std::tuple<X...>& x, const std::tuple<V...>& v)
    {
        return [&]<int... I>(std::integer_sequence<int, I...>)
        {
            const auto gradient = grad<I...>(f);
            return functional::pushforward_function<false, decltype(grad<I...>(f))>{gradient}(
                std::tuple<const X&...>(x), std::tuple<const V&...>(v));
        }(std::make_integer_sequence<int, int(sizeof...(X))>{});
    }
}
