// SPDX-License-Identifier: BSD-3-Clause
// A chain of statements y = y (0.5 + x (0.9 - y)), begun at y = x, over arrays: the gradient of its sum by x. Keeps what
// each statement results in, and nothing of what it computes on the way.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace hand
{
    class chain
    {
    public:
        double operator()(std::size_t n, std::size_t statements, const double* x)
        {
            std::vector<block> results;
            const double* y = x;
            for (std::size_t k = 0; k < statements; ++k)
            {
                block next(new double[n]);
                for (std::size_t i = 0; i < n; ++i)
                {
                    next[i] = y[i] * (0.5 + x[i] * (0.9 - y[i]));
                }
                results.push_back(std::move(next));
                y = results.back().get();
            }
            double total = 0;
            block adjoint(new double[n]);
            m_gradient = block(new double[n]);
            for (std::size_t i = 0; i < n; ++i)
            {
                total += y[i];
                adjoint[i] = 1;
                m_gradient[i] = 0;
            }
            for (std::size_t k = statements; k-- > 0;)
            {
                y = k == 0 ? x : results[k - 1].get();
                for (std::size_t i = 0; i < n; ++i)
                {
                    m_gradient[i] += adjoint[i] * y[i] * (0.9 - y[i]);
                    adjoint[i] *= 0.5 + x[i] * (0.9 - 2 * y[i]);
                }
            }
            for (std::size_t i = 0; i < n; ++i)
            {
                m_gradient[i] += adjoint[i];
            }
            return total;
        }

        const double* gradient() const { return m_gradient.get(); }

    private:
        using block = std::unique_ptr<double[]>;

        block m_gradient;
    };
}
