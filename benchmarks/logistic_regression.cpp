// SPDX-License-Identifier: BSD-3-Clause
// W4: mean(log1p(exp(-y (X w)))), logistic regression, and its gradient by w.
#include "hand/logistic_regression.hpp"

#include "measure/ours.hpp"

namespace ad = xautodiff;
using measure::matrix, measure::vector;

namespace
{
    struct data
    {
        matrix X;
        vector y, w;
        measure::aligned<double> gradient;

        data(std::size_t n, std::size_t columns)
            : X(measure::drawn<matrix>(-1, 1, 1, n, columns)),
              y(xt::sign(measure::drawn<vector>(-1, 1, 2, n))),
              w(measure::drawn<vector>(-0.3, 0.3, 3, columns)),
              gradient(columns)
        {
        }
    };

    constexpr auto loss = [](auto w, auto X, auto y) { return ad::mean(ad::log1p(ad::exp(-y * ad::matmul(X, w)))); };

    void add(std::size_t n, std::size_t columns)
    {
        auto& d = measure::keep([=] { return data(n, columns); });
        auto& by_gemv = measure::keep([] { return hand::logistic_regression_by_gemv(); });
        const auto by_hand = [&d] { return measure::numbers(d.gradient); };
        measure::row row("W4/" + std::to_string(n) + "x" + std::to_string(columns));
        row.add(
            "hand",
            [=, &d]
            { return hand::logistic_regression(n, columns, d.X.data(), d.y.data(), d.w.data(), d.gradient.data()); },
            by_hand);
        row.add(
            "hand_gemv",
            [=, &d, &by_gemv] { return by_gemv(n, columns, d.X.data(), d.y.data(), d.w.data(), d.gradient.data()); },
            by_hand);
        measure::add_ours<0>(row, measure::default_tolerance, loss, d.w, d.X, d.y);
    }
}

void measure::add_rows()
{
    add(4, 2);
    add(10000, 100);
}
