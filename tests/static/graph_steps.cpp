// SPDX-License-Identifier: BSD-3-Clause
// What small formulas and their derivatives are lowered to, step by step.
#include <boost/hana/integral_constant.hpp>

#include "../graph/steps.hpp"

namespace ad = xautodiff;
using namespace boost::hana::literals;
using graph_test::operations;
using graph_test::steps_are;
using array3 = std::array<double, 3>;

namespace
{
    constexpr auto sin_times_x = [](auto x) { return ad::sin(x) * x; };
    constexpr auto square_of_sum = [](auto x)
    {
        auto y = x + 2;
        return y * y;
    };
    constexpr auto constant_function = [](auto) { return 4.0; };
    constexpr auto sum_of_squares = [](auto x) { return ad::sum(x * x); };

    /// One place that makes constants, called with several numbers.
    template <class X>
    constexpr auto scaled(const X& x, double factor)
    {
        return x * factor;
    }
}

// Literals are the same where their bits are: 0 and -0 differ, by which one may divide.
static_assert(
    []
    {
        ad::graph::builder b;
        return b.literal(0.0).index == b.literal(0.0).index && b.literal(0.0).index != b.literal(-0.0).index;
    }());

// The formula as it stands, and its derivative.
static_assert(steps_are(sin_times_x, {"x", "sin 0", "multiply 1 0"}, {2}));
static_assert(steps_are(ad::grad(sin_times_x), {"x", "sin 0", "cos 0", "multiply 0 2", "add 1 3"}, {4}));

// A shared subexpression is computed once, in the formula and in its gradient: 2 * (x + 2).
static_assert(steps_are(square_of_sum, {"x", "constant 2", "add 0 1", "multiply 2 2"}, {3}));
static_assert(steps_are(ad::grad(square_of_sum), {"x", "constant 2", "add 0 1", "2", "multiply 3 2"}, {4}));
static_assert(steps_are(ad::grad(ad::grad(square_of_sum)), {"x", "constant 2", "2"}, {2}));

// Equal steps merge wherever they come from, commuted operands included.
static_assert(steps_are([](auto x, auto y) { return x * y + y * x; }, {"x", "y", "multiply 0 1", "2", "multiply 3 2"},
                        {4}));
static_assert(steps_are([](auto x) { return ad::exp(ad::sin(x)) * ad::cos(ad::sin(x)) + ad::sin(x); },
                        {"x", "sin 0", "exp 1", "cos 1", "multiply 2 3", "add 4 1"}, {5}));
static_assert(operations([](auto x, auto y) { return (x - y) * (y - x); }) == 3);  // a - b is not b - a

// Constants of different places do not merge, whatever their types. One place that is called twice merges only if the
// numbers are the same.
static_assert(steps_are([](auto x) { return (x + 2) * (x + 3); },
                        {"x", "constant 2", "add 0 1", "constant 3", "add 0 3", "multiply 2 4"}, {5}));
static_assert(steps_are([](auto x) { return scaled(x, 2) + scaled(x, 3); },
                        {"x", "constant 2", "multiply 0 1", "constant 3", "multiply 0 3", "add 2 4"}, {5}));
static_assert(steps_are([](auto x) { return scaled(x, 2) + scaled(x, 2); },
                        {"x", "constant 2", "multiply 0 1", "2", "multiply 3 2"}, {4}));

// A value and its derivative inside a formula are of one formula, constants included.
static_assert(operations(
                  [](auto x)
                  {
                      const auto [value, slope] = ad::value_and_grad([](auto t) { return ad::exp(t * 2.5); })(x);
                      return value + slope;
                  })
              == 4);
static_assert(operations(
                  [](auto x)
                  {
                      const auto [value, tangent] = ad::jvp([](auto t) { return ad::exp(t * 2.5); }, x, x);
                      return value + tangent;
                  })
              == 4);

// The derivative of what does not depend on the argument generates nothing.
static_assert(steps_are(ad::grad(constant_function), {"x", "constant 4", "0"}, {2}));
static_assert(operations(ad::grad([](auto, auto y) { return ad::sin(y) + 4.0; })) == 0);
static_assert(operations(ad::grad(ad::grad([](auto x) { return 3 * x; }))) == 0);

// Activity: nothing is differentiated that was not asked for.
static_assert(steps_are(ad::grad<1>([](auto x, auto y) { return ad::sin(x) * y; }), {"x", "y", "sin 0"}, {2}));

// Dead steps go: the gradient of log(x) + x computes no logarithm.
static_assert(steps_are(ad::grad([](auto x) { return ad::log(x) + x; }), {"x", "1", "divide 1 0", "add 1 2"}, {3}));

// A rule reuses the result: tanh' = 1 - y * y.
static_assert(steps_are(ad::grad([](auto x) { return ad::tanh(x); }),
                        {"x", "tanh 0", "1", "multiply 1 1", "subtract 2 3"}, {4}));

// What does nothing is not there; what is known to the type is worked out. 0 * x stays: x may be nan.
static_assert(steps_are([](auto x) { return x * 1_c + 0_c; }, {"x"}, {0}));
static_assert(steps_are([](auto x) { return -(-x) - 0_c; }, {"x"}, {0}));
static_assert(steps_are([](auto x) { return x * 0_c; }, {"x", "0", "multiply 0 1"}, {2}));
static_assert(steps_are([](auto x) { return ad::pow(x, 4_c); }, {"x", "multiply 0 0", "multiply 1 1"}, {2}));

// Signs move outward, where a sum takes them in.
static_assert(steps_are([](auto x, auto y) { return x + y * -x; }, {"x", "y", "multiply 1 0", "subtract 0 2"}, {3}));
static_assert(steps_are([](auto x, auto y) { return -x / -y; }, {"x", "y", "divide 0 1"}, {2}));
static_assert(operations([](auto x, auto y) { return -x - y; }) == 2);

// Arrays: the adjoint of a sum is not spread out where the multiplication broadcasts anyway.
static_assert(steps_are<array3>(sum_of_squares, {"x", "multiply 0 0", "sum 1"}, {2}));
static_assert(steps_are<array3>(ad::grad(sum_of_squares), {"x", "2", "multiply 1 0"}, {2}));
static_assert(steps_are<array3>(ad::grad([](auto x) { return ad::mean(x); }),
                                {"x", "0.3333333333333333", "broadcast_like 1 0"}, {2}));

// The transforms are steps of the same kind: a tangent and an adjoint are inputs.
static_assert(steps_are([](auto x, auto v) { return ad::jvp(sin_times_x, x, v).tangent; },
                        {"x", "y", "sin 0", "cos 0", "multiply 1 3", "multiply 4 0", "multiply 1 2", "add 5 6"}, {7}));
static_assert(steps_are([](auto x, auto v) { return ad::vjp(sin_times_x, x).pullback(v); },
                        {"x", "sin 0", "y", "multiply 2 0", "multiply 2 1", "cos 0", "multiply 3 5", "add 4 6"}, {7}));
static_assert(operations([](auto x, auto v) { return ad::jvp(sin_times_x, x, v).value; }) == 2);
