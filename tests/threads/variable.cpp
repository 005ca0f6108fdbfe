// SPDX-License-Identifier: BSD-3-Clause
// One thread's tape is its own: what crosses over works or is refused.
#include <xautodiff/core.hpp>
#include <xautodiff/variable/backward.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "../variable/torch_error.hpp"

namespace ad = xautodiff;
using ad::oracle::error_of;

namespace
{
    template <class F>
    void in_another_thread(F f)
    {
        std::thread(f).join();
    }

    using number = ad::Variable<double>;

    /// Built before its thread has a tape, and so destroyed when that has ended.
    thread_local std::vector<number> late;

    /// Has a copy made by another thread before it ends.
    struct copied_at_end
    {
        number of;
        std::optional<number>& to;

        ~copied_at_end()
        {
            in_another_thread([this] { to.emplace(of); });
        }
    };
}

TEST_CASE("graphs of threads over one leaf do not meet")
{
    ad::Variable x(0.5, ad::requires_grad);
    std::array<double, 4> gradients{};
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < gradients.size(); ++t)
    {
        threads.emplace_back(
            [&x, &gradients, t]
            {
                ad::Variable<double> own(double(t), ad::requires_grad);
                for (int i = 0; i < 200; ++i)
                {
                    ad::Variable<double> y = x * own;
                    for (int k = 0; k < 50; ++k)
                    {
                        y = y * 1.0 + x;
                    }
                    gradients[t] = ad::grad(y, x);
                }
            });
    }
    for (std::thread& t : threads)
    {
        t.join();
    }
    for (std::size_t t = 0; t < gradients.size(); ++t)
    {
        CHECK(gradients[t] == double(t) + 50);
    }
    (x * x).backward();
    CHECK(x.grad() == 1);
}

TEST_CASE("gradients go into a leaf in the thread that made it, as long as that runs")
{
    ad::Variable x(2.0, ad::requires_grad);
    ad::Variable y = x * x;
    in_another_thread(
        [&]
        {
            CHECK(error_of([&] { (x * x).backward(); }).find("reaches a leaf of another thread") != std::string::npos);
            CHECK(error_of([&] { y.backward(); })
                  == "this Variable belongs to another thread, which still runs: it is differentiated there alone");
            CHECK(error_of([&] { (y * 2).data(); }).find("was computed by another thread") != std::string::npos);
            CHECK(error_of([&] { x.mutable_data() = 1; })
                  == "this Variable belongs to another thread, which still runs: it is changed there alone");
            CHECK(y.item() == 4);
            CHECK(y.detach().item() == 4);
            CHECK((y.detach() * x).item() == 8);
            const ad::Variable<double> copy = y;
            CHECK(copy.item() == 4);
        });
    CHECK_FALSE(x.has_grad());
    y.backward();
    CHECK(x.grad() == 4);
}

TEST_CASE("what a thread leaves behind belongs to who uses it next")
{
    std::optional<ad::Variable<double>> x, y;
    in_another_thread(
        [&]
        {
            x.emplace(3.0, ad::requires_grad);
            y.emplace(*x * *x);
            for (int i = 0; i < 2000; ++i)
            {
                *y = *y * 1.0;
            }
        });
    ad::Variable<double> z = *y * *x;
    z.backward();
    CHECK(x->grad() == 27);
    // And once more, from a thread that took it over.
    std::optional<ad::Variable<double>> again;
    in_another_thread([&] { again.emplace(2.0, ad::requires_grad); });
    in_another_thread([&] { *again = *again * *again; });
    again->backward();
    CHECK(again->grad_fn().name() == "MulBackward0");
}

TEST_CASE("a Variable may end its life in another thread")
{
    ad::Variable x(2.0, ad::requires_grad);
    std::vector<ad::Variable<double>> many;
    for (int i = 0; i < 1000; ++i)
    {
        many.emplace_back(x * double(i));
    }
    in_another_thread([mine = std::move(many)]() mutable { mine.clear(); });
    in_another_thread([copy = x] { CHECK(copy.item() == 2); });
    (x * x).backward();
    CHECK(x.grad() == 4);
}

TEST_CASE("a copy that another thread makes while a graph is being freed")
{
    number a(2.0, ad::requires_grad);
    std::optional<number> copy;
    {
        std::optional<number> product;
        number k = a * 2.0;
        {
            number x = a * 3.0, m = x * 4.0;
            product.emplace(k * m);
            k.register_hook([owner = std::make_shared<copied_at_end>(x, copy)](double) {});
        }
        k = number(0.0);
    }
    // What is recorded now would take the place of what was freed.
    std::vector<number> others;
    for (double c = 0; c < 8; ++c)
    {
        others.push_back(number(a * c));
    }
    CHECK(copy.value().item() == 6);
    CHECK(ad::grad(*copy, a) == 3);
}

TEST_CASE("a copy that another thread has made of an entry, before a pass that takes it for one that nobody knows")
{
    ad::Variable x(0.5, ad::requires_grad);
    std::optional<number> copy;
    {
        ad::Variable s = x;
        std::optional<number> kept;
        for (int i = 0; i < 400; ++i)
        {
            s = s * 0.5 + x;
            if (i == 100)
            {
                kept.emplace(s);
            }
        }
        in_another_thread([&] { copy.emplace(*kept); });
        kept.reset();
        s.backward({.retain_graph = true});
    }
    // What is recorded now would take the place of what was freed.
    {
        std::vector<number> others;
        for (int i = 0; i < 400; ++i)
        {
            others.push_back(number(x * 7 + 3));
        }
    }
    CHECK(copy->item() == doctest::Approx(1.0));
    x.clear_grad();
    copy->backward();
    CHECK(x.grad() == doctest::Approx(2.0));
    copy.reset();
    CHECK(x.object()->references == 1);
}

TEST_CASE("a Variable that ends after its thread's tape")
{
    std::optional<number> copy;
    in_another_thread(
        [&copy]
        {
            late.reserve(1);
            late.emplace_back(2.0, ad::requires_grad);
            copy.emplace(late.front());
        });
    number again = *copy;
    CHECK(again.item() == 2);
}

TEST_CASE("a graph that a thread has left behind leads to the leaf it was recorded on")
{
    number x(3.0, ad::requires_grad);
    std::optional<number> y, z;
    in_another_thread([&] { y.emplace(x * x); });
    SUBCASE("in the leaf's own thread")
    {
        z.emplace(*y * x);
        CHECK(ad::grad(*z, x) == 27.0);
        CHECK(ad::grad(*y, x) == 6.0);
        CHECK(ad::grad(*z, x, {.create_graph = true}).item() == 27.0);
        z->backward();
        CHECK(x.grad() == 27.0);
    }
    SUBCASE("in another one that goes on with it")
    {
        double once = 0, twice = 0;
        in_another_thread(
            [&]
            {
                z.emplace(*y * x);
                once = ad::grad(*z, x);
                twice = ad::grad(*y, x, {.create_graph = true}).item();
            });
        CHECK(once == 27.0);
        CHECK(twice == 6.0);
        CHECK(ad::grad(*z, x) == 27.0);
    }
    SUBCASE("that of arrays too")
    {
        using vector = std::array<double, 2>;
        ad::Variable<vector> v(vector{1.0, 2.0}, ad::requires_grad);
        std::optional<ad::Variable<vector>> square;
        in_another_thread([&] { square.emplace(v * v); });
        ad::Variable<double> sum = ad::sum(*square * v);
        CHECK(ad::grad(sum, v) == vector{3.0, 12.0});
        sum.backward();
        CHECK(v.grad() == vector{3.0, 12.0});
    }
}

TEST_CASE("a leaf of one's own that shows another thread's value takes gradients itself")
{
    number x(3.0, ad::requires_grad);
    double gradient = 0;
    in_another_thread(
        [&]
        {
            number own = x.detach();
            own.requires_grad_();
            number y = own * own;
            y.backward();
            gradient = own.grad();
        });
    CHECK(gradient == 6.0);
    CHECK(!x.has_grad());
}

TEST_CASE("a thread lets go of others' leaves that it has recorded on")
{
    using vector = std::array<double, 4>;
    constexpr int rounds = 2000;
    std::optional<ad::Variable<vector>> leaf;
    std::atomic<int> done = 0, asked = 0;
    std::size_t most = 0;
    std::thread worker(
        [&]
        {
            for (int i = 1; i <= rounds; ++i)
            {
                while (asked < i)
                {
                    std::this_thread::yield();
                }
                static_cast<void>(ad::grad(ad::sum(*leaf * *leaf), *leaf));
                most = std::max(most, ad::variable::tape::here().stand_ins());
                done = i;
            }
        });
    for (int i = 1; i <= rounds; ++i)
    {
        leaf.emplace(vector{1, 2, 3, 4}, ad::requires_grad);
        asked = i;
        while (done < i)
        {
            std::this_thread::yield();
        }
    }
    worker.join();
    CHECK(most >= 1);
    CHECK(most <= 32);
}
