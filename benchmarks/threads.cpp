// SPDX-License-Identifier: BSD-3-Clause
// W3 in one thread and in two: long loops share their elements out where XTENSOR_USE_TBB is on. By the clock on the wall, since
// what other threads do is what counts.
#include <tbb/global_control.h>

#include "measure/ours.hpp"

#if !defined(XTENSOR_USE_TBB)
#error "these rows are about XTENSOR_USE_TBB"
#endif

namespace ad = xautodiff;

namespace
{
    constexpr auto loss = [](auto s, auto y) { return ad::sum(ad::log1p(ad::exp(-y * s))) + 0.5 * ad::sum(s * s); };

    void add(std::size_t n)
    {
        auto& y =
            measure::keep([n] { return measure::vector(xt::sign(measure::drawn<measure::vector>(-1, 1, 1, n))); });
        auto& s = measure::keep([n] { return measure::drawn<measure::vector>(-3, 3, 2, n); });
        measure::row row("W3_threads", n);
        row.by_wall_clock();
        for (std::size_t threads : {1, 2})
        {
            auto& bound = measure::keep([&] { return ad::bind(loss, s, y); });
            row.add(
                threads == 1 ? "one" : "two",
                [&bound, threads]
                {
                    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
                    return bound.value_and_grad();
                },
                [&bound] { return measure::numbers(bound.grad<0>()); }, 0);
        }
    }
}

void measure::add_rows()
{
    add(100000);
    add(1000000);
}
