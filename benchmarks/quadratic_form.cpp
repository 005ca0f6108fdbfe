// SPDX-License-Identifier: BSD-3-Clause
// xᵀ A x - bᵀ x by x, and the logarithm of a normal density by its mean.
#include "hand/quadratic_form.hpp"

#include <numbers>

#include "measure/ours.hpp"

namespace ad = xautodiff;
using measure::matrix, measure::vector;

namespace
{
    struct data
    {
        matrix A;
        vector b, x;
        double log_det;
        measure::aligned<double> gradient;
        hand::quadratic_form form;
        hand::quadratic_form_by_gemv form_by_gemv;
        hand::normal_log_density density;

        explicit data(std::size_t n)
            : A(measure::drawn<matrix>(-1, 1, 1, n, n)),
              b(measure::drawn<vector>(-1, 1, 2, n)),
              x(measure::drawn<vector>(-1, 1, 3, n)),
              log_det(0.7),
              gradient(n)
        {
        }
    };

    constexpr auto form = [](auto x, auto A, auto b) { return ad::dot(x, ad::matmul(A, x)) - ad::dot(b, x); };

    /// P is the precision matrix, log_det the logarithm of its determinant.
    constexpr auto log_density = [](auto mean, auto x, auto P, auto log_det, auto n)
    {
        const auto r = x - mean;
        return -0.5 * ad::dot(r, ad::matmul(P, r)) - 0.5 * std::log(2 * std::numbers::pi) * n + 0.5 * log_det;
    };

    void add(std::size_t n)
    {
        auto& d = measure::keep([n] { return data(n); });
        auto& size = measure::keep([n] { return double(n); });
        const auto by_hand = [&d] { return measure::numbers(d.gradient); };

        measure::row quadratic("quadratic", n);
        quadratic.add(
            "hand", [&d, n] { return d.form(n, d.A.data(), d.b.data(), d.x.data(), d.gradient.data()); }, by_hand);
        quadratic.add(
            "hand_gemv", [&d, n] { return d.form_by_gemv(n, d.A.data(), d.b.data(), d.x.data(), d.gradient.data()); },
            by_hand);
        measure::add_ours<0>(quadratic, measure::default_tolerance, form, d.x, d.A, d.b);

        measure::row density("log_density", n);
        density.add(
            "hand", [&d, n] { return d.density(n, d.A.data(), d.log_det, d.x.data(), d.b.data(), d.gradient.data()); },
            by_hand);
        measure::add_ours<0>(density, measure::default_tolerance, log_density, d.b, d.x, d.A, d.log_det, size);
    }
}

void measure::add_rows()
{
    for (std::size_t n : {8, 50, 500})
    {
        add(n);
    }
}
