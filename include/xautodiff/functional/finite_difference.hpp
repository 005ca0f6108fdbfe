// SPDX-License-Identifier: BSD-3-Clause
// Derivatives from values alone, with an estimate of their error: what check_grads holds the rules against.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

namespace xautodiff::functional
{
    struct estimate
    {
        double value = std::numeric_limits<double>::quiet_NaN();
        double error = std::numeric_limits<double>::infinity();
    };

    /// The derivative by central differences of fourth order from the values at distances -2h, -h, h and 2h. The error is
    /// that of rounding and what halving the step changes.
    inline estimate central_difference(const std::array<double, 4>& y, double h, double rounding)
    {
        const double near = (y[2] - y[1]) / (2 * h), far = (y[3] - y[0]) / (4 * h);
        const double size = std::max({std::abs(y[0]), std::abs(y[1]), std::abs(y[2]), std::abs(y[3])});
        estimate out;
        out.value = near + (near - far) / 3;
        // The error of fourth order is about the square of that of second order, relative to the derivative.
        const double second = std::abs(near - far) / 3;
        const double fourth = std::abs(out.value) > second ? second * second / std::abs(out.value) : second;
        out.error = fourth + 4 * rounding * size / h;
        return out;
    }

    /// The derivatives, by some elements, of all that `values` gives for them: row by row, one for each value.
    ///
    /// With step 0 each derivative takes the step, relative to max(1, |x|), whose error seems least.
    template <class T, class Values>
    std::vector<estimate> differences_of(std::vector<T> elements, double step, const Values& values)
    {
        constexpr double rounding = double(std::numeric_limits<T>::epsilon());
        std::vector<double> steps{step};
        if (step <= 0)
        {
            steps = rounding < 1e-10 ? std::vector<double>{1e-3, 1e-4, 1e-5} : std::vector<double>{3e-2, 1e-2, 2e-3};
        }
        const std::size_t columns = elements.size();
        std::vector<estimate> out;
        for (std::size_t j = 0; j < columns; ++j)
        {
            const T here = elements[j];
            for (double relative : steps)
            {
                // A power of two, so that x + h and x - h are at equal distances.
                const T h = T(std::exp2(std::round(std::log2(relative * std::max(1.0, std::abs(double(here)))))));
                std::array<std::vector<double>, 4> at_step;
                for (std::size_t p = 0; p < 4; ++p)
                {
                    elements[j] = here + h * T(std::array{-2, -1, 1, 2}[p]);
                    at_step[p] = values(elements);
                }
                out.resize(at_step[0].size() * columns);
                for (std::size_t i = 0; i < at_step[0].size(); ++i)
                {
                    const estimate e = central_difference({at_step[0][i], at_step[1][i], at_step[2][i], at_step[3][i]},
                                                          double(h), rounding);
                    estimate& best = out[i * columns + j];
                    best = e.error < best.error ? e : best;
                }
            }
            elements[j] = here;
        }
        for (estimate& e : out)
        {
            // An estimate that does not settle excuses little: a rule that is wrong by one percent must not hide behind it.
            e.error = std::min(e.error, 1e-3 * std::abs(e.value));
        }
        return out;
    }
}
