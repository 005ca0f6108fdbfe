// SPDX-License-Identifier: BSD-3-Clause
// The loop of PyTorch's autograd tutorial: y = 2 x, doubled while its norm is below a limit. The value is
// v times the result, the gradient v times the Jacobian.
#pragma once

#include <cmath>
#include <cstddef>
#include <memory>
#include <vector>

namespace hand
{
    template <class Elements>
    double norm(const Elements& y)
    {
        double squares = 0;
        for (double e : y)
        {
            squares += e * e;
        }
        return std::sqrt(squares);
    }

    template <std::size_t N>
    double doubling(const double (&x)[N], const double (&v)[N], double limit, double (&gradient)[N])
    {
        double y[N], factor = 2;
        for (std::size_t i = 0; i < N; ++i)
        {
            y[i] = x[i] * 2;
        }
        while (norm(y) < limit)
        {
            for (double& e : y)
            {
                e *= 2;
            }
            factor *= 2;
        }
        double total = 0;
        for (std::size_t i = 0; i < N; ++i)
        {
            gradient[i] = v[i] * factor;
            total += v[i] * y[i];
        }
        return total;
    }

    /// Doubles n elements a given number of times, into a new array each time; then the adjoint the same way back.
    class doubling_into_new_arrays
    {
    public:
        using block = std::unique_ptr<double[]>;

        double operator()(std::size_t n, std::size_t times, const double* x)
        {
            block y = doubled(n, x);
            for (std::size_t k = 1; k < times; ++k)
            {
                y = doubled(n, y.get());
            }
            const std::vector<double> ones(n, 1.0);
            m_gradient = doubled(n, ones.data());
            for (std::size_t k = 1; k < times; ++k)
            {
                m_gradient = doubled(n, m_gradient.get());
            }
            return y[n / 2];
        }

        const double* gradient() const { return m_gradient.get(); }

    private:
        block m_gradient;

        static block doubled(std::size_t n, const double* x)
        {
            block y(new double[n]);
            for (std::size_t i = 0; i < n; ++i)
            {
                y[i] = x[i] * 2;
            }
            return y;
        }
    };
}
