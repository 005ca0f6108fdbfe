// SPDX-License-Identifier: BSD-3-Clause
// An operation that is no formula: Kepler's equation E - e sin(E) = M, solved for E by Newton's method. Recording the loop
// would differentiate every step of it; what holds at the solution gives the derivatives at once.
#include <xautodiff/io.hpp>

#include <cmath>
#include <iostream>

namespace ad = xautodiff;

struct kepler
{
    static constexpr std::string_view name = "kepler";

    // What the way back needs. What is saved is not copied, and must not change until then.
    struct context
    {
        ad::saved<double> anomaly, eccentricity;
    };

    // Runs on values; nothing of it is recorded. Two results: E, and how many steps that took.
    static auto forward(context& c, const ad::Variable<double>& mean_anomaly, const ad::Variable<double>& eccentricity)
    {
        const double m = mean_anomaly.item(), e = eccentricity.item();
        double x = m, step = 1;
        int steps = 0;
        for (; std::abs(step) > 1e-12; ++steps)
        {
            step = (x - e * std::sin(x) - m) / (1 - e * std::cos(x));
            x -= step;
        }
        const ad::Variable<double> anomaly(x);
        c = {anomaly, eccentricity};
        return std::tuple{anomaly, steps};
    }

    // One gradient an operand, from one adjoint a result. Written with operations on Variables it can be differentiated.
    static auto pullback(const context& c, const ad::Variable<double>& adjoint, const ad::Variable<int>&)
    {
        const auto x = c.anomaly.get(), e = c.eccentricity.get();
        const ad::Variable<double> of_mean_anomaly = adjoint / (1 - e * ad::cos(x));
        return std::tuple{of_mean_anomaly, of_mean_anomaly * ad::sin(x)};
    }
};

int main()
{
    ad::Variable<double> m(1.0, ad::requires_grad);
    ad::Variable<double> e(0.5, ad::requires_grad);
    const auto [anomaly, steps] = ad::apply<kepler>(m, e);
    std::cout << anomaly << " after " << steps.item() << " steps\n";

    // Like any other value: part of expressions, of one graph with them.
    const ad::Variable<double> distance = 1 - e * ad::cos(anomaly);
    distance.backward({.retain_graph = true});
    std::cout << "d distance/dM = " << m.grad() << ", /de = " << e.grad() << '\n';

    // Derivatives of derivatives.
    const ad::Variable<double> rate = ad::grad(anomaly, m, {.create_graph = true});
    std::cout << "dE/dM = " << rate.item() << ", d2E/dM2 = " << ad::grad(rate, m) << '\n';

    // Against differences.
    const double h = 1e-4;
    const auto at = [&](double mean) { return std::get<0>(ad::apply<kepler>(ad::Variable<double>(mean), e)).item(); };
    std::cout << "      " << (at(1 + h) - at(1 - h)) / (2 * h) << "             "
              << (at(1 + h) - 2 * at(1) + at(1 - h)) / (h * h) << '\n';

    e.mutable_data() = 0.6;
    try
    {
        distance.backward();
    }
    catch (const ad::error& error)
    {
        std::cout << std::string(error.what()).substr(0, 96) << "...\n";
    }
}
