// SPDX-License-Identifier: BSD-3-Clause
// A model fitted to measurements: the problem Misra1a of NIST's Statistical Reference Datasets, y = b1 (1 - exp(-b2 x)).
// Levenberg and Marquardt's method; the model is written once, and ad::jacobian differentiates it.
#include <xautodiff/linalg.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ad = xautodiff;
using vector = xt::xtensor<double, 1>;
using matrix = xt::xtensor<double, 2>;

// A dye's adsorption, by pressure.
const vector volume{10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78};
const vector pressure{77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0};

// What NIST certifies to 11 digits.
constexpr double certified[] = {2.3894212918E+02, 5.5015643181E-04, 1.2455138894E-01};

constexpr auto model = [](auto b1, auto b2, auto x) { return b1 * (1 - ad::exp(-b2 * x)); };

// Its derivatives are known when this is compiled. The exponential is computed once; the arguments are called x, y and z.
static_assert(ad::formula(ad::grad<0, 1>(model)) == "t0 = exp(-(y * z)); (1 - t0, x * t0 * z)");
#ifndef __clang__  // whose std::exp is no constant expression
static_assert(ad::grad<0, 1>(model)(2.0, 0.0, 5.0) == std::tuple(0, 10));
#endif

// Of the parameters b = (b1, b2).
const auto residuals = [](auto b) { return volume - model(b[0], b[1], pressure); };

double sum_of_squares(const vector& r) { return xt::linalg::dot(r, r)(); }

// The step that minimises |J step + r|² + damping |D step|², where D holds the lengths of the columns of J: least squares by
// a QR decomposition.
vector damped_step(const matrix& jacobian, const vector& r, double damping)
{
    const vector lengths = xt::sqrt(xt::sum(jacobian * jacobian, 0));
    const matrix scaled = jacobian / lengths, below = std::sqrt(damping) * xt::eye<double>(2);
    const matrix stacked = xt::concatenate(xt::xtuple(scaled, below), 0);
    const vector right = xt::concatenate(xt::xtuple(-r, xt::zeros<double>({2})), 0);
    const auto [q, upper] = xt::linalg::qr(stacked);
    return xt::linalg::solve(upper, xt::linalg::dot(xt::transpose(q), right)) / lengths;
}

void print_digits(const char* what, double found, double wanted)
{
    const double digits = -std::log10(std::abs(found - wanted) / wanted);
    std::printf("%-15s %.9e, certified %.10e: %s\n", what, found, wanted, digits >= 9 ? "9 digits agree" : "wrong");
}

void fit(vector b)
{
    std::printf("start %g, %g\n", b[0], b[1]);
    std::printf("%9s %13s %13s %15s\n", "iteration", "b1", "b2", "sum of squares");
    double damping = 1e-2, growth = 2, largest_change = 1;
    vector r = residuals(b).data();
    for (int iteration = 1; largest_change > 1e-9 && iteration < 100; ++iteration)
    {
        const matrix jacobian = ad::jacobian(residuals)(b);
        const vector step = damped_step(jacobian, r, damping);
        const vector next = b + step, next_r = residuals(next).data();
        largest_change = xt::amax(xt::abs(step / b))();
        // How much of what the linear model promised has come true (Nielsen, 1999).
        const double promised = sum_of_squares(r) - sum_of_squares(r + xt::linalg::dot(jacobian, step));
        const double gain = (sum_of_squares(r) - sum_of_squares(next_r)) / promised;
        // In the end the sums differ by rounding errors alone, and the undamped step is best.
        const bool is_close = largest_change < 1e-5;
        if (gain > 0 || is_close)
        {
            b = next;
            r = next_r;
            damping *= is_close ? 0 : std::max(1.0 / 3, 1 - std::pow(2 * gain - 1, 3));
            growth = 2;
        }
        else
        {
            damping *= growth;
            growth *= 2;
        }
        std::printf("%9d %13.5e %13.5e %15.5e\n", iteration, b[0], b[1], sum_of_squares(r));
    }
    print_digits("b1", b[0], certified[0]);
    print_digits("b2", b[1], certified[1]);
    print_digits("sum of squares", sum_of_squares(r), certified[2]);
}

int main()
{
    fit({500, 0.0001});
    fit({250, 0.0005});
}
