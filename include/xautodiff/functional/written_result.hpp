// SPDX-License-Identifier: BSD-3-Clause
// What a function returned, as the outputs of one graph and the text around them: "value = ...; grad = (..., ...)".
#pragma once

#include <xautodiff/functional/grad.hpp>
#include <xautodiff/functional/jvp.hpp>
#include <xautodiff/graph/text.hpp>

namespace xautodiff::functional
{
    /// `nodes<Id>(r)` is a tuple of the expressions in r; `frame(pieces)` adds to the last piece of text what stands before
    /// each, and appends a piece to go on with after it.
    template <class R>
    struct written_result
    {
        template <class Id>
        static constexpr auto nodes(const R& r)
        {
            return std::tuple{node_of<Id>(r)};
        }

        static constexpr void frame(std::vector<graph::text>& pieces) { pieces.emplace_back(); }
    };

    namespace detail
    {
        template <class Id, class... E>
        constexpr auto written_nodes(const E&... e)
        {
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return std::tuple_cat(written_result<E>::template nodes<expression::place<Id, int(I)>>(e)...);
            }(std::index_sequence_for<E...>{});
        }

        /// Several results, in parentheses.
        template <class... E>
        constexpr void frame_all(std::vector<graph::text>& pieces)
        {
            const bool several = sizeof...(E) != 1;
            bool first = true;
            pieces.back() += several ? "(" : "";
            ((pieces.back() += first ? "" : ", ", first = false, written_result<E>::frame(pieces)), ...);
            pieces.back() += several ? ")" : "";
        }

        /// A value and what belongs to it, each with its name before it.
        template <class V, class D>
        constexpr void frame_pair(std::vector<graph::text>& pieces, std::string_view name)
        {
            pieces.back() += "value = ";
            written_result<V>::frame(pieces);
            ((pieces.back() += "; ") += name) += " = ";
            written_result<D>::frame(pieces);
        }
    }

    template <class... E>
    struct written_result<std::tuple<E...>>
    {
        template <class Id>
        static constexpr auto nodes(const std::tuple<E...>& r)
        {
            return std::apply([](const E&... e) { return detail::written_nodes<Id>(e...); }, r);
        }

        static constexpr void frame(std::vector<graph::text>& pieces) { detail::frame_all<E...>(pieces); }
    };

    template <class E, std::size_t N>
        requires(form_of<std::array<E, N>> == form::array)
    struct written_result<std::array<E, N>>
    {
        template <class Id>
        static constexpr auto nodes(const std::array<E, N>& r)
        {
            return std::apply([](const auto&... e) { return detail::written_nodes<Id>(e...); }, r);
        }

        static constexpr void frame(std::vector<graph::text>& pieces)
        {
            [&]<std::size_t... I>(std::index_sequence<I...>)
            { detail::frame_all<std::tuple_element_t<I, std::array<E, N>>...>(pieces); }(std::make_index_sequence<N>{});
        }
    };

    template <class V, class G>
    struct written_result<value_and_gradient<V, G>>
    {
        template <class Id>
        static constexpr auto nodes(const value_and_gradient<V, G>& r)
        {
            return detail::written_nodes<Id>(r.value, r.grad);
        }

        static constexpr void frame(std::vector<graph::text>& pieces) { detail::frame_pair<V, G>(pieces, "grad"); }
    };

    template <class V, class D>
    struct written_result<value_and_tangent<V, D>>
    {
        template <class Id>
        static constexpr auto nodes(const value_and_tangent<V, D>& r)
        {
            return detail::written_nodes<Id>(r.value, r.tangent);
        }

        static constexpr void frame(std::vector<graph::text>& pieces) { detail::frame_pair<V, D>(pieces, "tangent"); }
    };
}
