// SPDX-License-Identifier: BSD-3-Clause
// Gradients of arrays that a formula sees through views which overlap: nearer to each other than a register is wide, where
// parts are put together in registers, and further apart.
#include <xautodiff/array/lanes.hpp>

#include "evaluate/against_reference.hpp"

using namespace evaluate_test;

TEST_CASE("parts that overlap")
{
    for (int n : lengths)
    {
        for (int distance : {0, 1, 3, 4, 8, 9, 17})
        {
            CAPTURE(n);
            CAPTURE(distance);
            std::mt19937 engine{unsigned(n)};
            compared(
                [n, distance](auto a, auto b, auto c, auto d)
                {
                    // Three parts of one array, two of another, in an order that is not that of memory.
                    const auto last = ad::view(a, ad::range(2 * distance, ad::end));
                    const auto first = ad::view(a, ad::range(0, n));
                    const auto middle = ad::view(a, ad::range(distance, n + distance));
                    const auto late = ad::view(b, ad::range(distance + 2, n + distance + 2));
                    const auto early = ad::view(b, ad::range(1, n + 1));
                    return ad::sum(ad::square(last - 2.0 * middle + first) * c + late * early * d + first * late);
                },
                make<vector>({n + 2 * distance}, engine), make<vector>({n + distance + 3}, engine),
                make<vector>({n}, engine), make<vector>({1}, engine))
                .check(rounding);
        }
    }
}

#if defined(__AVX2__) && !defined(__clang__)
TEST_CASE_TEMPLATE("elements put off from register to register", T, float, double)
{
    constexpr int lanes = array::lane_count<T>;
    T in[3 * lanes], out[3 * lanes];
    for (int i = 0; i < 3 * lanes; ++i)
    {
        in[i] = T(i + 1);
    }
    for (int places = 0; places <= lanes; ++places)
    {
        CAPTURE(places);
        const array::delay_line<T> delay(places);
        array::lanes<T> held(T(0));
        for (int i = 0; i < 3 * lanes; i += lanes)
        {
            delay(held, array::lanes<T>::load(in + i)).store(out + i);
        }
        for (int i = 0; i < 3 * lanes; ++i)
        {
            CHECK(out[i] == (i < places ? T(0) : in[i - places]));
        }
        for (int i = 0; i < places; ++i)
        {
            CHECK(array::delay_line<T>::put_off(held, places, i) == in[3 * lanes - places + i]);
        }
    }
}
#endif
