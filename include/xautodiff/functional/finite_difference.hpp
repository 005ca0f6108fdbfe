// SPDX-License-Identifier: BSD-3-Clause
// Derivatives from values alone, with an estimate of their error: what check_grads holds the rules against.
#pragma once

#include <xautodiff/functional/elements.hpp>
#include <xautodiff/functional/returned.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace xautodiff::functional
{
    /// The values of nodes whose inputs stand for x...: a tuple of containers. Y is what a function returned.
    template <class Y, class... X>
    auto values_at(const Y& y, const X&... x)
    {
        constexpr array::family family = std::max({Y::family, array::traits<X>::container_family...});
        typename Y::template containers<family> value{};
        evaluate::evaluate_into<graph::values_of<typename Y::nodes_type>, typename Y::value_type, family>(
            y.nodes, std::tuple<const X*...>{&x...}, pointers_to(value));
        return value;
    }

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

    /// The shape of y's only node, and its derivatives by the elements of argument K, row by row.
    ///
    /// With step 0 each derivative takes the step, relative to max(1, |x|), whose error seems least.
    template <int K, class Y, class... X>
    std::pair<array::shape, std::vector<estimate>> differences_of(const Y& y, double step, const X&... x)
    {
        using argument = std::tuple_element_t<std::size_t(K), std::tuple<X...>>;
        using T = typename array::traits<argument>::value_type;
        constexpr double rounding = double(std::numeric_limits<T>::epsilon());

        std::tuple<X...> moved(x...);
        argument& at = std::get<std::size_t(K)>(moved);
        const array::shape inputs = shape_of(at);
        std::vector<T> elements(std::size_t(inputs.size()) + 1);
        read_elements(at, elements.data());
        const auto values = [&]
        {
            write_elements(at, inputs, elements.data());
            const auto value = std::get<0>(std::apply([&](const X&... m) { return values_at(y, m...); }, moved));
            std::vector<double> out(std::size_t(shape_of(value).size()) + 1);
            read_elements(value, out.data());
            return out;
        };

        const array::shape outputs = shape_of(std::get<0>(values_at(y, x...)));
        std::vector<double> steps{step};
        if (step <= 0)
        {
            steps = rounding < 1e-10 ? std::vector<double>{1e-3, 1e-4, 1e-5} : std::vector<double>{3e-2, 1e-2, 2e-3};
        }
        std::vector<estimate> out(std::size_t(outputs.size() * inputs.size()));
        for (array::index j = 0; j < inputs.size(); ++j)
        {
            const T here = elements[std::size_t(j)];
            for (double relative : steps)
            {
                // A power of two, so that x + h and x - h are at equal distances.
                const T h = T(std::exp2(std::round(std::log2(relative * std::max(1.0, std::abs(double(here)))))));
                std::array<std::vector<double>, 4> at_step;
                for (std::size_t p = 0; p < 4; ++p)
                {
                    elements[std::size_t(j)] = here + h * T(std::array{-2, -1, 1, 2}[p]);
                    at_step[p] = values();
                }
                for (array::index i = 0; i < outputs.size(); ++i)
                {
                    const std::size_t o = std::size_t(i);
                    const estimate e = central_difference({at_step[0][o], at_step[1][o], at_step[2][o], at_step[3][o]},
                                                          double(h), rounding);
                    estimate& best = out[std::size_t(i * inputs.size() + j)];
                    best = e.error < best.error ? e : best;
                }
            }
            elements[std::size_t(j)] = here;
        }
        for (estimate& e : out)
        {
            // An estimate that does not settle excuses little: a rule that is wrong by one percent must not hide behind it.
            e.error = std::min(e.error, 1e-3 * std::abs(e.value));
        }
        return {outputs, out};
    }
}
