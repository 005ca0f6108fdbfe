// SPDX-License-Identifier: BSD-3-Clause
// W5: a perceptron of two layers, 64 → 128 → 10 with tanh, on 256 samples; cross-entropy and its gradients by all
// parameters.
#include "hand/perceptron.hpp"

#include "measure/one_hot.hpp"
#include "measure/ours.hpp"

namespace ad = xautodiff;
using measure::matrix, measure::vector;

namespace
{
    struct parameters
    {
        matrix W1;
        vector b1;
        matrix W2;
        vector b2;

        explicit parameters(const hand::perceptron_shape& s)
            : W1(measure::drawn<matrix>(-0.2, 0.2, 1, s.inputs, s.hidden)),
              b1(measure::drawn<vector>(-0.2, 0.2, 2, s.hidden)),
              W2(measure::drawn<matrix>(-0.2, 0.2, 3, s.hidden, s.outputs)),
              b2(measure::drawn<vector>(-0.2, 0.2, 4, s.outputs))
        {
        }

        template <class Number>
        hand::perceptron_parameters<Number> pointers()
        {
            return {W1.data(), b1.data(), W2.data(), b2.data()};
        }
    };

    constexpr auto loss = [](auto W1, auto b1, auto W2, auto b2, auto X, auto wanted)
    {
        const auto z = ad::matmul(ad::tanh(ad::matmul(X, W1) + b1), W2) + b2;
        const auto shifted = z - ad::amax(z, 1, ad::keep_dims);
        return ad::mean(ad::log(ad::sum(ad::exp(shifted), 1)) - ad::sum(shifted * wanted, 1));
    };
}

void measure::add_rows()
{
    constexpr hand::perceptron_shape s{.samples = 256, .inputs = 64, .hidden = 128, .outputs = 10};
    auto& p = keep([=] { return parameters(s); });
    auto& g = keep([=] { return parameters(s); });
    auto& X = keep([=] { return drawn<matrix>(-1, 1, 5, s.samples, s.inputs); });
    auto& wanted = keep([=] { return one_hot<matrix>(s.samples, s.outputs, 6); });
    auto& by_hand = keep([] { return hand::perceptron(); });

    measure::row row("W5", s.samples);
    row.add(
        "hand",
        [&, s] { return by_hand(s, X.data(), wanted.data(), p.pointers<const double>(), g.pointers<double>()); },
        [&g] { return numbers(g.W1, g.b1, g.W2, g.b2); });
    add_ours<0, 1, 2, 3>(row, default_tolerance, loss, p.W1, p.b1, p.W2, p.b2, X, wanted);
}
