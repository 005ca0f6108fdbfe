// SPDX-License-Identifier: BSD-3-Clause
// The elementary functions on lanes are within 4 ulp of the true value, which long double stands for, over all of their
// range and at its ends. The table of docs/accuracy.md is printed by
//     test_array --no-skip --test-case="the table of accuracy"
#include <xautodiff/array/vector_math.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <random>
#include <vector>

namespace array = xautodiff::array;
using array::lanes;

namespace
{
    template <class T>
    using numbers = std::numeric_limits<T>;

    /// The distance of y from the true value, in units of the last place of a T that is nearest to that.
    template <class T>
    double ulps(T y, long double truth)
    {
        const T nearest = T(truth);
        if (std::isnan(truth) || std::isinf(nearest) || std::isinf(y) || std::isnan(y))
        {
            const bool same = std::isnan(truth) ? std::isnan(y) : y == nearest;
            // Where the true value is beyond all numbers by less than rounding, the largest one is as good.
            const bool at_end = std::isfinite(truth) && (std::isinf(nearest) != std::isinf(y))
                                && std::abs(std::isinf(y) ? nearest : y) == numbers<T>::max();
            return same ? 0 : at_end ? 1 : numbers<double>::infinity();
        }
        const int exponent =
            truth == 0 ? numbers<T>::min_exponent : std::max(std::ilogb(truth) + 1, numbers<T>::min_exponent);
        return double(std::abs((long double)(y)-truth) / std::ldexp(1.0L, exponent - numbers<T>::digits));
    }

    /// Where a function of one number is measured: an interval, and magnitudes down to the smallest within it.
    struct domain
    {
        double from, to;
    };

    struct function
    {
        const char* name;
        domain in_double, in_float;
    };

    template <class T>
    std::vector<T> points(domain d)
    {
        std::mt19937_64 engine(1);
        const T from = T(std::max(d.from, double(numbers<T>::lowest()))),
                to = T(std::min(d.to, double(numbers<T>::max())));
        std::vector<T> out{from, to};
        std::uniform_real_distribution<double> unit(0, 1);
        const double least = std::log2(double(numbers<T>::denorm_min()));
        for (int i = 0; i < 40000; ++i)
        {
            out.push_back(T(from / 2 + unit(engine) * (to / 2 - from / 2)) * 2);
            // Of every magnitude.
            for (T end : {from, to})
            {
                const double most = std::log2(std::abs(double(end)));
                const T x = T(std::copysign(std::exp2(least + unit(engine) * (most - least)), double(end)));
                if (end != 0 && x >= from && x <= to)
                {
                    out.push_back(x);
                }
            }
        }
        out.erase(std::remove_if(out.begin(), out.end(), [&](T x) { return !(x >= from && x <= to); }), out.end());
        out.resize((out.size() + 15) / 16 * 16, to);
        return out;
    }

    template <class T, class F>
    std::vector<T> apply(F f, const std::vector<T>& x)
    {
        std::vector<T> y(x.size());
        for (std::size_t i = 0; i < x.size(); i += std::size_t(lanes<T>::count))
        {
            f(lanes<T>::load(&x[i])).store(&y[i]);
        }
        return y;
    }

    struct worst
    {
        double ulp = 0, at = 0;
    };

    template <class T, class F, class G>
    worst measure(domain d, F f, G truth)
    {
        const std::vector<T> x = points<T>(d), y = apply(f, x);
        worst out;
        for (std::size_t i = 0; i < x.size(); ++i)
        {
            const double e = ulps(y[i], truth((long double)(x[i])));
            if (!(e <= out.ulp))
            {
                out = {e, double(x[i])};
            }
        }
        return out;
    }

    template <class T, class F, class G>
    worst measure_pow(F f, G truth)
    {
        std::mt19937_64 engine(1);
        std::uniform_real_distribution<double> unit(-1, 1);
        const double most = numbers<T>::max_exponent;
        std::vector<T> x, p;
        for (int i = 0; i < 160000; ++i)
        {
            // Bases of every magnitude or near 1, with exponents for which the result is a number.
            const double magnitude = i % 2 == 0 ? unit(engine) * most : unit(engine);
            x.push_back(T(std::exp2(magnitude)));
            p.push_back(T(unit(engine) * (most + 20) / std::max(std::abs(magnitude), 1.0)));
        }
        worst out;
        for (std::size_t i = 0; i < x.size(); i += std::size_t(lanes<T>::count))
        {
            const lanes<T> y = f(lanes<T>::load(&x[i]), lanes<T>::load(&p[i]));
            for (int j = 0; j < lanes<T>::count; ++j)
            {
                const std::size_t at = i + std::size_t(j);
                const double e = ulps(y[j], truth((long double)(x[at]), (long double)(p[at])));
                if (!(e <= out.ulp))
                {
                    out = {e, double(x[at])};
                }
            }
        }
        return out;
    }

    constexpr double all = numbers<double>::max();

    /// Calls visit(name, worst in double, worst in float) for every function.
    template <class Visit>
    void for_each_function(Visit visit)
    {
        const auto each = [&](const char* name, domain d, domain f, auto function)
        { visit(name, measure<double>(d, function, function), measure<float>(f, function, function)); };
        // clang-format off
        each("exp", {-745, 709.7}, {-103, 88.7}, [](auto x) { using std::exp; return exp(x); });
        each("expm1", {-60, 709.7}, {-30, 88.7}, [](auto x) { using std::expm1; return expm1(x); });
        each("log", {0, all}, {0, all}, [](auto x) { using std::log; return log(x); });
        each("log1p", {-1 + 1e-15, all}, {-1 + 1e-6, all}, [](auto x) { using std::log1p; return log1p(x); });
        each("sin", {-all, all}, {-all, all}, [](auto x) { using std::sin; return sin(x); });
        each("cos", {-all, all}, {-all, all}, [](auto x) { using std::cos; return cos(x); });
        each("tan", {-all, all}, {-all, all}, [](auto x) { using std::tan; return tan(x); });
        each("tanh", {-25, 25}, {-12, 12}, [](auto x) { using std::tanh; return tanh(x); });
        each("erf", {-7, 7}, {-5, 5}, [](auto x) { using std::erf; return erf(x); });
        each("erfc", {-7, 27.2}, {-5, 10}, [](auto x) { using std::erfc; return erfc(x); });
        each("sqrt", {0, all}, {0, all}, [](auto x) { using std::sqrt; return sqrt(x); });
        const auto power = [](auto x, auto p) { using std::pow; return pow(x, p); };
        // clang-format on
        visit("pow", measure_pow<double>(power, power), measure_pow<float>(power, power));
    }

    template <class T>
    bool same(T a, T b)
    {
        return std::isnan(b) ? std::isnan(a) : a == b && std::signbit(a) == std::signbit(b);
    }
}

TEST_CASE("every function is within 4 ulp")
{
    for_each_function(
        [](const char* name, const worst& d, const worst& f)
        {
            CAPTURE(name);
            CAPTURE(d.at);
            CAPTURE(f.at);
            CHECK(d.ulp <= 4);
            CHECK(f.ulp <= 4);
        });
}

TEST_CASE_TEMPLATE("special values are those of the scalar functions", T, double, float)
{
    const T inf = numbers<T>::infinity(), nan = numbers<T>::quiet_NaN(), tiny = numbers<T>::denorm_min();
    const auto check = [&](auto function, std::initializer_list<T> at)
    {
        for (T x : at)
        {
            // Among ordinary lanes, and in each of them.
            for (int lane = 0; lane < lanes<T>::count; ++lane)
            {
                T in[std::size_t(lanes<T>::count)];
                std::fill(std::begin(in), std::end(in), T(0.5));
                in[lane] = x;
                const lanes<T> y = function(lanes<T>::load(in));
                CAPTURE(x);
                CAPTURE(lane);
                CAPTURE(y[lane]);
                CHECK(same(y[lane], T(function(x))));
                CHECK(ulps(y[(lane + 1) % lanes<T>::count], function(0.5L)) <= 4);
            }
        }
    };
    // clang-format off
    SUBCASE("exp") { check([](auto x) { using std::exp; return exp(x); }, {0, -T(0), inf, -inf, nan, tiny, numbers<T>::max(), numbers<T>::lowest()}); }
    SUBCASE("expm1") { check([](auto x) { using std::expm1; return expm1(x); }, {0, -T(0), inf, -inf, nan, tiny, -tiny, numbers<T>::max(), numbers<T>::lowest()}); }
    SUBCASE("log") { check([](auto x) { using std::log; return log(x); }, {0, -T(0), inf, -inf, nan, 1, -1}); }
    SUBCASE("log1p") { check([](auto x) { using std::log1p; return log1p(x); }, {0, -T(0), inf, -inf, nan, tiny, -tiny, -1, -2}); }
    SUBCASE("sin") { check([](auto x) { using std::sin; return sin(x); }, {0, -T(0), inf, -inf, nan, tiny, -tiny}); }
    SUBCASE("cos") { check([](auto x) { using std::cos; return cos(x); }, {0, -T(0), inf, -inf, nan, tiny, -tiny}); }
    SUBCASE("tan") { check([](auto x) { using std::tan; return tan(x); }, {0, -T(0), inf, -inf, nan, tiny, -tiny}); }
    SUBCASE("tanh") { check([](auto x) { using std::tanh; return tanh(x); }, {0, -T(0), inf, -inf, nan, tiny, -tiny, numbers<T>::max(), numbers<T>::lowest()}); }
    SUBCASE("erf") { check([](auto x) { using std::erf; return erf(x); }, {0, -T(0), inf, -inf, nan, numbers<T>::max(), numbers<T>::lowest()}); }
    SUBCASE("erfc") { check([](auto x) { using std::erfc; return erfc(x); }, {0, -T(0), inf, -inf, nan, tiny, numbers<T>::max(), numbers<T>::lowest()}); }
    SUBCASE("sqrt") { check([](auto x) { using std::sqrt; return sqrt(x); }, {0, -T(0), inf, -inf, nan, tiny, -1, numbers<T>::max()}); }
    // clang-format on
    SUBCASE("pow")
    {
        for (T x : {T(0), -T(0), T(1), T(-1), T(2), T(-2), T(0.5), inf, -inf, nan})
        {
            for (T p : {T(0), -T(0), T(1), T(2), T(3), T(-1), T(-2), T(0.5), inf, -inf, nan})
            {
                CAPTURE(x);
                CAPTURE(p);
                const lanes<T> y = pow(lanes<T>(x), lanes<T>(p));
                CAPTURE(y[0]);
                CHECK(same(y[0], T(std::pow(x, p))));
            }
        }
    }
}

TEST_CASE_TEMPLATE("square roots are rounded correctly", T, double, float)
{
    const std::vector<T> x = points<T>({0, all}), y = apply([](const lanes<T>& v) { return sqrt(v); }, x);
    for (std::size_t i = 0; i < x.size(); ++i)
    {
        REQUIRE(y[i] == std::sqrt(x[i]));
    }
}

TEST_CASE_TEMPLATE("lanes keep what is put into them", T, double, float)
{
    const T inf = numbers<T>::infinity(), nan = numbers<T>::quiet_NaN(), tiny = numbers<T>::denorm_min();
    for (T x : {T(0), -T(0), T(1.5), tiny, -tiny, numbers<T>::max(), inf, -inf, nan})
    {
        const lanes<T> all_lanes(x), negative = -all_lanes;
        for (int i = 0; i < lanes<T>::count; ++i)
        {
            CAPTURE(x);
            CHECK(same(all_lanes[i], x));
            CHECK((std::isnan(x) || same(negative[i], -x)));
        }
    }
}

TEST_CASE_TEMPLATE("a choice takes each lane from its side, whatever the other holds", T, double, float)
{
    const T nan = numbers<T>::quiet_NaN();
    T a[std::size_t(lanes<T>::count)], b[std::size_t(lanes<T>::count)];
    for (int i = 0; i < lanes<T>::count; ++i)
    {
        a[i] = i % 2 == 0 ? T(i) : nan;
        b[i] = i % 2 == 0 ? nan : T(-i);
    }
    const lanes<T> x = lanes<T>::load(a), y = lanes<T>::load(b);
    const auto is_number = x == x;
    const lanes<T> chosen = select(is_number, x, y), other = select(!is_number, x, y);
    for (int i = 0; i < lanes<T>::count; ++i)
    {
        CHECK(is_number[i] == (i % 2 == 0));
        CHECK(chosen[i] == T(i % 2 == 0 ? i : -i));
        CHECK(std::isnan(other[i]));
        CHECK((is_number & !is_number)[i] == false);
        CHECK((is_number | !is_number)[i] == true);
        // Nothing compares with a nan but "not equal".
        CHECK((x < y)[i] == false);
        CHECK((x <= y)[i] == false);
        CHECK((x > y)[i] == false);
        CHECK((x >= y)[i] == false);
        CHECK((x != y)[i] == true);
    }
}

TEST_CASE("the table of accuracy" * doctest::skip())
{
    for_each_function([](const char* name, const worst& d, const worst& f)
                      { std::printf("| `%s` | %.2f | %.2f |\n", name, d.ulp, f.ulp); });
}
