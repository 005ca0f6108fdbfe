// SPDX-License-Identifier: BSD-3-Clause
// Long rows in several threads: values and gradients are the same, to the bit, for any number of them.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>
#include <tbb/global_control.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <string_view>
#include <thread>
#include <vector>

#if !defined(XTENSOR_USE_TBB)
#error "this test is about XTENSOR_USE_TBB"
#endif

namespace ad = xautodiff;
using vector = xt::xtensor<double, 1>;

namespace
{
    std::atomic<bool> is_counting = false;
    std::atomic<int> foreign_calls = 0;

    /// An operation that notices which thread it runs in.
    struct squared_somewhere
    {
        static constexpr std::string_view name = "squared_somewhere";
        static auto value(const auto& x)
        {
            thread_local const bool is_foreign = std::this_thread::get_id() != main_thread;
            foreign_calls += int(is_counting && is_foreign);
            return x * x;
        }
        static constexpr auto partials(const auto&, const auto& x) { return std::tuple{2 * x}; }
        static inline const std::thread::id main_thread = std::this_thread::get_id();
    };

    constexpr auto loss = [](auto s, auto y)
    { return ad::sum(ad::log1p(ad::exp(-y * s))) + 0.5 * ad::sum(ad::square(s)) + ad::mean(s * y); };

    struct outcome
    {
        double value;
        std::vector<double> gradient;

        friend bool operator==(const outcome& a, const outcome& b)
        {
            return std::memcmp(&a.value, &b.value, sizeof(double)) == 0 && a.gradient.size() == b.gradient.size()
                   && std::memcmp(a.gradient.data(), b.gradient.data(), a.gradient.size() * sizeof(double)) == 0;
        }
    };

    outcome with_threads(std::size_t threads, const vector& s, const vector& y)
    {
        const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, threads);
        auto p = ad::bind(loss, s, y);
        const double value = p.value_and_grad();
        return {value, {p.grad<0>().begin(), p.grad<0>().end()}};
    }
}

TEST_CASE("any number of threads gives the same bits, and those are right")
{
    // Around the size from which on there are several parts, one part, and no whole number of parts and registers.
    for (std::size_t n : {65535ul, 65536ul, 65537ul, 1000003ul, 1ul << 20})
    {
        CAPTURE(n);
        vector s = xt::zeros<double>({n}), y = s;
        long double expected = 0, mean = 0;
        for (std::size_t i = 0; i < n; ++i)
        {
            y(i) = i % 3 == 0 ? -1 : 1;
            s(i) = double(i * 7919 % 1000) / 500 - 1;
            expected += std::log1p(std::exp(-(long double)(y(i)) * s(i))) + 0.5L * s(i) * s(i);
            mean += (long double)(s(i)) * y(i);
        }
        const outcome one = with_threads(1, s, y);
        CHECK(one.value == doctest::Approx(double(expected + mean / n)).epsilon(1e-14));
        CHECK(one.gradient[n - 1]
              == doctest::Approx(-y(n - 1) / (1 + std::exp(y(n - 1) * s(n - 1))) + s(n - 1) + y(n - 1) / double(n)));
        CHECK(with_threads(2, s, y) == one);
        CHECK(with_threads(7, s, y) == one);
    }
}

TEST_CASE("there are other threads")
{
    const vector x = 2 * xt::ones<double>({std::size_t(1) << 22});
    const tbb::global_control limit(tbb::global_control::max_allowed_parallelism, 4);
    auto p = ad::bind([](auto a) { return ad::sum(ad::apply<squared_somewhere>(a)); }, x);
    is_counting = true;
    // The other threads may take their time to wake up.
    for (int time = 0; time < 50 && foreign_calls == 0; ++time)
    {
        CHECK(p.value_and_grad() == 4.0 * double(x.size()));
    }
    is_counting = false;
    CHECK(foreign_calls > 0);
}
