// SPDX-License-Identifier: BSD-3-Clause
// Straight-line code from a count: f(0), f(1), ... with the index as a constant. In chunks, since clang limits a fold
// expression to 256 operands, and inlined, since what is generated is one piece of code.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

namespace xautodiff::evaluate
{
    namespace detail
    {
        template <int Begin, class F, std::size_t... I>
        [[gnu::always_inline]] constexpr void unroll_chunk(F& f, std::index_sequence<I...>)
        {
            (f(std::integral_constant<int, Begin + int(I)>{}), ...);
        }

        template <int Count, int Chunk, class F, std::size_t... C>
        [[gnu::always_inline]] constexpr void unroll_chunks(F& f, std::index_sequence<C...>)
        {
            (unroll_chunk<int(C) * Chunk>(f, std::make_index_sequence<std::size_t(
                                                 Chunk < Count - int(C) * Chunk ? Chunk : Count - int(C) * Chunk)>{}),
             ...);
        }
    }

    template <int Count, class F>
    [[gnu::always_inline]] constexpr void unroll(F&& f)
    {
        constexpr int chunk = 16;
        if constexpr (Count <= chunk)
        {
            detail::unroll_chunk<0>(f, std::make_index_sequence<std::size_t(Count)>{});
        }
        else
        {
            detail::unroll_chunks<Count, chunk>(f,
                                                std::make_index_sequence<std::size_t((Count + chunk - 1) / chunk)>{});
        }
    }

    /// The same for small parts, of which none is worth an instance of its own: f(first, numbers) for some hundred of them at a
    /// time, as std::integral_constant and std::index_sequence of those that follow it.
    template <int Count, class F>
    [[gnu::always_inline]] constexpr void unroll_in_chunks(F&& f)
    {
        constexpr int chunk = 128;
        unroll<(Count + chunk - 1) / chunk>([&f](auto c) __attribute__((always_inline)) {
            constexpr int first = c() * chunk, size = chunk < Count - first ? chunk : Count - first;
            f(std::integral_constant<int, first>{}, std::make_index_sequence<std::size_t(size)>{});
        });
    }
}
