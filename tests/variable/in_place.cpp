// SPDX-License-Identifier: BSD-3-Clause
// Changes in place, and gradients that may be missing.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include "torch_error.hpp"

namespace ad = xautodiff;
using ad::oracle::error_of;
using ad::oracle::torch_says;

namespace
{
    using array = xt::xarray<double>;
}

TEST_CASE("arithmetic in place on what is on record is recorded")
{
    ad::Variable x(array{1.0, 2.0}, ad::requires_grad);
    ad::Variable y = x * 2;
    y += x;
    y *= x;
    y -= 1;
    y /= 2;
    CHECK(y.data() == array{1.0, 5.5});
    CHECK(y.grad_fn().name() == "DivBackward0");
    ad::sum(y).backward();
    CHECK(x.grad() == array{3.0, 6.0});
    // A statement recorded before keeps what it read.
    x.clear_grad();
    y = x * 3;
    ad::Variable z = ad::sum(y * y);
    y += 1;
    z.backward();
    CHECK(x.grad() == array{18.0, 36.0});
}

TEST_CASE("a sum in a loop")
{
    ad::Variable x(2.0, ad::requires_grad);
    ad::Variable total(0.0);
    ad::Variable<double> power = x;
    for (int i = 0; i < 5; ++i)
    {
        total += power;
        power = power * x;
    }
    CHECK(total.item() == 62);
    total.backward();
    CHECK(x.grad() == 1 + 4 + 12 + 32 + 80);
}

TEST_CASE("in place on a leaf: refused on record, done without")
{
    ad::Variable x(array{1.0, 1.0}, ad::requires_grad);
    CHECK(error_of([&] { x += 1; }) == torch_says("in_place_on_leaf"));
    CHECK(x.data() == array{1.0, 1.0});
    CHECK(x.version() == 0);
    ad::Variable<array> same = x;
    ad::Variable before = ad::sum(x * x);
    {
        ad::no_grad guard;
        x -= 0.5 * array{1.0, 2.0};
    }
    CHECK(x.is_leaf());
    CHECK(x.requires_grad());
    CHECK(x.version() == 1);
    CHECK(same.data() == array{0.5, 0.0});
    CHECK(error_of([&] { before.backward(); }).find("is at version 1; expected version 0 instead")
          != std::string::npos);

    // A constant is changed for all its handles, unless a gradient flows in.
    ad::Variable c(array{1.0, 2.0});
    ad::Variable<array> other = c;
    c *= 2;
    CHECK(other.data() == array{2.0, 4.0});
    CHECK(c.version() == 1);
    other = array{0.0, 0.0};
    ad::Variable d(3.0);
    d *= ad::sum(x);
    CHECK_FALSE(d.is_leaf());
    d.backward();
    CHECK(x.grad() == array{3.0, 3.0});
}

TEST_CASE("what a change in place refuses")
{
    ad::Variable x(array{1.0, 1.0}, ad::requires_grad);
    ad::Variable y = x * 2;
    const xt::xtensor<double, 2> wide = xt::ones<double>({3, 2});
    // As PyTorch 1.13 says it.
    CHECK(error_of([&] { y += wide; }) == "output with shape [2] doesn't match the broadcast shape [3, 2]");
    CHECK(y.data() == array{2.0, 2.0});
    ad::Variable<array> copy = y;
    CHECK(error_of([&] { y += x; }).find("assign instead") != std::string::npos);
    y = y + x;
    CHECK(copy.data() == array{2.0, 2.0});
}

TEST_CASE("a gradient that may be missing is asked for as such")
{
    ad::Variable x(array{1.0, 1.0}, ad::requires_grad);
    ad::Variable y(array{1.0, 1.0}, ad::requires_grad);
    ad::Variable c(array{1.0, 1.0});
    ad::Variable z = ad::sum(y * 3);
    CHECK_FALSE(ad::grad(z, x, ad::allow_unused).has_value());
    CHECK(ad::grad(z, y, ad::allow_unused).value() == array{3.0, 3.0});
    CHECK(error_of([&] { ad::grad(z, c, ad::allow_unused); }) == torch_says("grad_of_constant"));
    CHECK(error_of([&] { ad::grad(z, x, {.create_graph = true}); }) == torch_says("grad_unused"));
}

TEST_CASE("anomaly mode names the operation whose gradient is the first nan, inside of a statement too")
{
    ad::Variable x(array{1.0, -1.0}, ad::requires_grad);
    ad::Variable y = ad::sum(x * 2 + ad::sqrt(x) * 0);
    y.backward({.retain_graph = true});
    CHECK(std::isnan(x.grad()(1)));
    x.clear_grad();
    {
        ad::detect_anomaly guard;
        CHECK(error_of([&] { y.backward(); }) == "Function 'SqrtBackward0' returned nan values in its 0th output.");
        CHECK_FALSE(x.has_grad());
        ad::Variable s(-1.0, ad::requires_grad);
        CHECK(error_of([&] { (s + ad::log(ad::sqrt(s))).backward(); })
              == "Function 'LogBackward0' returned nan values in its 0th output.");
        ad::sum(x * x).backward();
        CHECK(x.grad() == array{2.0, -2.0});
    }
    y.backward();
}

TEST_CASE("a checkpoint computes again what it does not keep")
{
    ad::Variable x(array{0.5, 1.0}, ad::requires_grad);
    ad::Variable w(array{2.0, 3.0}, ad::requires_grad);
    int calls = 0;
    const auto f = [&](const auto& v)
    {
        ++calls;
        ad::Variable hidden = ad::sin(v * w);
        for (int i = 0; i < 3; ++i)
        {
            hidden = hidden * v;
        }
        return hidden;
    };
    ad::Variable direct = ad::sum(f(x * 2) * w);
    direct.backward();
    const array of_x = x.grad(), of_w = w.grad();
    x.clear_grad();
    w.clear_grad();
    calls = 0;
    ad::Variable y = ad::checkpoint(f, x * 2);
    CHECK(calls == 1);
    CHECK(y.grad_fn().name() == "CheckpointFunctionBackward");
    ad::Variable loss = ad::sum(y * w);
    loss.backward();
    CHECK(calls == 2);
    CHECK(xt::allclose(x.grad(), of_x, 1e-14, 0.0));
    CHECK(xt::allclose(w.grad(), of_w, 1e-14, 0.0));
    CHECK(error_of([&] { loss.backward(); }) == torch_says("backward_twice"));
    CHECK(error_of([&] { static_cast<void>(ad::grad(ad::checkpoint(f, x), x)); }) == torch_says("grad_non_scalar"));
    // f refers to w.
    CHECK(ad::Variable(ad::checkpoint(f, array(x.data()) * ad::Variable(array{1.0, 1.0}))).requires_grad());
}

TEST_CASE("an operand whose shape was changed is noticed, whether its elements are read or not")
{
    const std::string resized = "Hint: its shape was changed through mutable_data()";
    const auto error_back = [](auto& y) { return error_of([&y] { y.backward(); }); };
    const auto says = [](const std::string& text, const std::string& part)
    { return text.find(part) != std::string::npos; };

    ad::Variable<array> x(array{1.0, 2.0, 3.0, 4.0, 5.0}, ad::requires_grad);
    ad::Variable<double> mean = ad::mean(x);
    x.mutable_data() = array{1.0, 2.0};
    CHECK(says(error_back(mean), "[torch.DoubleTensor [2]] is at version 1; expected version 0 instead."));
    CHECK(says(error_back(mean), resized));
    CHECK(!x.has_grad());

    ad::Variable<array> h = x + 1;
    ad::Variable<double> sum = ad::sum(h);
    h.mutable_data() = array{1.0, 2.0, 3.0};
    CHECK(says(error_back(sum), resized));

    ad::Variable<array> difference = x - 1;
    ad::Variable<double> total = ad::sum(difference);
    x.mutable_data() = array{{1.0, 2.0}};
    CHECK(says(error_back(total), resized));
    CHECK_THROWS_AS(ad::grad(total, x), ad::error);

    // Elements that nothing reads may change.
    ad::Variable<double> again = ad::sum(x * 2);
    x.mutable_data() = array{{3.0, 4.0}};
    again.backward();
    CHECK(x.grad() == array{{2.0, 2.0}});
}

TEST_CASE("a leaf that was given another shape while it holds a gradient says how to go on")
{
    ad::Variable<array> x(array{1.0, 2.0, 3.0}, ad::requires_grad);
    ad::Variable<double>(ad::sum(x * x)).backward();
    x.mutable_data() = array{1.0, 2.0};
    ad::Variable<double> y = ad::sum(x * x);
    const std::string expected = "this Variable holds a gradient of shape [3], to which one of shape [2] cannot be "
                                 "added: its elements were given "
                                 "another shape since; call clear_grad() before backward()";
    for (const bool create_graph : {false, true})
    {
        CHECK(error_of([&] { y.backward({.retain_graph = true, .create_graph = create_graph}); }) == expected);
        CHECK(x.grad() == array{2.0, 4.0, 6.0});
    }
    x.clear_grad();
    y.backward();
    CHECK(x.grad() == array{2.0, 4.0});
}

TEST_CASE("a checkpoint of what asks for no gradient, by a function that refers to what does")
{
    ad::Variable x(array{1.0, 2.0});
    ad::Variable w(3.0, ad::requires_grad);
    const auto f = [&w](const auto& v) { return ad::sum(v * w); };
    auto y = ad::checkpoint(f, x);
    CHECK(y.requires_grad());
    ad::Variable<double> loss = y + w * 0.5;
    loss.backward();
    CHECK(w.grad() == 3.5);
    {
        const ad::no_grad guard;
        CHECK(!ad::checkpoint(f, x).requires_grad());
    }
    CHECK(!ad::checkpoint([](const auto& v) { return ad::sum(v); }, x).requires_grad());
    // It is read again.
    w.zero_grad();
    auto later = ad::checkpoint(f, x);
    x.mutable_data()(0) = 5.0;
    CHECK_THROWS_AS(later.backward(), ad::error);
    CHECK(w.grad() == 0.0);
}
