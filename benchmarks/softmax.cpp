// SPDX-License-Identifier: BSD-3-Clause
// Cross-entropy of softmax over rows, and its gradient by the logits.
#include "hand/softmax.hpp"

#include "measure/one_hot.hpp"
#include "measure/ours.hpp"

namespace ad = xautodiff;
using measure::matrix;

namespace
{
    struct data
    {
        matrix z, wanted;
        measure::aligned<double> gradient;

        data(std::size_t rows, std::size_t columns)
            : z(measure::drawn<matrix>(-2, 2, 1, rows, columns)),
              wanted(measure::one_hot<matrix>(rows, columns, 2)),
              gradient(rows * columns)
        {
        }
    };

    constexpr auto loss = [](auto z, auto wanted)
    {
        const auto shifted = z - ad::amax(z, 1, ad::keep_dims).detach();
        return ad::mean(ad::log(ad::sum(ad::exp(shifted), 1)) - ad::sum(shifted * wanted, 1));
    };

    void add(std::size_t rows, std::size_t columns)
    {
        auto& d = measure::keep([=] { return data(rows, columns); });
        measure::row row("softmax/" + std::to_string(rows) + "x" + std::to_string(columns));
        row.add(
            "hand",
            [=, &d]
            { return hand::softmax_cross_entropy(rows, columns, d.z.data(), d.wanted.data(), d.gradient.data()); },
            [&d] { return measure::numbers(d.gradient); });
        measure::add_ours<0>(row, measure::default_tolerance, loss, d.z, d.wanted);
    }
}

void measure::add_rows()
{
    add(4, 2);
    add(256, 10);
    add(2000, 1000);
}
