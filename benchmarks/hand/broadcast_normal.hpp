// SPDX-License-Identifier: BSD-3-Clause
// sum(((X - mu) / exp(ls))²) / 2 + n sum(ls), the negative log-likelihood of n rows of independent normal numbers but for
// a constant, and its gradients by mu and ls (d numbers each). X is read once; only sums over rows are kept.
#pragma once

#include <vector>

#include "vector_math.hpp"

namespace hand
{
    class broadcast_normal
    {
    public:
        double operator()(size_t n, size_t d, const double* X, const double* mu, const double* ls, double* by_mu,
                          double* by_ls)
        {
            m_inverse.resize(d);
            size_t j = 0;
            for (; j + batch::size <= d; j += batch::size)
            {
                store(&m_inverse[j], exp(-load(ls + j)));
            }
            for (; j < d; ++j)
            {
                m_inverse[j] = exp(-ls[j]);
            }
            // While they are summed, by_mu holds the sums of z and by_ls those of z².
            for (j = 0; j < d; ++j)
            {
                by_mu[j] = by_ls[j] = 0;
            }
            size_t i = 0;
            for (; i + rows_at_once <= n; i += rows_at_once)
            {
                add_rows<rows_at_once>(d, X + i * d, mu, by_mu, by_ls);
            }
            for (; i < n; ++i)
            {
                add_rows<1>(d, X + i * d, mu, by_mu, by_ls);
            }
            double squares = 0, scales = 0;
            for (j = 0; j < d; ++j)
            {
                squares += by_ls[j];
                scales += ls[j];
                by_mu[j] *= -m_inverse[j];
                by_ls[j] = double(n) - by_ls[j];
            }
            return squares / 2 + double(n) * scales;
        }

    private:
        static constexpr size_t rows_at_once = 8;
        std::vector<double> m_inverse;

        template <size_t Rows>
        void add_rows(size_t d, const double* X, const double* mu, double* sums, double* squares) const
        {
            size_t j = 0;
            for (; j + batch::size <= d; j += batch::size)
            {
                const batch m = load(mu + j), inverse = load(&m_inverse[j]);
                batch s = load(sums + j), q = load(squares + j);
                for (size_t k = 0; k < Rows; ++k)
                {
                    const batch z = (load(X + k * d + j) - m) * inverse;
                    s += z;
                    q = fma(z, z, q);
                }
                store(sums + j, s);
                store(squares + j, q);
            }
            for (; j < d; ++j)
            {
                for (size_t k = 0; k < Rows; ++k)
                {
                    const double z = (X[k * d + j] - mu[j]) * m_inverse[j];
                    sums[j] += z;
                    squares[j] += z * z;
                }
            }
        }
    };
}
