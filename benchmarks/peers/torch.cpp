// SPDX-License-Identifier: BSD-3-Clause
// libtorch (PyTorch's C++ library): reverse mode over whole tensors, one thread.
#include <torch/torch.h>

#include <numbers>
#include <span>

#include "hand/black_scholes.hpp"
#include "hand/broadcast_normal.hpp"
#include "hand/chain.hpp"
#include "hand/doubling.hpp"
#include "hand/least_squares.hpp"
#include "hand/logistic_loss.hpp"
#include "hand/logistic_regression.hpp"
#include "hand/perceptron.hpp"
#include "hand/quadratic_form.hpp"
#include "hand/rosenbrock.hpp"
#include "hand/scalar_loop.hpp"
#include "measure/peak_memory.hpp"
#include "measure/row.hpp"

namespace
{
    using torch::Tensor, torch::indexing::Slice, torch::indexing::None;
    using tensors = std::vector<Tensor>;

    Tensor drawn(double low, double high, unsigned seed, std::vector<std::int64_t> shape)
    {
        Tensor t = torch::empty(shape, torch::kFloat64);
        const std::span elements(t.data_ptr<double>(), std::size_t(t.numel()));
        measure::draw(elements, low, high, seed);
        return t;
    }

    Tensor one_hot(std::int64_t rows, std::int64_t columns, unsigned seed)
    {
        return torch::one_hot(drawn(0, double(columns), seed, {rows}).to(torch::kInt64), columns).to(torch::kFloat64);
    }

    const double* at(const Tensor& t) { return t.data_ptr<double>(); }
    double* to(const Tensor& t) { return t.data_ptr<double>(); }

    std::vector<double> numbers(const tensors& all)
    {
        std::vector<double> v;
        for (const Tensor& t : all)
        {
            const Tensor flat = t.contiguous();
            v.insert(v.end(), at(flat), at(flat) + flat.numel());
        }
        return v;
    }

    /// A row of libtorch beside a hand-written loop, which writes its gradients into tensors like the leaves.
    template <class Hand, class F>
    void add(const std::string& name, const tensors& leaves_in, Hand by_hand, F f, double tolerance = 1e-11)
    {
        auto& leaves = measure::keep([&] { return leaves_in; });
        auto& gradients = measure::keep(
            [&]
            {
                tensors g;
                for (const Tensor& t : leaves_in)
                {
                    g.push_back(torch::empty_like(t));
                }
                return g;
            });
        measure::row row(name);
        row.add(
            "hand", [by_hand, &gradients]() mutable { return by_hand(gradients); },
            [&gradients] { return numbers(gradients); });
        for (Tensor& t : leaves)
        {
            t.set_requires_grad(true);
        }
        auto& found = measure::keep([] { return tensors(); });
        row.add(
            "torch",
            [f, &leaves, &found]
            {
                const Tensor result = f(leaves);
                found = torch::autograd::grad({result}, leaves);
                return result.item<double>();
            },
            [&found] { return numbers(found); }, tolerance);
    }

    std::string sized(const std::string& name, std::int64_t n) { return name + "/" + std::to_string(n); }
    std::string sized(const std::string& name, std::int64_t n, std::int64_t m)
    {
        return sized(name, n) + "x" + std::to_string(m);
    }

    void add_black_scholes(std::int64_t n)
    {
        constexpr double low[] = {80, 80, 0.1, 0.2, 0.01}, high[] = {120, 120, 0.5, 2, 0.05};
        tensors in;
        for (unsigned k = 0; k < 5; ++k)
        {
            in.push_back(drawn(low[k], high[k], k + 1, {n}));
        }
        const Tensor price = torch::empty({n}, torch::kFloat64);
        add(
            sized("W1", n), in,
            [in, price, n](const tensors& g)
            {
                hand::option_arrays a{};
                a.price = to(price);
                for (std::size_t k = 0; k < 5; ++k)
                {
                    a.in[k] = at(in[k]);
                    a.gradient[k] = to(g[k]);
                }
                hand::black_scholes_in_batches(std::size_t(n), a);
                // What the gradients are those of; libtorch's is a sum.
                return at(price)[n / 2];
            },
            [price, n](const tensors& x)
            {
                const Tensor &spot = x[0], &strike = x[1], &volatility = x[2], &maturity = x[3], &rate = x[4];
                const Tensor deviation = volatility * maturity.sqrt();
                const Tensor d1 = ((spot / strike).log() + (rate + 0.5 * volatility.square()) * maturity) / deviation;
                const auto normal_cdf = [](const Tensor& d) { return 0.5 * torch::erfc(-d * M_SQRT1_2); };
                const Tensor p =
                    spot * normal_cdf(d1) - strike * torch::exp(-rate * maturity) * normal_cdf(d1 - deviation);
                // Its gradient is that of every price; its value, for the check, that of one of them.
                const Tensor total = p.sum();
                return total - (total - p[n / 2]).detach();
            },
            1e-10);
    }

    void add_elementwise(std::int64_t n)
    {
        const auto size = std::size_t(n);
        const Tensor x = drawn(-1, 1, 1, {n}), y = drawn(-1, 1, 2, {n}), w = drawn(-1, 1, 3, {n});
        add(
            sized("W2", n), {w},
            [=](const tensors& g) { return hand::least_squares(size, at(x), at(y), at(w), to(g[0])); },
            [=](const tensors& p) { return ((x * p[0] - y).square() + 0.1 * p[0].square()).mean(); });
        if (n > 1000000)
        {
            return;
        }
        const Tensor sign = drawn(-1, 1, 1, {n}).sign(), s = drawn(-3, 3, 2, {n});
        add(
            sized("W3", n), {s}, [=](const tensors& g) { return hand::logistic_loss(size, at(sign), at(s), to(g[0])); },
            [=](const tensors& p) { return torch::log1p(torch::exp(-sign * p[0])).sum() + 0.5 * (p[0] * p[0]).sum(); });
    }

    void add_rosenbrock(std::int64_t n)
    {
        const Tensor x = drawn(-1, 1, 1, {n});
        add(
            sized("W8", n), {x}, [=](const tensors& g) { return hand::rosenbrock(std::size_t(n), at(x), to(g[0])); },
            [](const tensors& p)
            {
                const Tensor a = p[0].index({Slice(None, -1)}), b = p[0].index({Slice(1, None)});
                return (100 * (b - a.square()).square() + (1 - a).square()).sum();
            });
    }

    void add_logistic_regression(std::int64_t n, std::int64_t d)
    {
        const Tensor X = drawn(-1, 1, 1, {n, d}), y = drawn(-1, 1, 2, {n}).sign(), w = drawn(-0.3, 0.3, 3, {d});
        add(
            sized("W4", n, d), {w},
            [=](const tensors& g)
            { return hand::logistic_regression(std::size_t(n), std::size_t(d), at(X), at(y), at(w), to(g[0])); },
            [=](const tensors& p) { return torch::log1p(torch::exp(-y * X.mv(p[0]))).mean(); });
    }

    void add_perceptron()
    {
        constexpr hand::perceptron_shape s{.samples = 256, .inputs = 64, .hidden = 128, .outputs = 10};
        const Tensor X = drawn(-1, 1, 5, {s.samples, s.inputs}), wanted = one_hot(s.samples, s.outputs, 6);
        const tensors leaves{drawn(-0.2, 0.2, 1, {s.inputs, s.hidden}), drawn(-0.2, 0.2, 2, {s.hidden}),
                             drawn(-0.2, 0.2, 3, {s.hidden, s.outputs}), drawn(-0.2, 0.2, 4, {s.outputs})};
        add(
            "W5/256", leaves,
            [=, by_hand = hand::perceptron()](const tensors& g) mutable
            {
                return by_hand(s, at(X), at(wanted), {at(leaves[0]), at(leaves[1]), at(leaves[2]), at(leaves[3])},
                               {to(g[0]), to(g[1]), to(g[2]), to(g[3])});
            },
            [=, labels = wanted.argmax(1)](const tensors& p)
            {
                const Tensor hidden = torch::tanh(torch::addmm(p[1], X, p[0]));
                return torch::nn::functional::cross_entropy(torch::addmm(p[3], hidden, p[2]), labels);
            });
    }

    void add_softmax(std::int64_t rows, std::int64_t columns)
    {
        const Tensor z = drawn(-2, 2, 1, {rows, columns}), wanted = one_hot(rows, columns, 2);
        add(
            sized("softmax", rows, columns), {z},
            [=](const tensors& g) {
                return hand::softmax_cross_entropy(std::size_t(rows), std::size_t(columns), at(z), at(wanted),
                                                   to(g[0]));
            },
            [labels = wanted.argmax(1)](const tensors& p)
            { return torch::nn::functional::cross_entropy(p[0], labels); });
    }

    void add_broadcast_normal(std::int64_t n, std::int64_t d)
    {
        const Tensor X = drawn(-1, 1, 1, {n, d}), mu = drawn(-1, 1, 2, {d}), ls = drawn(-1, 1, 3, {d});
        add(
            sized("normal", n, d), {mu, ls},
            [=, by_hand = hand::broadcast_normal()](const tensors& g) mutable
            { return by_hand(std::size_t(n), std::size_t(d), at(X), at(mu), at(ls), to(g[0]), to(g[1])); },
            [=](const tensors& p)
            { return ((X - p[0]) / torch::exp(p[1])).square().sum() / 2 + double(n) * p[1].sum(); });
    }

    void add_quadratic(std::int64_t n)
    {
        const auto size = std::size_t(n);
        const Tensor A = drawn(-1, 1, 1, {n, n}), b = drawn(-1, 1, 2, {n}), x = drawn(-1, 1, 3, {n});
        add(
            sized("quadratic", n), {x},
            [=, by_hand = hand::quadratic_form()](const tensors& g) mutable
            { return by_hand(size, at(A), at(b), at(x), to(g[0])); },
            [=](const tensors& p) { return p[0].dot(A.mv(p[0])) - b.dot(p[0]); });
        constexpr double log_det = 0.7;
        add(
            sized("log_density", n), {b},
            [=, by_hand = hand::normal_log_density()](const tensors& g) mutable
            { return by_hand(size, at(A), log_det, at(x), at(b), to(g[0])); },
            [=](const tensors& p)
            {
                const Tensor r = x - p[0];
                return -0.5 * r.dot(A.mv(r)) - 0.5 * double(n) * std::log(2 * std::numbers::pi) + 0.5 * log_det;
            });
    }

    void add_scalar_loop(std::int64_t iterations)
    {
        const Tensor x = torch::full({}, -0.0002, torch::kFloat64);
        add(
            sized("W6", iterations), {x},
            [=, tape = hand::scalar_loop_tape()](const tensors& g) mutable
            {
                const double value = tape(std::size_t(iterations), *at(x));
                *to(g[0]) = tape.gradient();
                return value;
            },
            [=](const tensors& p)
            {
                Tensor s = p[0];
                for (std::int64_t i = 0; i < iterations; ++i)
                {
                    s = torch::sin(s) * 1.0001 + 0.5 * s * p[0];
                }
                return s;
            },
            1e-6);
    }

    void add_doublings()
    {
        static constexpr double start[] = {0.37, -1.2, 0.81}, v[] = {0.1, 1.0, 0.0001}, limit = 1e30;
        const Tensor x = torch::tensor({start[0], start[1], start[2]}, torch::kFloat64);
        const Tensor direction = torch::tensor({v[0], v[1], v[2]}, torch::kFloat64);
        add(
            "W7/3", {x},
            [](const tensors& g)
            {
                double gradient[3];
                const double value = hand::doubling(start, v, limit, gradient);
                std::copy_n(gradient, 3, to(g[0]));
                return value;
            },
            [=](const tensors& p)
            {
                Tensor y = p[0] * 2;
                while (hand::norm(std::span(at(y), 3)) < limit)
                {
                    y = y * 2;
                }
                return y.dot(direction);
            });

        constexpr std::int64_t n = 1000000, times = 10;
        const Tensor large = drawn(-1, 1, 1, {n});
        add(
            sized("doublings", n), {large},
            [=, by_hand = std::make_shared<hand::doubling_into_new_arrays>()](tensors& g)
            {
                const double value = (*by_hand)(n, times, at(large));
                g[0] = torch::from_blob(const_cast<double*>(by_hand->gradient()), {n}, torch::kFloat64);
                return value;
            },
            [=](const tensors& p)
            {
                Tensor y = p[0] * 2;
                for (std::int64_t k = 1; k < times; ++k)
                {
                    y = y * 2;
                }
                const Tensor total = y.sum();
                return total - (total - y[n / 2]).detach();
            });
    }

    constexpr std::int64_t chain_length = 50;

    Tensor chain(const Tensor& x)
    {
        Tensor y = x;
        for (std::int64_t k = 0; k < chain_length; ++k)
        {
            y = y * (0.5 + x * (0.9 - y));
        }
        return y.sum();
    }

    void add_chain(std::int64_t n)
    {
        const Tensor start = drawn(0, 1, 1, {n});
        add(
            sized("chain", n), {start},
            [=, by_hand = std::make_shared<hand::chain>()](tensors& g)
            {
                const double value = (*by_hand)(std::size_t(n), std::size_t(chain_length), at(start));
                g[0] = torch::from_blob(const_cast<double*>(by_hand->gradient()), {n}, torch::kFloat64);
                return value;
            },
            [](const tensors& p) { return chain(p[0]); });
    }
}

void measure::add_rows()
{
    torch::set_num_threads(1);
    add_memory("W2/10000000", "torch",
               []
               {
                   constexpr std::int64_t n = 10000000;
                   const Tensor x = drawn(-1, 1, 1, {n}), y = drawn(-1, 1, 2, {n});
                   const Tensor w = drawn(-1, 1, 3, {n}).set_requires_grad(true);
                   for (int call = 0; call < 2; ++call)
                   {
                       torch::autograd::grad({((x * w - y).square() + 0.1 * w.square()).mean()}, {w});
                   }
               });
    add_memory("chain/1000000", "torch",
               []
               {
                   const Tensor x = drawn(0, 1, 1, {1000000}).set_requires_grad(true);
                   torch::autograd::grad({chain(x)}, {x});
               });
    add_black_scholes(1000000);
    for (std::int64_t n : {8, 1000, 100000, 1000000, 10000000})
    {
        add_elementwise(n);
    }
    for (std::int64_t n : {8, 1000, 100000, 4000000})
    {
        add_rosenbrock(n);
    }
    add_logistic_regression(10000, 100);
    add_perceptron();
    add_scalar_loop(10000);
    add_doublings();
    add_chain(1000000);
    add_softmax(256, 10);
    add_softmax(2000, 1000);
    add_broadcast_normal(2000, 200);
    for (std::int64_t n : {8, 50, 500})
    {
        add_quadratic(n);
    }
}
