// SPDX-License-Identifier: BSD-3-Clause
// A row of the benchmarks: one workload at one size, computed by several contenders. The first is written by hand; before
// anything is timed, the value and the gradient of each other are held against its own.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "allocations.hpp"

namespace measure
{
    /// Written by each program: makes its rows.
    void add_rows();

    /// Keeps what make() returns (which need not be movable) until the program ends: what contenders refer to.
    template <class Make>
    auto& keep(Make make)
    {
        struct kept
        {
            decltype(make()) value;
        };
        static std::vector<std::unique_ptr<kept>> all;
        all.push_back(std::unique_ptr<kept>(new kept{make()}));
        return all.back()->value;
    }

    /// Numbers drawn evenly from low to high, the same in every run, put into something that has begin() and end().
    template <class C>
    void draw(C&& c, double low, double high, unsigned seed)
    {
        std::mt19937_64 engine(seed);
        std::uniform_real_distribution<double> distribution(low, high);
        for (auto& e : c)
        {
            e = static_cast<std::remove_reference_t<decltype(e)>>(distribution(engine));
        }
    }

    /// n numbers beginning where a batch may be stored whole.
    template <class T = double>
    class aligned
    {
    public:
        explicit aligned(std::size_t n) : m_storage(n + padding), m_size(n) {}

        T* data() { return const_cast<T*>(std::as_const(*this).data()); }
        const T* data() const
        {
            const auto address = reinterpret_cast<std::uintptr_t>(m_storage.data());
            return m_storage.data() + (alignment - address % alignment) % alignment / sizeof(T);
        }
        T* begin() { return data(); }
        T* end() { return data() + m_size; }
        const T* begin() const { return data(); }
        const T* end() const { return data() + m_size; }
        T& operator[](std::size_t i) { return data()[i]; }
        std::size_t size() const { return m_size; }

    private:
        static constexpr std::size_t alignment = 64;
        static constexpr std::size_t padding = alignment / sizeof(T);
        std::vector<T> m_storage;
        std::size_t m_size;
    };

    /// A gradient as one list of numbers, from anything with begin() and end(), numbers, or several of them.
    template <class... G>
    std::vector<double> numbers(const G&... g)
    {
        std::vector<double> all;
        const auto add = [&](const auto& part)
        {
            if constexpr (requires { part.begin(); })
            {
                all.insert(all.end(), part.begin(), part.end());
            }
            else
            {
                all.push_back(double(part));
            }
        };
        (add(g), ...);
        return all;
    }

    class row
    {
    public:
        explicit row(std::string name) : m_name(std::move(name)) {}
        row(const std::string& name, std::size_t size) : row(name + "/" + std::to_string(size)) {}

        /// Measures what is added from now on by the clock on the wall in place of the thread's processor time.
        void by_wall_clock() { m_by_wall_clock = true; }

        /// A contender: run() computes, and returns the value; gradient() returns the gradient it computed, as numbers().
        /// The relative error of both, against the largest element, may be `tolerance`: loops that add in another order,
        /// and elementary functions of 4 ulp, leave less than the default.
        ///
        /// Nothing is run before Google Benchmark asks for it, so that a filter leaves out checks too.
        template <class Run, class Gradient>
        row& add(const std::string& who, Run run, Gradient gradient, double tolerance = 1e-11)
        {
            const std::string name = m_name + "/" + who;
            if (!m_expected)
            {
                m_expected = std::make_shared<expected>();
                m_expected->compute = [run, gradient]() mutable
                {
                    const double value = double(run());
                    return std::pair(value, std::vector<double>(gradient()));
                };
            }
            benchmark::internal::Benchmark* const registered =
                benchmark::RegisterBenchmark(name.c_str(),
                                             [name, run, gradient, tolerance, right = m_expected, is_checked = false,
                                              allocated = 0L](benchmark::State& state) mutable
                                             {
                                                 if (!is_checked)
                                                 {
                                                     right->know();
                                                     const double value = double(run());
                                                     right->check(name, value, gradient(), tolerance);
                                                     const long before = allocations();
                                                     benchmark::DoNotOptimize(run());
                                                     allocated = allocations() - before;
                                                     is_checked = true;
                                                 }
                                                 for (auto _ : state)
                                                 {
                                                     benchmark::DoNotOptimize(run());
                                                     benchmark::ClobberMemory();
                                                 }
                                                 state.counters["allocations"] = double(allocated);
                                             });
            if (m_by_wall_clock)
            {
                registered->UseRealTime();
            }
            return *this;
        }

    private:
        /// What the first contender computes.
        struct expected
        {
            std::function<std::pair<double, std::vector<double>>()> compute;
            bool is_known = false;
            double value = 0;
            std::vector<double> gradient;

            void know()
            {
                if (!is_known)
                {
                    std::tie(value, gradient) = compute();
                    is_known = true;
                }
            }

            void check(const std::string& name, double found_value, const std::vector<double>& found,
                       double tolerance) const
            {
                double scale = 0, error = 0;
                bool is_finite = std::isfinite(found_value);
                for (std::size_t i = 0; i < gradient.size() && i < found.size(); ++i)
                {
                    scale = std::max(scale, std::abs(gradient[i]));
                    error = std::max(error, std::abs(gradient[i] - found[i]));
                    // max passes over nan.
                    is_finite = is_finite && std::isfinite(found[i]);
                }
                const bool value_fits = std::abs(found_value - value) <= tolerance * std::max(std::abs(value), 1e-300);
                if (found.size() != gradient.size() || error > tolerance * scale || !value_fits || !is_finite)
                {
                    std::fprintf(stderr,
                                 "%s is wrong: value %.17g, by hand %.17g; %zu elements of gradient, by hand %zu; "
                                 "largest error %.3g of %.3g, tolerance %.3g\n",
                                 name.c_str(), found_value, value, found.size(), gradient.size(), error, scale,
                                 tolerance);
                    std::abort();
                }
            }
        };

        std::string m_name;
        std::shared_ptr<expected> m_expected;
        bool m_by_wall_clock = false;
    };
}
