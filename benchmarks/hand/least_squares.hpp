// SPDX-License-Identifier: BSD-3-Clause
// mean((x w - y)² + 0.1 w²) and its gradient by w, in one pass.
#pragma once

#include "vector_math.hpp"

namespace hand
{
    namespace detail
    {
        template <class N, class T>
        N least_squares_element(T tenth, N x, N y, N w, N twice_over_n, N& loss)
        {
            const N e = x * w - y, decay = N(tenth) * w;
            loss += e * e + decay * w;
            return twice_over_n * (e * x + decay);
        }

        template <class T, class Store>
        T least_squares(size_t n, const T* x, const T* y, const T* w, T* g, Store store_batch)
        {
            using B = batch_of<T>;
            const T c = T(2) / T(n), tenth = T(0.1);
            // Two sums: one addition must not wait for the last.
            B even(T(0)), odd(T(0));
            T rest = 0;
            size_t i = 0;
            for (; i + 2 * B::size <= n; i += 2 * B::size)
            {
                const size_t j = i + B::size;
                store_batch(g + i, least_squares_element<B>(tenth, load(x + i), load(y + i), load(w + i), c, even));
                store_batch(g + j, least_squares_element<B>(tenth, load(x + j), load(y + j), load(w + j), c, odd));
            }
            for (; i + B::size <= n; i += B::size)
            {
                store_batch(g + i, least_squares_element<B>(tenth, load(x + i), load(y + i), load(w + i), c, even));
            }
            for (; i < n; ++i)
            {
                g[i] = least_squares_element<T>(tenth, x[i], y[i], w[i], c, rest);
            }
            return (sum(even + odd) + rest) / T(n);
        }
    }

    template <class T>
    T least_squares(size_t n, const T* x, const T* y, const T* w, T* g)
    {
        return detail::least_squares(n, x, y, w, g, [](T* p, const batch_of<T>& v) { store(p, v); });
    }

    /// The same, writing g (aligned as a batch) past the caches.
    inline double least_squares_streamed(size_t n, const double* x, const double* y, const double* w, double* g)
    {
        const double loss = detail::least_squares(n, x, y, w, g, [](double* p, const batch& v) { stream(p, v); });
        end_stream();
        return loss;
    }
}
