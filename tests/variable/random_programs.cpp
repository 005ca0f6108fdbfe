// SPDX-License-Identifier: BSD-3-Clause
// Ten thousand programs drawn at random, each run with Variables and with a model that differentiates forwards.
#include <doctest/doctest.h>

#include <random>

#include "../fuzz/program.hpp"

namespace
{
    std::vector<std::uint8_t> draw(std::mt19937_64& engine)
    {
        std::vector<std::uint8_t> out(60 + engine() % 240);
        for (std::uint8_t& b : out)
        {
            b = std::uint8_t(engine());
        }
        return out;
    }

    /// What the first program says where both sides differ, and its steps.
    std::string first_difference(std::size_t programs, fuzz::statistics& count)
    {
        std::mt19937_64 engine(20221122);
        for (std::size_t i = 0; i < programs; ++i)
        {
            const std::vector<std::uint8_t> bytes = draw(engine);
            try
            {
                fuzz::program::run(bytes, count);
            }
            catch (const std::exception& e)
            {
                std::string steps;
                fuzz::statistics again;
                try
                {
                    fuzz::program::run(bytes, again, &steps);
                }
                catch (const std::exception&)
                {
                }
                return "program " + std::to_string(i) + ": " + e.what() + "\n" + steps;
            }
        }
        return {};
    }
}

TEST_CASE("random programs do what the model says")
{
    fuzz::statistics count;
    CHECK(first_difference(10000, count) == "");
    // Pages that entries of past programs keep would be many by now.
    CHECK(xautodiff::variable::tape::here().reserved_bytes() < std::size_t(100) << 16);
    MESSAGE(count.statements, " statements, ", count.loops, " loops, ", count.changes, " changes in place, ",
            count.passes, " backward passes, ", count.refused, " refusals, ", count.gradients, " gradients, ",
            count.second_gradients, " of second order, ", count.differences, " against differences");
    CHECK(count.programs == 10000);
    CHECK(count.statements > 50000);
    CHECK(count.loops > 5000);
    CHECK(count.changes > 5000);
    CHECK(count.passes > 10000);
    CHECK(count.refused > 5000);
    CHECK(count.gradients > 10000);
    CHECK(count.second_gradients > 500);
    CHECK(count.differences > 300);
}

// ---- what they found -------------------------------------------------------------------------------------------------

namespace ad = xautodiff;

TEST_CASE("a change in place on record is refused where a copy would not see it, also after detach_")
{
    ad::Variable<double> x(2.0, ad::requires_grad);
    ad::Variable<double> y = x * 3;
    const ad::Variable<double> copy = y;
    y.detach_();
    CHECK_THROWS_AS(y += x, ad::error);
    CHECK(y.item() == 6);
    CHECK(copy.item() == 6);
}

TEST_CASE("what was recorded keeps its function when its operands ask for no gradient any more")
{
    ad::Variable<double> x(2.0, ad::requires_grad);
    const ad::Variable<double> y = x * 3;
    x.requires_grad_(false);
    CHECK(y.grad_fn().name() == "MulBackward0");
    CHECK_FALSE(y.grad_fn().next_functions()[0].function);
}

TEST_CASE("a checkpoint does not count as a copy")
{
    ad::Variable<double> x(2.0, ad::requires_grad);
    ad::Variable<double> y = x * x;
    const ad::Variable<double> z = ad::checkpoint([](const auto& v) { return v * v; }, y);
    y *= x;
    z.backward();
    CHECK(x.grad() == 32);
}
