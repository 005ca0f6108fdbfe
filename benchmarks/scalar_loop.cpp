// SPDX-License-Identifier: BSD-3-Clause
// W6: s = sin(s) * 1.0001 + 0.5 * s * x, recorded by ad::Variable a statement at a time.
#include "hand/scalar_loop.hpp"

#include "measure/ours.hpp"

namespace ad = xautodiff;

namespace
{
    void add_scalar_loop(std::size_t iterations)
    {
        static constexpr double x = -0.0002;
        // The gradient is a difference of numbers some 1e4 times as large, in which each iteration rounds.
        constexpr double tolerance = 1e-6;
        auto& tape = measure::keep([] { return hand::scalar_loop_tape(); });
        auto& reverse = measure::keep([] { return hand::scalar_loop_reverse(); });
        auto& gradient = measure::keep([] { return 0.0; });
        measure::row row("W6", iterations);
        row.add(
            "hand_tape", [&tape, iterations] { return tape(iterations, x); },
            [&tape] { return measure::numbers(tape.gradient()); });
        row.add(
            "hand", [&reverse, iterations] { return reverse(iterations, x); },
            [&reverse] { return measure::numbers(reverse.gradient()); }, tolerance);
        row.add(
            "ours",
            [&gradient, iterations]
            {
                ad::Variable at(x, ad::requires_grad);
                ad::Variable s = at;
                for (std::size_t i = 0; i < iterations; ++i)
                {
                    s = ad::sin(s) * 1.0001 + 0.5 * s * at;
                }
                s.backward();
                gradient = at.grad();
                return s.item();
            },
            [&gradient] { return measure::numbers(gradient); }, tolerance);
    }
}

void measure::add_rows()
{
    add_scalar_loop(10000);
    add_scalar_loop(1000000);
}
