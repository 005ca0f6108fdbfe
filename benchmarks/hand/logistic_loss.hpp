// SPDX-License-Identifier: BSD-3-Clause
// sum(log1p(exp(-y s))) + ½ sum(s²) and its gradient by s, in one pass.
#pragma once

#include "vector_math.hpp"

namespace hand
{
    namespace detail
    {
        template <class N>
        N logistic_loss_element(N y, N s, N& loss)
        {
            const N t = exp(-y * s);
            loss += log1p(t) + N(0.5) * s * s;
            return s - y * t / (N(1) + t);
        }
    }

    /// With the functions of the C library, one number at a time.
    inline double logistic_loss_one_by_one(size_t n, const double* y, const double* s, double* g)
    {
        double loss = 0;
        for (size_t i = 0; i < n; ++i)
        {
            g[i] = detail::logistic_loss_element(y[i], s[i], loss);
        }
        return loss;
    }

    template <class T>
    T logistic_loss(size_t n, const T* y, const T* s, T* g)
    {
        using B = batch_of<T>;
        B loss(T(0));
        T rest = 0;
        size_t i = 0;
        for (; i + B::size <= n; i += B::size)
        {
            store(g + i, detail::logistic_loss_element<B>(load(y + i), load(s + i), loss));
        }
        for (; i < n; ++i)
        {
            g[i] = detail::logistic_loss_element<T>(y[i], s[i], rest);
        }
        return sum(loss) + rest;
    }
}
