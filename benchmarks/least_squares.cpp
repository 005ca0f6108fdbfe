// SPDX-License-Identifier: BSD-3-Clause
// W2: mean((x w - y)² + 0.1 w²) and its gradient by w.
#include "hand/least_squares.hpp"

#include "measure/ours.hpp"
#include "measure/peak_memory.hpp"

namespace ad = xautodiff;

namespace
{
    template <class T>
    struct data
    {
        using vector = xt::xtensor<T, 1>;
        vector x, y, w;

        explicit data(std::size_t n)
            : x(measure::drawn<vector>(-1, 1, 1, n)),
              y(measure::drawn<vector>(-1, 1, 2, n)),
              w(measure::drawn<vector>(-1, 1, 3, n))
        {
        }
    };

    /// T: the type of the constant, lest the result be one of doubles.
    template <class T>
    constexpr auto loss = [](auto w, auto x, auto y) { return ad::mean(ad::square(x * w - y) + T(0.1) * w * w); };

    template <class T>
    void add(const std::string& name, std::size_t n, double tolerance)
    {
        auto& d = measure::keep([n] { return data<T>(n); });
        auto& gradient = measure::keep([n] { return measure::aligned<T>(n); });
        const auto by_hand = [&gradient] { return measure::numbers(gradient); };
        measure::row row(name, n);
        row.add(
            "hand",
            [&d, &gradient, n] { return hand::least_squares(n, d.x.data(), d.y.data(), d.w.data(), gradient.data()); },
            by_hand);
        if constexpr (std::is_same_v<T, double>)
        {
            row.add(
                "hand_streamed",
                [&d, &gradient, n]
                { return hand::least_squares_streamed(n, d.x.data(), d.y.data(), d.w.data(), gradient.data()); },
                by_hand);
        }
        measure::add_ours<0>(row, tolerance, loss<T>, d.w, d.x, d.y);
    }
}

void measure::add_rows()
{
    constexpr std::size_t large = 10000000;
    add_memory("W2/10000000", "hand",
               []
               {
                   data<double> d(large);
                   measure::aligned<double> gradient(large);
                   hand::least_squares(large, d.x.data(), d.y.data(), d.w.data(), gradient.data());
               });
    add_memory("W2/10000000", "ours",
               []
               {
                   data<double> d(large);
                   auto bound = ad::bind(loss<double>, d.w, d.x, d.y);
                   bound.value_and_grad();
                   bound.value_and_grad();
               });
    for (std::size_t n : {8, 1000, 100000, 10000000})
    {
        add<double>("W2", n, default_tolerance);
    }
    for (std::size_t n : {1000, 100000})
    {
        // Sums of 1e5 terms rounded to float.
        add<float>("W2_float", n, 1e-4);
    }
}
