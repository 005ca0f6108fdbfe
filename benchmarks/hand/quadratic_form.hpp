// SPDX-License-Identifier: BSD-3-Clause
// xᵀ A x - bᵀ x with its gradient A x + Aᵀ x - b, and the logarithm of a normal density; A (n × n) need not be symmetric
// and is read once.
#pragma once

#include <cmath>
#include <numbers>
#include <vector>

#include "blas.hpp"
#include "row_block.hpp"

namespace hand
{
    namespace detail
    {
        /// xᵀ A x; g = A x + Aᵀ x. row_products has n elements to work with.
        inline double quadratic(size_t n, const double* A, const double* x, double* g, double* row_products)
        {
            row_block block(n, x, g);
            double value = 0;
            size_t i = 0;
            for (; i + row_block::rows <= n; i += row_block::rows)
            {
                block.multiply(A + i * n, row_products + i);
                block.add_transposed(A + i * n, x + i);
            }
            for (; i < n; ++i)
            {
                block.multiply_one(A + i * n, row_products[i]);
                block.add_one(A + i * n, x[i]);
            }
            block.finish();
            for (i = 0; i < n; ++i)
            {
                value += x[i] * row_products[i];
                g[i] += row_products[i];
            }
            return value;
        }
    }

    class quadratic_form
    {
    public:
        double operator()(size_t n, const double* A, const double* b, const double* x, double* g)
        {
            m_products.resize(n);
            double value = detail::quadratic(n, A, x, g, m_products.data());
            for (size_t i = 0; i < n; ++i)
            {
                value -= b[i] * x[i];
                g[i] -= b[i];
            }
            return value;
        }

    private:
        std::vector<double> m_products;
    };

    /// The same by two products of BLAS.
    class quadratic_form_by_gemv
    {
    public:
        double operator()(size_t n, const double* A, const double* b, const double* x, double* g)
        {
            m_products.resize(n);
            gemv(as::is, n, n, A, x, m_products.data());
            gemv(as::transposed, n, n, A, x, g);
            double value = 0;
            for (size_t i = 0; i < n; ++i)
            {
                value += x[i] * (m_products[i] - b[i]);
                g[i] += m_products[i] - b[i];
            }
            return value;
        }

    private:
        std::vector<double> m_products;
    };

    /// -½ (x - m)ᵀ P (x - m) - n/2 log(2 pi) + ½ log det P by the mean m; P is the precision matrix, whose determinant does
    /// not depend on m.
    class normal_log_density
    {
    public:
        double operator()(size_t n, const double* P, double log_det, const double* x, const double* m, double* g)
        {
            m_products.resize(n);
            m_difference.resize(n);
            for (size_t i = 0; i < n; ++i)
            {
                m_difference[i] = x[i] - m[i];
            }
            const double squares = detail::quadratic(n, P, m_difference.data(), g, m_products.data());
            for (size_t i = 0; i < n; ++i)
            {
                g[i] *= 0.5;
            }
            return -0.5 * squares - 0.5 * double(n) * std::log(2 * std::numbers::pi) + 0.5 * log_det;
        }

    private:
        std::vector<double> m_products, m_difference;
    };
}
