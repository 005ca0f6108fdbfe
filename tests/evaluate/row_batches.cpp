// SPDX-License-Identifier: BSD-3-Clause
// Loops over rows that are long enough to be taken one by one, and so short that a call for each would count: some rows with
// each call of the inner loop, or abreast where all are added to the same elements.
#include "against_reference.hpp"

using namespace evaluate_test;

namespace
{
    using single = xt::xtensor<float, 2>;
    using single_vector = xt::xtensor<float, 1>;

    /// Around what is taken with one call, what stays in registers, and what a sum over rows adds up plainly.
    constexpr int heights[]{1, 2, 7, 8, 9, 17, 63, 65, 130};
    /// Rows that fill registers, that do not, and that are too long for a batch.
    constexpr int widths[]{64, 65, 71, 100, 128, 2048, 2051};

    std::mt19937 engine(1);

    template <class F>
    void for_each_size(F f)
    {
        for (int rows : heights)
        {
            for (int width : widths)
            {
                if (rows * width < 70000)
                {
                    CAPTURE(rows);
                    CAPTURE(width);
                    f(rows, width);
                }
            }
        }
    }

    constexpr auto softmax = [](auto z, auto wanted)
    {
        const auto shifted = z - ad::amax(z, 1, ad::keep_dims).detach();
        return ad::mean(ad::log(ad::sum(ad::exp(shifted), 1)) - ad::sum(shifted * wanted, 1));
    };

    /// Sums along rows that are read again, elements that are stored, and a sum of all.
    constexpr auto normalised = [](auto x, auto scale)
    {
        const auto centred = x - ad::mean(x, 1, ad::keep_dims);
        const auto variance = ad::mean(centred * centred, 1, ad::keep_dims);
        return ad::sum(ad::square(centred / ad::sqrt(variance + 0.5)) * scale) / 3;
    };

    /// Two sums over rows and one of all, and what all rows read.
    constexpr auto density = [](auto mean, auto log_scale, auto x)
    { return ad::sum(ad::square((x - mean) / ad::exp(log_scale))) / 2 + 3.0 * ad::sum(log_scale); };
}

TEST_CASE("sums along rows, in any layout")
{
    for_each_size(
        [](int rows, int width)
        {
            const matrix z = make<matrix>({rows, width}, engine), wanted = make<matrix>({rows, width}, engine);
            compared(softmax, z, wanted).check(rounding);
            compared(softmax, columns(z), wanted).check(rounding);
            compared(normalised, z, wanted).check(rounding);
            compared(normalised, z, columns(wanted)).check(rounding);
        });
}

TEST_CASE("sums along rows of single precision")
{
    for_each_size(
        [](int rows, int width)
        {
            const single z = make<single>({rows, width}, engine), wanted = make<single>({rows, width}, engine);
            compared(softmax, z, wanted).check(2e-5);
        });
}

TEST_CASE("sums over rows, and what is the same for all of them")
{
    for_each_size(
        [](int rows, int width)
        {
            const matrix x = make<matrix>({rows, width}, engine);
            const vector mean = make<vector>({width}, engine), log_scale = make<vector>({width}, engine);
            compared(density, mean, log_scale, x).check(rounding);
            compared(density, mean, log_scale, columns(x)).check(rounding);
            const single_vector few = mean, fewer = log_scale;
            compared(density, few, fewer, single(x)).check(1e-4);
        });
}

TEST_CASE("rows with gaps between them, of three dimensions, and an operand that only some rows share")
{
    using cube = xt::xtensor<double, 3>;
    for (int width : {64, 67})
    {
        CAPTURE(width);
        const cube x = make<cube>({3, 9, width + 5}, engine);
        const matrix shared = make<matrix>({9, width}, engine);
        const vector last = make<vector>({width}, engine);
        compared(
            [width](auto a, auto b, auto c)
            {
                const auto inner = ad::view(a, ad::all, ad::all, ad::range(2, width + 2));
                return ad::sum(ad::square(inner * c - b)) + ad::sum(ad::log(ad::sum(ad::exp(inner * b), 2)) * 0.5);
            },
            x, shared, last)
            .check(rounding);
    }
}

TEST_CASE("a nan in one row stays there")
{
    matrix z = make<matrix>({20, 70}, engine), wanted = make<matrix>({20, 70}, engine);
    auto p = ad::bind(softmax, z, wanted);
    z(13, 69) = std::numeric_limits<double>::quiet_NaN();
    CHECK(std::isnan(p.value_and_grad()));
    for (std::size_t i = 0; i < 20; ++i)
    {
        for (std::size_t j = 0; j < 70; ++j)
        {
            CHECK(std::isnan(p.grad<0>()(i, j)) == (i == 13));
        }
    }
}
