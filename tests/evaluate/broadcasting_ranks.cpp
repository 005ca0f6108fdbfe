// SPDX-License-Identifier: BSD-3-Clause
// Fused loops over arrays that broadcast, as broadcasting.cpp, where the types know the ranks, and so which loops there are.
#include "against_reference.hpp"

using namespace evaluate_test;

namespace
{
    /// Checks f of a matrix, and of a vector and a matrix that broadcast to it; of no elements where f takes these.
    template <class F>
    void check_random_shapes(const F& f, unsigned seed, bool takes_none = true, double tolerance = rounding)
    {
        random_shapes shapes(seed);
        for (int time = 0; time < 80; ++time)
        {
            const array::shape whole = shapes.whole(2, time % 4 == 3);
            if (whole.size() == 0 && !takes_none)
            {
                continue;
            }
            const matrix x = make<matrix>(whole, shapes.engine), y = make<matrix>(shapes.part(whole, 2), shapes.engine);
            const vector w = make<vector>(shapes.part(whole, 1), shapes.engine);
            INFO("shapes ", array::to_string(whole), " ", array::to_string(look(w).shape), " ",
                 array::to_string(look(y).shape));
            compared(f, x, w, y).check(tolerance);
        }
    }
}

TEST_CASE("expensive and cheap terms of a lower rank")
{
    check_random_shapes(
        [](auto x, auto w, auto y)
        {
            auto z = (x - y) / ad::exp(w);
            auto s = ad::sum(x * ad::exp(w)) * 0.01;
            return ad::sum(z * z) + s * s + ad::sum(w * w) + ad::sum(ad::where(x > w, x * y, w * y));
        },
        1);
}

TEST_CASE("cross-entropy over rows")
{
    check_random_shapes(
        [](auto x, auto w, auto y)
        {
            auto logits = x + w;
            auto top = ad::amax(logits, 1, ad::keep_dims);
            auto total = ad::sum(ad::exp(logits - top), 1, ad::keep_dims);
            return ad::sum(y * (logits - top - ad::log(total)));
        },
        // There is no largest of no elements. What flows through the largest cancels: of terms as large as the number of
        // columns only their rounding is left.
        2, false, 5e-15 * 5000);
}

TEST_CASE("products of rows and columns")
{
    check_random_shapes(
        [](auto x, auto w, auto y)
        {
            auto column = ad::sum(x, 1, ad::keep_dims) * 0.1;
            auto row = ad::sum(x * y, 0) * 0.1;
            return ad::sum(ad::tanh(column * row) * w) + ad::sum(row * row * w);
        },
        3);
}

TEST_CASE("sums over rows of products whose factors have other shapes than the sum")
{
    random_shapes shapes(4);
    for (int time = 0; time < 80; ++time)
    {
        const array::shape whole = shapes.whole(2, time % 4 == 3);
        const matrix x = make<matrix>(whole, shapes.engine);
        const vector mu = make<vector>(shapes.part(whole, 1), shapes.engine),
                     ls = make<vector>(shapes.part(whole, 1), shapes.engine);
        INFO("shapes ", array::to_string(whole), " ", array::to_string(look(mu).shape), " ",
             array::to_string(look(ls).shape));
        compared(
            [](auto m, auto s, auto data)
            {
                const auto z = (data - m) / ad::exp(s);
                return 0.5 * ad::sum(z * z) + 3 * ad::sum(s);
            },
            mu, ls, x)
            .check(rounding);
    }
}
