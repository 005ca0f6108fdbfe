// SPDX-License-Identifier: BSD-3-Clause
// A training step in which every allocation fails once: gradients stay as they were, nothing leaks, the next step works.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

namespace ad = xautodiff;

namespace
{
    /// Allocations until one fails; negative: none does.
    thread_local long allocations_left = -1;

    void* allocate(std::size_t bytes, std::size_t alignment)
    {
        if (allocations_left >= 0 && allocations_left-- == 0)
        {
            throw std::bad_alloc();
        }
        // aligned_alloc wants a multiple of the alignment.
        void* p = alignment <= alignof(std::max_align_t)
                      ? std::malloc(bytes)
                      : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
        if (p == nullptr)
        {
            throw std::bad_alloc();
        }
        return p;
    }

    // Not inlined, where the compiler would take malloc's and new's memory for two kinds.
    [[gnu::noinline]] void give_back(void* p) { std::free(p); }
}

// The whole test program's, as a program can have only one.
void* operator new(std::size_t bytes) { return allocate(bytes, 1); }
void* operator new[](std::size_t bytes) { return allocate(bytes, 1); }
void* operator new(std::size_t bytes, std::align_val_t a) { return allocate(bytes, std::size_t(a)); }
void* operator new[](std::size_t bytes, std::align_val_t a) { return allocate(bytes, std::size_t(a)); }
void operator delete(void* p) noexcept { give_back(p); }
void operator delete[](void* p) noexcept { give_back(p); }
void operator delete(void* p, std::size_t) noexcept { give_back(p); }
void operator delete[](void* p, std::size_t) noexcept { give_back(p); }
void operator delete(void* p, std::align_val_t) noexcept { give_back(p); }
void operator delete[](void* p, std::align_val_t) noexcept { give_back(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { give_back(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { give_back(p); }

namespace
{
    using array = xt::xarray<double>;

    struct leaves
    {
        ad::Variable<array> weight{array{0.5, -0.5}, ad::requires_grad};
        ad::Variable<double> bias{0.25, ad::requires_grad};
        int seen = 0;

        leaves()
        {
            weight.register_hook([this](const array&) { ++seen; });
        }
    };

    struct model : leaves
    {
        void step(const ad::backward_options& options)
        {
            ad::Variable hidden = ad::tanh(weight * array{1.0, 2.0} + bias);
            hidden.retain_grad();
            ad::Variable scale = bias * bias;
            ad::Variable loss = ad::sum(hidden * hidden) * scale;
            loss.backward(options);
        }
    };

    /// An operation of a user that saves an operand and a result.
    struct scaled
    {
        static constexpr std::string_view name = "scaled";
        struct context
        {
            ad::saved<array> y;
            ad::saved<double> factor;
        };
        static auto forward(context& c, const ad::Variable<array>& x, const ad::Variable<double>& factor)
        {
            const ad::Variable<array> y(array(x.data() * factor.item()));
            c = {y, factor};
            return std::tuple{y, factor.item() * factor.item()};
        }
        static auto pullback(const context& c, const ad::Variable<array>& g, const ad::Variable<double>& h)
        {
            const ad::Variable<double> factor = c.factor.get();
            return std::tuple{g * factor, ad::sum(g * c.y.get()) / factor + 2 * h * factor};
        }
    };

    struct model_of_user : leaves
    {
        void step(const ad::backward_options& options)
        {
            auto [y, square] = ad::apply<scaled>(weight, bias);
            y.retain_grad();
            const ad::Variable<double> loss = ad::sum(y * y) * square;
            loss.backward(options);
        }
    };

    /// Fails at the first allocation, at the second, ... until a step gets through.
    template <class Model>
    int fail_everywhere(Model& m, const ad::backward_options& options)
    {
        m.step(options);
        const array of_weight = m.weight.grad();
        const double of_bias = m.bias.grad();
        for (int k = 0;; ++k)
        {
            allocations_left = k;
            bool failed = false;
            try
            {
                m.step(options);
            }
            catch (const std::bad_alloc&)
            {
                failed = true;
            }
            allocations_left = -1;
            if (!failed)
            {
                CHECK(xt::allclose(m.weight.grad(), 2 * of_weight));
                CHECK(m.bias.grad() == doctest::Approx(2 * of_bias));
                return k;
            }
            REQUIRE(m.weight.grad() == of_weight);
            REQUIRE(m.bias.grad() == of_bias);
        }
    }
}

TEST_CASE_TEMPLATE("every allocation of a training step fails once", Model, model, model_of_user)
{
    Model m;
    CHECK(fail_everywhere(m, {}) > 10);
    m.weight.clear_grad();
    m.bias.clear_grad();
    CHECK(fail_everywhere(m, {.create_graph = true}) > 50);
    m.weight.clear_grad();
    m.bias.clear_grad();
}
