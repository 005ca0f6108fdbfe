// SPDX-License-Identifier: BSD-3-Clause
// The loop s = sin(s) * 1.0001 + 0.5 * s * x, begun at s = x: its last s and the derivative by x.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace hand
{
    /// By a formula for this loop: keeps every s, and sweeps back over them.
    class scalar_loop_reverse
    {
    public:
        double operator()(std::size_t iterations, double x)
        {
            m_before.resize(iterations);
            double s = x;
            for (double& before : m_before)
            {
                before = s;
                s = std::sin(s) * 1.0001 + 0.5 * s * x;
            }
            double adjoint = 1, by_x = 0;
            for (std::size_t i = iterations; i-- > 0;)
            {
                by_x += adjoint * 0.5 * m_before[i];
                adjoint *= std::cos(m_before[i]) * 1.0001 + 0.5 * x;
            }
            m_gradient = by_x + adjoint;
            return s;
        }

        double gradient() const { return m_gradient; }

    private:
        std::vector<double> m_before;
        double m_gradient = 0;
    };

    /// By a tape of Jacobians that knows nothing of the loop but what each statement records: two partials and the numbers
    /// of their operands.
    class scalar_loop_tape
    {
    public:
        double operator()(std::size_t iterations, double x)
        {
            m_partials.clear();
            m_operands.clear();
            // Variable 0 is x, variable i + 1 what statement i computes; the first statement's s is x itself.
            double s = x;
            std::uint32_t at = 0;
            for (std::size_t i = 0; i < iterations; ++i)
            {
                const double sine = std::sin(s), cosine = std::cos(s);
                push(cosine * 1.0001 + 0.5 * x, at);
                push(0.5 * s, 0);
                s = sine * 1.0001 + 0.5 * s * x;
                at = std::uint32_t(i + 1);
            }
            m_adjoints.assign(iterations + 1, 0);
            m_adjoints[iterations] = 1;
            for (std::size_t i = iterations; i-- > 0;)
            {
                const double adjoint = m_adjoints[i + 1];
                for (std::size_t k = 2 * i; k < 2 * i + 2; ++k)
                {
                    m_adjoints[m_operands[k]] += adjoint * m_partials[k];
                }
            }
            return s;
        }

        double gradient() const { return m_adjoints[0]; }

    private:
        std::vector<double> m_partials;
        std::vector<std::uint32_t> m_operands;
        std::vector<double> m_adjoints;

        void push(double partial, std::uint32_t operand)
        {
            m_partials.push_back(partial);
            m_operands.push_back(operand);
        }
    };
}
