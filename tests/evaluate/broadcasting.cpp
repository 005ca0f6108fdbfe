// SPDX-License-Identifier: BSD-3-Clause
// Fused loops over arrays that broadcast: for random shapes, extents 0 and 1 among them, value and gradients are those of
// the reference evaluator. The shapes are unknown to the types here; see broadcasting_ranks.cpp.
#include "against_reference.hpp"

namespace ad = xautodiff;
namespace array = xautodiff::array;
using namespace evaluate_test;
using container = xt::xarray<double>;

namespace
{
    /// Calls check for three arguments of every rank up to 4, around the sizes of a register and of a block.
    template <class F>
    void check_random_shapes(const F& f, int least_rank, unsigned seed)
    {
        random_shapes shapes(seed);
        for (int time = 0; time < 60; ++time)
        {
            const int rank = least_rank + time % (5 - least_rank);
            const array::shape whole = shapes.whole(rank, time % 4 == 3);
            // One of them has the whole shape, so that an axis may be relied on.
            const auto x = make<container>(whole, shapes.engine),
                       w = make<container>(shapes.part(whole), shapes.engine),
                       y = make<container>(shapes.part(whole), shapes.engine);
            INFO("shapes ", array::to_string(whole), " ", array::to_string(look(w).shape), " ",
                 array::to_string(look(y).shape));
            compared(f, x, w, y).check(rounding);
        }
    }
}

TEST_CASE("an argument is broadcast in one term and stands alone in another")
{
    check_random_shapes(
        [](auto x, auto w, auto y)
        {
            auto r = x * w - y;
            return ad::sum(r * r + 0.1 * w * w) + ad::sum(ad::exp(y) * w) + ad::sum(w * w) + ad::sum(ad::tanh(y));
        },
        0, 1);
}

TEST_CASE("choices between arguments that broadcast")
{
    check_random_shapes(
        [](auto x, auto w, auto y)
        { return ad::sum(ad::where(x > w, x * y, ad::maximum(w, y) * w)) + ad::sum(ad::where(y < 0.5, y, y * y)); },
        0, 2);
}

TEST_CASE("a sum over an axis is broadcast back")
{
    check_random_shapes(
        [](auto x, auto w, auto y)
        {
            auto e = ad::exp(x - w);
            return ad::sum(y * ad::log1p(ad::sum(e, -1, ad::keep_dims)))
                   + ad::sum(e / (1 + ad::sum(e, 0, ad::keep_dims)));
        },
        1, 3);
}

TEST_CASE("sums over axes that vanish")
{
    check_random_shapes(
        [](auto x, auto w, auto y)
        {
            auto rows = ad::sum(x * w, 0);
            return ad::sum(rows * rows) + ad::sum(ad::sin(ad::sum(x * y, {0, -1})))
                   + ad::sum(ad::sum(x, -1) * ad::sum(x * x, -1));
        },
        2, 4);
}

TEST_CASE("what a later loop needs again is computed in time for the first")
{
    // exp(w) is read by a loop over x, whose sum the loop of the gradient needs, which reads exp(w) too.
    check_random_shapes(
        [](auto x, auto w, auto y)
        {
            auto e = ad::exp(w);
            auto s = ad::sum(x * e) * 0.01;
            return s * s + ad::sum(y);
        },
        0, 5);
}
