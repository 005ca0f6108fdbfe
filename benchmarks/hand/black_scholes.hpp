// SPDX-License-Identifier: BSD-3-Clause
// The price of a European call (Black and Scholes, 1973) and its five sensitivities, by the textbook's closed forms. Those
// use S phi(d1) = K exp(-rT) phi(d2), by which most of the derivative cancels; the chain rule alone does not know that.
#pragma once

#include "vector_math.hpp"

namespace hand
{
    template <class N>
    struct call_option
    {
        N price, by_spot, by_strike, by_volatility, by_maturity, by_rate;
    };

    /// N is a number or a batch.
    template <class N>
    call_option<N> black_scholes(N spot, N strike, N volatility, N maturity, N rate)
    {
        constexpr double sqrt_half = 0.70710678118654752440, phi_0 = 0.39894228040143267794;
        const N root = sqrt(maturity), deviation = volatility * root;
        const N d1 = (log(spot / strike) + (rate + 0.5 * volatility * volatility) * maturity) / deviation;
        const N d2 = d1 - deviation;
        const N discount = exp(-rate * maturity);
        const N in_1 = 0.5 * erfc(-d1 * sqrt_half), in_2 = 0.5 * erfc(-d2 * sqrt_half);
        const N vega = spot * (phi_0 * exp(-0.5 * d1 * d1)) * root;
        const N paid = strike * discount * in_2;
        return {.price = spot * in_1 - paid,
                .by_spot = in_1,
                .by_strike = -discount * in_2,
                .by_volatility = vega,
                .by_maturity = vega * volatility / (2.0 * maturity) + rate * paid,
                .by_rate = maturity * paid};
    }

    /// Inputs and gradients are spot, strike, volatility, maturity, rate, n numbers each.
    struct option_arrays
    {
        const double* in[5];
        double* price;
        double* gradient[5];
    };

    inline void black_scholes_one_by_one(size_t first, size_t n, const option_arrays& a)
    {
        for (size_t i = first; i < n; ++i)
        {
            const auto c = black_scholes(a.in[0][i], a.in[1][i], a.in[2][i], a.in[3][i], a.in[4][i]);
            a.price[i] = c.price;
            a.gradient[0][i] = c.by_spot;
            a.gradient[1][i] = c.by_strike;
            a.gradient[2][i] = c.by_volatility;
            a.gradient[3][i] = c.by_maturity;
            a.gradient[4][i] = c.by_rate;
        }
    }

    inline void black_scholes_in_batches(size_t n, const option_arrays& a)
    {
        size_t i = 0;
        for (; i + batch::size <= n; i += batch::size)
        {
            const auto c = black_scholes(load(a.in[0] + i), load(a.in[1] + i), load(a.in[2] + i), load(a.in[3] + i),
                                         load(a.in[4] + i));
            store(a.price + i, c.price);
            store(a.gradient[0] + i, c.by_spot);
            store(a.gradient[1] + i, c.by_strike);
            store(a.gradient[2] + i, c.by_volatility);
            store(a.gradient[3] + i, c.by_maturity);
            store(a.gradient[4] + i, c.by_rate);
        }
        black_scholes_one_by_one(i, n, a);
    }
}
