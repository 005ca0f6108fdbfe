// SPDX-License-Identifier: BSD-3-Clause
// W3: sum(log1p(exp(-y s))) + ½ sum(s²) and its gradient by s.
#include "hand/logistic_loss.hpp"

#include "measure/ours.hpp"

namespace ad = xautodiff;

namespace
{
    template <class T>
    struct data
    {
        using vector = xt::xtensor<T, 1>;
        vector y, s;
        measure::aligned<T> gradient;

        explicit data(std::size_t n)
            : y(xt::sign(measure::drawn<vector>(-1, 1, 1, n))), s(measure::drawn<vector>(-3, 3, 2, n)), gradient(n)
        {
        }
    };

    /// T: the type of the constant, lest the result be one of doubles.
    template <class T>
    constexpr auto loss = [](auto s, auto y) { return ad::sum(ad::log1p(ad::exp(-y * s))) + T(0.5) * ad::sum(s * s); };

    template <class T>
    void add(const std::string& name, std::size_t n, double tolerance)
    {
        auto& d = measure::keep([n] { return data<T>(n); });
        const auto by_hand = [&d] { return measure::numbers(d.gradient); };
        measure::row row(name, n);
        row.add(
            "hand", [&d, n] { return hand::logistic_loss(n, d.y.data(), d.s.data(), d.gradient.data()); }, by_hand);
        if constexpr (std::is_same_v<T, double>)
        {
            row.add(
                "hand_libm",
                [&d, n] { return hand::logistic_loss_one_by_one(n, d.y.data(), d.s.data(), d.gradient.data()); },
                by_hand);
        }
        measure::add_ours<0>(row, tolerance, loss<T>, d.s, d.y);
    }
}

void measure::add_rows()
{
    for (std::size_t n : {8, 1000, 100000, 1000000})
    {
        add<double>("W3", n, default_tolerance);
    }
    for (std::size_t n : {1000, 100000})
    {
        add<float>("W3_float", n, 1e-4);
    }
}
