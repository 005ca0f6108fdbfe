// SPDX-License-Identifier: BSD-3-Clause
// mean(log1p(exp(-y (X w)))) for X of n × d, and its gradient by w.
#pragma once

#include <vector>

#include "blas.hpp"
#include "row_block.hpp"

namespace hand
{
    namespace detail
    {
        /// Adds one term of the loss and returns minus its derivative by z, but for the 1/n.
        template <class N>
        N link(N y, N z, N& loss)
        {
            const N t = exp(-y * z);
            loss += log1p(t);
            return y * t / (N(1) + t);
        }
    }

    /// Two products with X, which is read twice.
    class logistic_regression_by_gemv
    {
    public:
        double operator()(size_t n, size_t d, const double* X, const double* y, const double* w, double* g)
        {
            m_z.resize(n);
            gemv(as::is, n, d, X, w, m_z.data());
            const batch scale(-1.0 / double(n));
            batch loss(0.0);
            double rest = 0;
            size_t i = 0;
            for (; i + batch::size <= n; i += batch::size)
            {
                store(&m_z[i], detail::link(load(y + i), load(&m_z[i]), loss) * scale);
            }
            for (; i < n; ++i)
            {
                m_z[i] = -detail::link(y[i], m_z[i], rest) / double(n);
            }
            gemv(as::transposed, n, d, X, m_z.data(), g);
            return (sum(loss) + rest) / double(n);
        }

    private:
        std::vector<double> m_z;
    };

    /// Rows in blocks: X is read once.
    inline double logistic_regression(size_t n, size_t d, const double* X, const double* y, const double* w, double* g)
    {
        row_block block(d, w, g);
        const batch scale(-1.0 / double(n));
        batch loss(0.0);
        double rest = 0;
        size_t i = 0;
        for (; i + row_block::rows <= n; i += row_block::rows)
        {
            alignas(64) double z[row_block::rows];
            block.multiply(X + i * d, z);
            for (size_t k = 0; k < row_block::rows; k += batch::size)
            {
                store(z + k, detail::link(load(y + i + k), load(z + k), loss) * scale);
            }
            block.add_transposed(X + i * d, z);
        }
        for (; i < n; ++i)
        {
            double z;
            block.multiply_one(X + i * d, z);
            block.add_one(X + i * d, -detail::link(y[i], z, rest) / double(n));
        }
        block.finish();
        return (sum(loss) + rest) / double(n);
    }
}
