// SPDX-License-Identifier: BSD-3-Clause
// Arrays that ad::Variable records a statement at a time. W7: the tutorial's doubling of 3 elements until their norm is
// 1e30; what one statement on so few costs; 10 doublings of a large array; and a chain of statements of several operations, and
// how much memory that needs.
#include "hand/doubling.hpp"

#include "hand/chain.hpp"
#include "measure/ours.hpp"
#include "measure/peak_memory.hpp"

namespace ad = xautodiff;
using measure::vector;

namespace
{
    void add_tutorial()
    {
        static constexpr double x[] = {0.37, -1.2, 0.81}, v[] = {0.1, 1.0, 0.0001}, limit = 1e30;
        static double by_hand[3];
        auto& gradient = measure::keep([] { return vector(xt::zeros<double>({3})); });
        measure::row row("W7", 3);
        row.add(
            "hand", [] { return hand::doubling(x, v, limit, by_hand); },
            [] { return measure::numbers(by_hand[0], by_hand[1], by_hand[2]); });
        auto& start = measure::keep([] { return vector{x[0], x[1], x[2]}; });
        auto& direction = measure::keep([] { return vector{v[0], v[1], v[2]}; });
        row.add(
            "ours",
            [&gradient, &start, &direction]
            {
                ad::Variable<vector> at(start, ad::requires_grad), y = at * 2;
                while (hand::norm(y.data()) < limit)
                {
                    y = y * 2;
                }
                y.backward(direction);
                gradient = at.grad();
                return v[0] * y.data()[0] + v[1] * y.data()[1] + v[2] * y.data()[2];
            },
            [&gradient] { return measure::numbers(gradient); });
    }

    /// `times` statements on 3 elements, recorded; and back over them.
    void add_statements(const std::string& name, std::size_t times, bool goes_back)
    {
        static constexpr double x[] = {0.37, -1.2, 0.81}, c[] = {1.0001, 0.9999, 1.0002};
        static double gradient[3];
        auto& leaf = measure::keep([] { return ad::Variable<vector>(vector{x[0], x[1], x[2]}, ad::requires_grad); });
        auto& factor = measure::keep([] { return ad::Variable<vector>(vector{c[0], c[1], c[2]}); });
        auto& ones = measure::keep([] { return vector{1, 1, 1}; });
        measure::row row(name, times);
        const auto found = [goes_back]
        { return goes_back ? measure::numbers(gradient[0], gradient[1], gradient[2]) : measure::numbers(); };
        row.add(
            "hand",
            [=]
            {
                double y[] = {x[0], x[1], x[2]}, g[] = {1, 1, 1};
                const auto multiply = [](double(&all)[3])
                {
                    for (std::size_t i = 0; i < 3; ++i)
                    {
                        all[i] *= c[i];
                    }
                    benchmark::DoNotOptimize(all);
                };
                for (std::size_t k = 0; k < times; ++k)
                {
                    multiply(y);
                }
                for (std::size_t k = 0; goes_back && k < times; ++k)
                {
                    multiply(g);
                }
                std::copy_n(g, 3, gradient);
                return y[0] + y[1] + y[2];
            },
            found);
        row.add(
            "ours",
            [=, &leaf, &factor, &ones]
            {
                ad::Variable<vector> y = leaf * 1;
                for (std::size_t k = 0; k < times; ++k)
                {
                    y = y * factor;
                }
                if (goes_back)
                {
                    leaf.clear_grad();
                    y.backward(ones);
                    std::copy_n(leaf.grad().begin(), 3, gradient);
                }
                return y.data()[0] + y.data()[1] + y.data()[2];
            },
            found);
    }

    void add_doublings(std::size_t n)
    {
        constexpr std::size_t times = 10;
        auto& x = measure::keep([n] { return measure::drawn<vector>(-1, 1, 1, n); });
        auto& ones = measure::keep([n] { return vector(xt::ones<double>({n})); });
        auto& by_hand = measure::keep([] { return hand::doubling_into_new_arrays(); });
        auto& leaf = measure::keep([&x] { return ad::Variable<vector>(x, ad::requires_grad); });
        measure::row row("doublings", n);
        row.add(
            "hand", [=, &x, &by_hand] { return by_hand(n, times, x.data()); },
            [&by_hand, n] { return std::vector<double>(by_hand.gradient(), by_hand.gradient() + n); });
        row.add(
            "ours",
            [=, &leaf, &ones]
            {
                leaf.clear_grad();
                ad::Variable<vector> y = leaf * 2;
                for (std::size_t k = 1; k < times; ++k)
                {
                    y = y * 2;
                }
                y.backward(ones);
                return y.data()[n / 2];
            },
            [&leaf] { return measure::numbers(leaf.grad()); });
    }

    constexpr std::size_t chain_length = 50;

    vector chain_start(std::size_t n) { return measure::drawn<vector>(0, 1, 1, n); }

    double run_chain(ad::Variable<vector>& leaf)
    {
        leaf.clear_grad();
        ad::Variable x = leaf;
        ad::Variable y = x;
        for (std::size_t k = 0; k < chain_length; ++k)
        {
            y = y * (0.5 + x * (0.9 - y));
        }
        ad::Variable total = ad::sum(y);
        total.backward();
        return total.item();
    }

    void add_chain(std::size_t n)
    {
        auto& x = measure::keep([n] { return chain_start(n); });
        auto& by_hand = measure::keep([] { return hand::chain(); });
        auto& leaf = measure::keep([&x] { return ad::Variable<vector>(x, ad::requires_grad); });
        measure::row row("chain", n);
        row.add(
            "hand", [=, &x, &by_hand] { return by_hand(n, chain_length, x.data()); },
            [&by_hand, n] { return std::vector<double>(by_hand.gradient(), by_hand.gradient() + n); });
        row.add(
            "ours", [&leaf] { return run_chain(leaf); }, [&leaf] { return measure::numbers(leaf.grad()); });
    }

    void add_memory_of_chain(std::size_t n)
    {
        const std::string name = "chain/" + std::to_string(n);
        measure::add_memory(name, "hand",
                            [n]
                            {
                                const vector x = chain_start(n);
                                hand::chain()(n, chain_length, x.data());
                            });
        measure::add_memory(name, "ours",
                            [n]
                            {
                                ad::Variable<vector> leaf(chain_start(n), ad::requires_grad);
                                run_chain(leaf);
                            });
    }
}

void measure::add_rows()
{
    add_memory_of_chain(1000000);
    add_tutorial();
    add_statements("statements", 1000, false);
    add_statements("statements_and_back", 1000, true);
    add_doublings(1000000);
    add_chain(1000000);
}
