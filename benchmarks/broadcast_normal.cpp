// SPDX-License-Identifier: BSD-3-Clause
// sum(((X - mu) / exp(ls))²) / 2 + n sum(ls): mu and ls are broadcast over the n rows of X; gradients by both.
#include "hand/broadcast_normal.hpp"

#include "measure/ours.hpp"

namespace ad = xautodiff;
using measure::matrix, measure::vector;

namespace
{
    struct data
    {
        matrix X;
        vector mu, ls;
        double n;
        measure::aligned<double> by_mu, by_ls;
        hand::broadcast_normal by_hand;

        data(std::size_t rows, std::size_t columns)
            : X(measure::drawn<matrix>(-1, 1, 1, rows, columns)),
              mu(measure::drawn<vector>(-1, 1, 2, columns)),
              ls(measure::drawn<vector>(-1, 1, 3, columns)),
              n(double(rows)),
              by_mu(columns),
              by_ls(columns)
        {
        }
    };

    constexpr auto loss = [](auto mu, auto ls, auto X, auto n)
    { return ad::sum(ad::square((X - mu) / ad::exp(ls))) / 2 + n * ad::sum(ls); };

    void add(std::size_t rows, std::size_t columns)
    {
        auto& d = measure::keep([=] { return data(rows, columns); });
        measure::row row("normal/" + std::to_string(rows) + "x" + std::to_string(columns));
        row.add(
            "hand",
            [=, &d]
            { return d.by_hand(rows, columns, d.X.data(), d.mu.data(), d.ls.data(), d.by_mu.data(), d.by_ls.data()); },
            [&d] { return measure::numbers(d.by_mu, d.by_ls); });
        measure::add_ours<0, 1>(row, measure::default_tolerance, loss, d.mu, d.ls, d.X, d.n);
    }
}

void measure::add_rows()
{
    add(4, 2);
    add(2000, 200);
}
