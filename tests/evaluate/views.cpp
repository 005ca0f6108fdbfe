// SPDX-License-Identifier: BSD-3-Clause
// Fused loops over arrays seen in another order: transposed, reshaped, through views that overlap or run backwards.
#include "against_reference.hpp"

using namespace evaluate_test;

namespace
{
    std::mt19937 engine(1);
}

TEST_CASE("transposes, steps, reversed and overlapping views")
{
    for (int n : lengths)
    {
        for (int rows : {2, 3, 8})
        {
            CAPTURE(n);
            CAPTURE(rows);
            const matrix x = make<matrix>({rows, n}, engine), w = make<matrix>({n, rows}, engine);
            const vector y = make<vector>({n}, engine);
            compared(
                [](auto a, auto b, auto d)
                {
                    auto t = ad::transpose(b);
                    auto backwards = ad::view(d, ad::range(ad::end, ad::end, -1));
                    return ad::sum(a * t) + ad::sum(ad::sin(a) * backwards) + ad::sum(t * t * d);
                },
                x, w, y)
                .check(rounding);
            if (n > 2)
            {
                compared(
                    [](auto a, auto b, auto d)
                    {
                        // Rosenbrock's function, and its like along two axes with a step.
                        auto head = ad::view(d, ad::range(0, -1));
                        auto tail = ad::view(d, ad::range(1, ad::end));
                        auto odd = ad::view(a, ad::all, ad::range(0, -1, 2));
                        auto column = ad::view(b, ad::range(0, -1, 2), 1);
                        return ad::sum(100 * ad::square(tail - head * head) + ad::square(1 - head))
                               + ad::sum(odd * column) + ad::sum(ad::exp(odd) * odd);
                    },
                    x, w, y)
                    .check(rounding);
            }
        }
    }
}

TEST_CASE("reshaped arrays")
{
    const matrix x = make<matrix>({6, 4}, engine);
    const columns w = make<columns>({4, 6}, engine);
    const vector y = make<vector>({24}, engine);
    compared(
        [](auto a, auto b, auto d)
        {
            auto r = ad::reshape(a, {2, 12}) * ad::reshape(d, {2, 12});
            return ad::sum(r * r) + ad::sum(ad::reshape(ad::tanh(b), {24}) * d)
                   + ad::sum(ad::reshape(b * b, {6, 4}) * a);
        },
        x, w, y)
        .check(rounding);
}
