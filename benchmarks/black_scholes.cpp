// SPDX-License-Identifier: BSD-3-Clause
// W1: the price of a European call and its five sensitivities, one call at a time and over arrays.
#include "hand/black_scholes.hpp"

#include "measure/ours.hpp"

#if __has_include(<xautodiff/functional/vmap.hpp>)
#include <xautodiff/functional/vmap.hpp>
#define BENCH_HAS_VMAP
#endif

#include <array>
#include <numbers>

namespace ad = xautodiff;
using measure::vector;

namespace
{
    constexpr auto price = [](auto spot, auto strike, auto volatility, auto maturity, auto rate)
    {
        const auto normal_cdf = [](auto d) { return 0.5 * ad::erfc(-d * (1 / std::numbers::sqrt2)); };
        const auto deviation = volatility * ad::sqrt(maturity);
        const auto d1 = (ad::log(spot / strike) + (rate + 0.5 * volatility * volatility) * maturity) / deviation;
        const auto d2 = d1 - deviation;
        return spot * normal_cdf(d1) - strike * ad::exp(-rate * maturity) * normal_cdf(d2);
    };

    struct options
    {
        std::array<vector, 5> in;
        vector price;
        std::array<vector, 5> gradient;

        explicit options(std::size_t n)
        {
            constexpr double low[] = {80, 80, 0.1, 0.2, 0.01}, high[] = {120, 120, 0.5, 2, 0.05};
            for (unsigned k = 0; k < 5; ++k)
            {
                in[k] = measure::drawn<vector>(low[k], high[k], k + 1, n);
                gradient[k] = xt::zeros<double>({n});
            }
            price = xt::zeros<double>({n});
        }

        hand::option_arrays arrays()
        {
            hand::option_arrays a{};
            a.price = price.data();
            for (std::size_t k = 0; k < 5; ++k)
            {
                a.in[k] = in[k].data();
                a.gradient[k] = gradient[k].data();
            }
            return a;
        }

        /// The prices too: only one of them can be a row's value.
        std::vector<double> numbers() const
        {
            return measure::numbers(price, gradient[0], gradient[1], gradient[2], gradient[3], gradient[4]);
        }
    };

    // Prices lose digits where S N(d1) and K exp(-rT) N(d2) nearly cancel.
    constexpr double tolerance = 1e-10;

    void add_calls(std::size_t n)
    {
        auto& d = measure::keep([n] { return options(n); });
        const auto found = [&d] { return d.numbers(); };
        measure::row row("W1_calls", n);
        row.add(
            "hand",
            [&d, n]
            {
                hand::black_scholes_one_by_one(0, n, d.arrays());
                return d.price[n / 2];
            },
            found, tolerance);
        row.add(
            "ours",
            [&d, n]
            {
                for (std::size_t i = 0; i < n; ++i)
                {
                    const auto [value, g] = ad::value_and_grad<0, 1, 2, 3, 4>(price)(d.in[0][i], d.in[1][i], d.in[2][i],
                                                                                     d.in[3][i], d.in[4][i]);
                    d.price[i] = value;
                    std::apply(
                        [&](auto... by)
                        { [&, k = std::size_t(0)](auto... e) mutable { ((d.gradient[k++][i] = e), ...); }(by...); },
                        g);
                }
                return d.price[n / 2];
            },
            found, tolerance);
    }

    void add_batched(std::size_t n)
    {
        auto& d = measure::keep([n] { return options(n); });
        const auto found = [&d] { return d.numbers(); };
        measure::row row("W1", n);
        row.add(
            "hand",
            [&d, n]
            {
                hand::black_scholes_in_batches(n, d.arrays());
                return d.price[n / 2];
            },
            found, tolerance);
        row.add(
            "hand_libm",
            [&d, n]
            {
                hand::black_scholes_one_by_one(0, n, d.arrays());
                return d.price[n / 2];
            },
            found, tolerance);
#ifdef BENCH_HAS_VMAP
        const auto mapped = ad::vmap(ad::value_and_grad<0, 1, 2, 3, 4>(price));
        const auto flat = [](const auto& r)
        { return std::apply([&r](const auto&... g) { return measure::numbers(r.value, g...); }, r.grad); };

        auto& bound = measure::keep([&] { return ad::bind(mapped, d.in[0], d.in[1], d.in[2], d.in[3], d.in[4]); });
        row.add(
            "ours", [&bound, n] { return bound.value().value[n / 2]; }, [&bound, flat] { return flat(bound.value()); },
            tolerance);

        using result = decltype(mapped(d.in[0], d.in[1], d.in[2], d.in[3], d.in[4]));
        auto& last = measure::keep([] { return result{}; });
        row.add(
            "ours_returned",
            [&d, &last, mapped, n]
            {
                last = mapped(d.in[0], d.in[1], d.in[2], d.in[3], d.in[4]);
                return last.value[n / 2];
            },
            [&last, flat] { return flat(last); }, tolerance);
#endif
    }
}

void measure::add_rows()
{
    add_calls(100000);
    for (std::size_t n : {8, 1000, 1000000})
    {
        add_batched(n);
    }
}
