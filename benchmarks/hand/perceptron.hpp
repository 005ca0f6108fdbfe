// SPDX-License-Identifier: BSD-3-Clause
// Two layers, tanh(X W1 + b1) W2 + b2, with softmax's cross-entropy, and the gradients by all four parameters. The five
// products are BLAS's; everything else is a loop over batches.
#pragma once

#include <cstring>
#include <vector>

#include "blas.hpp"
#include "softmax.hpp"

namespace hand
{
    struct perceptron_shape
    {
        size_t samples, inputs, hidden, outputs;
    };

    template <class Number>
    struct perceptron_parameters
    {
        Number *W1, *b1, *W2, *b2;
    };

    class perceptron
    {
    public:
        /// wanted holds the wanted probabilities, samples × outputs.
        double operator()(const perceptron_shape& s, const double* X, const double* wanted,
                          const perceptron_parameters<const double>& p, const perceptron_parameters<double>& g)
        {
            m_hidden.resize(s.samples * s.hidden);
            m_by_hidden.resize(s.samples * s.hidden);
            m_logits.resize(s.samples * s.outputs);
            double *const H = m_hidden.data(), *const Z = m_logits.data(), *const D = m_by_hidden.data();

            fill_rows(s.samples, s.hidden, p.b1, H);
            gemm(as::is, as::is, s.samples, s.hidden, s.inputs, X, p.W1, 1, H);
            size_t i = 0;
            for (; i + batch::size <= m_hidden.size(); i += batch::size)
            {
                store(H + i, tanh(load(H + i)));
            }
            for (; i < m_hidden.size(); ++i)
            {
                H[i] = tanh(H[i]);
            }
            fill_rows(s.samples, s.outputs, p.b2, Z);
            gemm(as::is, as::is, s.samples, s.outputs, s.hidden, H, p.W2, 1, Z);
            const double loss = softmax_cross_entropy(s.samples, s.outputs, Z, wanted, Z);

            add_up_rows(s.samples, s.outputs, Z, g.b2);
            gemm(as::transposed, as::is, s.hidden, s.outputs, s.samples, H, Z, 0, g.W2);
            gemm(as::is, as::transposed, s.samples, s.hidden, s.outputs, Z, p.W2, 0, D);
            std::memset(g.b1, 0, s.hidden * sizeof(double));
            for (i = 0; i < s.samples; ++i)
            {
                through_tanh(s.hidden, H + i * s.hidden, D + i * s.hidden, g.b1);
            }
            gemm(as::transposed, as::is, s.inputs, s.hidden, s.samples, X, D, 0, g.W1);
            return loss;
        }

    private:
        std::vector<double> m_hidden, m_logits, m_by_hidden;

        static void fill_rows(size_t rows, size_t columns, const double* row, double* out)
        {
            for (size_t i = 0; i < rows; ++i)
            {
                std::memcpy(out + i * columns, row, columns * sizeof(double));
            }
        }

        static void add_up_rows(size_t rows, size_t columns, const double* x, double* total)
        {
            std::memset(total, 0, columns * sizeof(double));
            for (size_t i = 0; i < rows; ++i)
            {
                for (size_t j = 0; j < columns; ++j)
                {
                    total[j] += x[i * columns + j];
                }
            }
        }

        /// d = d (1 - h²), added to total.
        static void through_tanh(size_t n, const double* h, double* d, double* total)
        {
            size_t j = 0;
            for (; j + batch::size <= n; j += batch::size)
            {
                const batch y = load(h + j), through = load(d + j) * (1.0 - y * y);
                store(d + j, through);
                store(total + j, load(total + j) + through);
            }
            for (; j < n; ++j)
            {
                d[j] *= 1 - h[j] * h[j];
                total[j] += d[j];
            }
        }
    };
}
