// SPDX-License-Identifier: BSD-3-Clause
// Sums of very many terms: their error does not grow with the number of terms, and they are the same on every run.
#include <xautodiff/core.hpp>
#include <xautodiff/evaluate/blas_product.hpp>
#include <xautodiff/expression/xtensor_operand.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

namespace ad = xautodiff;

namespace
{
    constexpr std::size_t terms = 10'000'000;

    /// Positive numbers, so that the sum is of the size of all roundings together.
    template <class C>
    C positive(const typename C::shape_type& shape)
    {
        using T = typename C::value_type;
        std::mt19937_64 engine(1);
        C c(shape);
        for (T& x : c)
        {
            x = T(std::ldexp(double(engine() >> 11), -53) + 0.1);
        }
        return c;
    }

    /// The sum of numbers as long double would give it if it had twice as many digits: a plain sum of it is off by more than
    /// what is measured here.
    class exact_sum
    {
    public:
        void operator+=(long double x)
        {
            const long double before = m_sum, corrected = x - m_lost;
            m_sum = before + corrected;
            m_lost = (m_sum - before) - corrected;
        }
        operator long double() const { return m_sum; }

    private:
        long double m_sum = 0, m_lost = 0;
    };

    /// How far a sum is off, in roundings of a number of its size.
    template <class T>
    double roundings(T sum, long double exact)
    {
        return double(std::abs((long double)(sum)-exact) / exact / std::numeric_limits<T>::epsilon());
    }

    template <class T>
    bool same_bits(const T& a, const T& b)
    {
        return std::memcmp(&a, &b, sizeof(T)) == 0;
    }
}

TEST_CASE_TEMPLATE("a sum of ten million terms, with its gradient", T, double, float)
{
    const auto x = positive<xt::xtensor<T, 1>>({terms});
    const auto w = positive<xt::xtensor<T, 1>>({1});
    exact_sum sum, squares;
    for (T e : x)
    {
        sum += e;
        squares += (long double)(e)*e;
    }
    const auto f = [](auto a, auto b) { return ad::sum(a * a * b); };
    auto p = ad::bind<0, 1>(f, x, w);
    const T value = p.value_and_grad();
    CHECK(roundings(value, squares * w(0)) < 20);
    CHECK(roundings(p.template grad<1>()(0), squares) < 20);
    const T total = ad::bind([](auto a) { return ad::sum(a); }, x).value();
    CHECK(roundings(total, sum) < 20);
    // Again, from scratch, and together with nothing.
    CHECK(same_bits(p.value_and_grad(), value));
    CHECK(same_bits(T(ad::bind<0, 1>(f, x, w).value_and_grad()), value));
    CHECK(same_bits(p.value(), value));
}

TEST_CASE_TEMPLATE("sums of the columns of long matrices", T, double, float)
{
    for (std::size_t width : {3u, 20u})
    {
        CAPTURE(width);
        const std::size_t length = 2'000'000 / width;
        const auto x = positive<xt::xtensor<T, 2>>({length, width});
        const auto w = positive<xt::xtensor<T, 1>>({width});
        // The gradient of w adds up columns, as the sum over axis 0 does.
        auto p = ad::bind<1>([](auto a, auto b) { return ad::sum(a * b); }, x, w);
        p.value_and_grad();
        auto q = ad::bind<1>([](auto a, auto b) { return ad::sum(ad::sum(a * a, 0) * b); }, x, w);
        q.value_and_grad();
        double worst_sum = 0, worst_square = 0;
        for (std::size_t j = 0; j < width; ++j)
        {
            exact_sum sum, squares;
            for (std::size_t i = 0; i < length; ++i)
            {
                sum += x(i, j);
                squares += (long double)(x(i, j)) * x(i, j);
            }
            worst_sum = std::max(worst_sum, roundings(p.template grad<1>()(j), sum));
            worst_square = std::max(worst_square, roundings(q.template grad<1>()(j), squares));
        }
        CHECK(worst_sum < 20);
        CHECK(worst_square < 20);
    }
}

TEST_CASE("sums over an axis in the middle, between kept ones")
{
    const auto x = positive<xt::xtensor<float, 3>>({3, 300'000, 4});
    const auto w = positive<xt::xtensor<float, 3>>({3, 1, 4});
    auto p = ad::bind<1>([](auto a, auto b) { return ad::sum(a * b); }, x, w);
    p.value_and_grad();
    double worst = 0;
    for (std::size_t i = 0; i < 3; ++i)
    {
        for (std::size_t j = 0; j < 4; ++j)
        {
            exact_sum sum;
            for (std::size_t k = 0; k < 300'000; ++k)
            {
                sum += x(i, k, j);
            }
            worst = std::max(worst, roundings(p.grad<1>()(i, 0, j), sum));
        }
    }
    CHECK(worst < 20);
}
