// SPDX-License-Identifier: BSD-3-Clause
// The workloads for a library that differentiates code on numbers: the formulas, for its type T, and a row for each beside
// the loop written by hand.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "hand/black_scholes.hpp"
#include "hand/doubling.hpp"
#include "hand/least_squares.hpp"
#include "hand/logistic_loss.hpp"
#include "hand/rosenbrock.hpp"
#include "hand/scalar_loop.hpp"
#include "measure/row.hpp"

namespace peers
{
    using std::size_t;
    using numbers = std::vector<double>;

    inline numbers drawn(size_t n, double low, double high, unsigned seed)
    {
        numbers v(n);
        measure::draw(v, low, high, seed);
        return v;
    }

    /// log(1 + t), by the library's own function where it has one.
    template <class T>
    T log_of_one_plus(const T& t)
    {
        if constexpr (requires {
                          {
                              log1p(t)
                          } -> std::same_as<T>;
                      })
        {
            return log1p(t);
        }
        else
        {
            return log(1.0 + t);
        }
    }

    /// How a library differentiates. `bind<Inputs>(f, n)` gives a function of the n inputs and of where the gradient goes,
    /// which returns f's value. Inputs is their number where that is small and fixed, and 0 otherwise. f is called with a
    /// pointer to numbers of the library's type. Where `same_path` is false, what f does depends on its inputs.
    ///
    /// Sizes: the largest number of inputs for which the library is worth asking.
    struct limits
    {
        size_t inputs;
        size_t iterations;
    };

    template <class Library>
    class scalar_rows
    {
    public:
        scalar_rows(std::string name, limits l) : m_name(std::move(name)), m_limits(l) {}

        void add() const
        {
            for (size_t n : {8, 1000, 100000})
            {
                if (n <= m_limits.inputs)
                {
                    add_least_squares(n);
                    add_logistic_loss(n);
                    add_rosenbrock(n);
                }
            }
            for (size_t n : {10000, 1000000})
            {
                if (n <= m_limits.iterations)
                {
                    add_scalar_loop(n);
                }
            }
            add_doubling();
        }

        void add_black_scholes(size_t n) const
        {
            struct data
            {
                std::array<numbers, 5> in, gradient;
                numbers price;
            };
            auto& d = measure::keep(
                [n]
                {
                    constexpr double low[] = {80, 80, 0.1, 0.2, 0.01}, high[] = {120, 120, 0.5, 2, 0.05};
                    data made;
                    made.price.resize(n);
                    for (unsigned k = 0; k < 5; ++k)
                    {
                        made.in[k] = drawn(n, low[k], high[k], k + 1);
                        made.gradient[k].resize(n);
                    }
                    return made;
                });
            const auto found = [&d]
            {
                const auto& g = d.gradient;
                return measure::numbers(d.price, g[0], g[1], g[2], g[3], g[4]);
            };
            measure::row row("W1_calls", n);
            row.add(
                "hand",
                [&d, n]
                {
                    hand::option_arrays a{};
                    a.price = d.price.data();
                    for (size_t k = 0; k < 5; ++k)
                    {
                        a.in[k] = d.in[k].data();
                        a.gradient[k] = d.gradient[k].data();
                    }
                    hand::black_scholes_one_by_one(0, n, a);
                    return d.price[n / 2];
                },
                found);
            auto& gradient_of = measure::keep(
                []
                {
                    return Library::template bind<5>(
                        []<class T>(const T* x)
                        {
                            const T &spot = x[0], &strike = x[1], &volatility = x[2], &maturity = x[3], &rate = x[4];
                            const T deviation = volatility * sqrt(maturity);
                            const T d1 =
                                (log(spot / strike) + (rate + 0.5 * volatility * volatility) * maturity) / deviation;
                            const T d2 = d1 - deviation;
                            return T(spot * (0.5 * erfc(-d1 * M_SQRT1_2))
                                     - strike * exp(-rate * maturity) * (0.5 * erfc(-d2 * M_SQRT1_2)));
                        },
                        5, true);
                });
            row.add(
                m_name,
                [&d, &gradient_of, n]
                {
                    numbers at(5), by(5);
                    for (size_t i = 0; i < n; ++i)
                    {
                        for (size_t k = 0; k < 5; ++k)
                        {
                            at[k] = d.in[k][i];
                        }
                        d.price[i] = gradient_of(at, by);
                        for (size_t k = 0; k < 5; ++k)
                        {
                            d.gradient[k][i] = by[k];
                        }
                    }
                    return d.price[n / 2];
                },
                found);
        }

    private:
        std::string m_name;
        limits m_limits;

        struct data
        {
            numbers at, x, y, gradient;
        };

        template <int Inputs, class F>
        void add_peer(measure::row& row, data& d, F f, double tolerance, bool same_path = true) const
        {
            auto& gradient_of =
                measure::keep([&] { return Library::template bind<Inputs>(f, d.at.size(), same_path); });
            row.add(
                m_name, [&d, &gradient_of] { return gradient_of(d.at, d.gradient); }, [&d] { return d.gradient; },
                tolerance);
        }

        void add_least_squares(size_t n) const
        {
            auto& d = measure::keep(
                [n] {
                    return data{drawn(n, -1, 1, 3), drawn(n, -1, 1, 1), drawn(n, -1, 1, 2), numbers(n)};
                });
            measure::row row("W2", n);
            row.add(
                "hand",
                [&d, n] { return hand::least_squares(n, d.x.data(), d.y.data(), d.at.data(), d.gradient.data()); },
                [&d] { return d.gradient; });
            add_peer<0>(
                row, d,
                [&d, n]<class T>(const T* w)
                {
                    T loss(0.0);
                    for (size_t i = 0; i < n; ++i)
                    {
                        const T e = d.x[i] * w[i] - d.y[i];
                        loss += e * e + 0.1 * w[i] * w[i];
                    }
                    return T(loss / double(n));
                },
                1e-11);
        }

        void add_logistic_loss(size_t n) const
        {
            auto& d = measure::keep([n] { return data{drawn(n, -3, 3, 2), {}, drawn(n, -1, 1, 1), numbers(n)}; });
            for (double& e : d.y)
            {
                e = e < 0 ? -1 : 1;
            }
            measure::row row("W3", n);
            row.add(
                "hand", [&d, n] { return hand::logistic_loss(n, d.y.data(), d.at.data(), d.gradient.data()); },
                [&d] { return d.gradient; });
            add_peer<0>(
                row, d,
                [&d, n]<class T>(const T* s)
                {
                    T loss(0.0);
                    for (size_t i = 0; i < n; ++i)
                    {
                        const T t = exp(-d.y[i] * s[i]);
                        loss += log_of_one_plus(t) + 0.5 * s[i] * s[i];
                    }
                    return loss;
                },
                1e-11);
        }

        void add_rosenbrock(size_t n) const
        {
            auto& d = measure::keep([n] { return data{drawn(n, -1, 1, 1), {}, {}, numbers(n)}; });
            measure::row row("W8", n);
            row.add(
                "hand", [&d, n] { return hand::rosenbrock(n, d.at.data(), d.gradient.data()); },
                [&d] { return d.gradient; });
            add_peer<0>(
                row, d,
                [n]<class T>(const T* x)
                {
                    T value(0.0);
                    for (size_t i = 0; i + 1 < n; ++i)
                    {
                        const T t = x[i + 1] - x[i] * x[i], u = 1.0 - x[i];
                        value += 100.0 * t * t + u * u;
                    }
                    return value;
                },
                1e-11);
        }

        void add_scalar_loop(size_t iterations) const
        {
            auto& d = measure::keep([] { return data{{-0.0002}, {}, {}, numbers(1)}; });
            auto& tape = measure::keep([] { return hand::scalar_loop_tape(); });
            auto& reverse = measure::keep([] { return hand::scalar_loop_reverse(); });
            // The gradient is a difference of numbers some 1e4 times as large, in which each iteration rounds.
            constexpr double tolerance = 1e-6;
            measure::row row("W6", iterations);
            row.add(
                "hand_tape", [&d, &tape, iterations] { return tape(iterations, d.at[0]); },
                [&tape] { return numbers{tape.gradient()}; });
            row.add(
                "hand", [&d, &reverse, iterations] { return reverse(iterations, d.at[0]); },
                [&reverse] { return numbers{reverse.gradient()}; }, tolerance);
            add_peer<1>(
                row, d,
                [iterations]<class T>(const T* x)
                {
                    T s = x[0];
                    for (size_t i = 0; i < iterations; ++i)
                    {
                        s = sin(s) * 1.0001 + 0.5 * s * x[0];
                    }
                    return s;
                },
                tolerance);
        }

        void add_doubling() const
        {
            static constexpr double x[] = {0.37, -1.2, 0.81}, v[] = {0.1, 1.0, 0.0001}, limit = 1e30;
            static double by_hand[3];
            auto& d = measure::keep([] { return data{{x[0], x[1], x[2]}, {}, {}, numbers(3)}; });
            measure::row row("W7", 3);
            row.add(
                "hand", [] { return hand::doubling(x, v, limit, by_hand); },
                [] { return numbers(by_hand, by_hand + 3); });
            add_peer<3>(
                row, d,
                []<class T>(const T* at)
                {
                    T y[] = {T(at[0] * 2.0), T(at[1] * 2.0), T(at[2] * 2.0)};
                    const auto value = [](const T& t) { return Library::value(t); };
                    while (hand::norm(std::array{value(y[0]), value(y[1]), value(y[2])}) < limit)
                    {
                        for (T& e : y)
                        {
                            e = e * 2.0;
                        }
                    }
                    return T(v[0] * y[0] + v[1] * y[1] + v[2] * y[2]);
                },
                1e-11, false);
        }
    };

    /// For forward mode with W tangents at once: `Number` is a function of the value of input i and of the tangent that it
    /// begins (-1: none).
    template <int W, class Make, class Read, class F>
    double forward_in_passes(const numbers& at, numbers& gradient, auto& inputs, Make make, Read read, F f)
    {
        double value = 0;
        for (size_t first = 0; first < at.size(); first += W)
        {
            for (size_t i = 0; i < at.size(); ++i)
            {
                const bool begins = i >= first && i < first + W;
                inputs[i] = make(at[i], begins ? int(i - first) : -1);
            }
            value = read(f(inputs.data()), gradient.data() + first, std::min<size_t>(W, at.size() - first));
        }
        return value;
    }
}
