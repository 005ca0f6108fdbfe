// SPDX-License-Identifier: BSD-3-Clause
// Rosenbrock's function, sum(100 (x[i+1] - x[i]²)² + (1 - x[i])²), and its gradient, in one pass.
#pragma once

#include "vector_math.hpp"

namespace hand
{
    namespace detail
    {
        /// The gradient's element i, from x[i-1], x[i] and x[i+1]; adds the i-th term.
        template <class N>
        N rosenbrock_element(N before, N x, N after, N& value)
        {
            const N t_before = x - before * before, t = after - x * x, u = N(1) - x;
            value += N(100) * t * t + u * u;
            return N(200) * t_before - N(400) * x * t - N(2) * u;
        }
    }

    /// n is at least 2.
    inline double rosenbrock(size_t n, const double* x, double* g)
    {
        const double t = x[1] - x[0] * x[0], u = 1 - x[0];
        double rest = 100 * t * t + u * u;
        g[0] = -400 * x[0] * t - 2 * u;
        batch even(0.0), odd(0.0);
        size_t i = 1;
        for (; i + 2 * batch::size < n; i += 2 * batch::size)
        {
            const size_t j = i + batch::size;
            store(g + i, detail::rosenbrock_element(load(x + i - 1), load(x + i), load(x + i + 1), even));
            store(g + j, detail::rosenbrock_element(load(x + j - 1), load(x + j), load(x + j + 1), odd));
        }
        for (; i + batch::size < n; i += batch::size)
        {
            store(g + i, detail::rosenbrock_element(load(x + i - 1), load(x + i), load(x + i + 1), even));
        }
        for (; i + 1 < n; ++i)
        {
            g[i] = detail::rosenbrock_element(x[i - 1], x[i], x[i + 1], rest);
        }
        g[n - 1] = 200 * (x[n - 1] - x[n - 2] * x[n - 2]);
        return sum(even + odd) + rest;
    }
}
