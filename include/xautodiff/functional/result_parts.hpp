// SPDX-License-Identifier: BSD-3-Clause
// What a function returned, taken apart: a std::tuple or a std::array of results, a value and what belongs to it, nested
// as one likes. A std::array of plain numbers is one of results too.
#pragma once

#include <xautodiff/functional/grad.hpp>
#include <xautodiff/functional/jvp.hpp>

#include <string_view>

namespace xautodiff::functional
{
    /// Where R has parts: their number and types, `tie(r)` to refer to them, `mapped<F>` for R with F<E> in place of each
    /// part E, and, where they have names, the second one's (the first is "value").
    template <class R>
    struct parts_of
    {
        static constexpr std::size_t count = 0;
    };

    template <class... E>
    struct parts_of<std::tuple<E...>>
    {
        static constexpr std::size_t count = sizeof...(E);
        template <std::size_t I>
        using part = std::tuple_element_t<I, std::tuple<E...>>;
        template <template <class> class F>
        using mapped = std::tuple<F<E>...>;

        static constexpr auto tie(auto& r)
        {
            return std::apply([](auto&... e) { return std::tie(e...); }, r);
        }
    };

    template <class E, std::size_t N>
    struct parts_of<std::array<E, N>>
    {
        static constexpr std::size_t count = N;
        template <std::size_t>
        using part = E;
        template <template <class> class F>
        using mapped = std::array<F<E>, N>;

        static constexpr auto tie(auto& r)
        {
            return std::apply([](auto&... e) { return std::tie(e...); }, r);
        }
    };

    template <class V, class G>
    struct parts_of<value_and_gradient<V, G>>
    {
        static constexpr std::size_t count = 2;
        static constexpr std::string_view second = "grad";
        template <std::size_t I>
        using part = std::conditional_t<I == 0, V, G>;
        template <template <class> class F>
        using mapped = value_and_gradient<F<V>, F<G>>;

        static constexpr auto tie(auto& r) { return std::tie(r.value, r.grad); }
    };

    template <class V, class D>
    struct parts_of<value_and_tangent<V, D>>
    {
        static constexpr std::size_t count = 2;
        static constexpr std::string_view second = "tangent";
        template <std::size_t I>
        using part = std::conditional_t<I == 0, V, D>;
        template <template <class> class F>
        using mapped = value_and_tangent<F<V>, F<D>>;

        static constexpr auto tie(auto& r) { return std::tie(r.value, r.tangent); }
    };

    /// The nodes of all results in r, in order: a tuple. Numbers become constants identified by Id and their place.
    template <class Id, class R>
    constexpr auto nodes_of_results(const R& r)
    {
        using parts = parts_of<R>;
        if constexpr (parts::count == 0)
        {
            return std::tuple{node_of<Id>(r)};
        }
        else
        {
            const auto all = parts::tie(r);
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return std::tuple_cat(nodes_of_results<expression::place<Id, int(I)>>(std::get<I>(all))...);
            }(std::make_index_sequence<parts::count>{});
        }
    }
}
