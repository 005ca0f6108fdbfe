// SPDX-License-Identifier: BSD-3-Clause
// How long the elements of computed Variables are there, and where adjoints are computed.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>

namespace ad = xautodiff;

namespace
{
    std::size_t living = 0, most = 0;

    /// Counts the elements that are there.
    template <class T>
    struct counting_allocator : std::allocator<T>
    {
        template <class U>
        struct rebind
        {
            using other = counting_allocator<U>;
        };

        counting_allocator() = default;
        template <class U>
        counting_allocator(const counting_allocator<U>&)
        {
        }

        T* allocate(std::size_t n)
        {
            living += n;
            most = std::max(most, living);
            return std::allocator<T>::allocate(n);
        }
        void deallocate(T* p, std::size_t n)
        {
            living -= n;
            std::allocator<T>::deallocate(p, n);
        }
    };

    using array = xt::xarray_container<xt::uvector<double, counting_allocator<double>>, xt::layout_type::row_major,
                                       xt::svector<std::size_t, 4>>;
    using variable = ad::Variable<array>;

    constexpr std::size_t size = 1000;

    array filled(double value, std::size_t rows = 1)
    {
        array out = array::from_shape({rows, size});
        std::fill(out.begin(), out.end(), value);
        return out;
    }

    variable twice(const variable& y) { return variable(y * 2.0); }
}

TEST_CASE("elements that no pullback reads go with the last Variable")
{
    variable x(filled(0.5), ad::requires_grad);
    variable y = twice(x);
    most = living;
    for (int k = 1; k < 50; ++k)
    {
        y = y * 2.0;
    }
    CHECK(y.data()(0, 7) == std::ldexp(0.5, 50));
    // x, the last y, the one before, and the one before that until the next statement.
    CHECK(most <= 4 * size);
    const variable early = y;
    y = y * 2.0;
    y = y * 2.0;
    CHECK(early.data()(0, 7) == std::ldexp(0.5, 50));
    const array seed = filled(1);
    most = living;
    y.backward(seed);
    CHECK(x.grad()(0, 7) == std::ldexp(1, 52));
    // The adjoint passes on from entry to entry in one place.
    CHECK(most <= living + size);
    // grad_fn and shapes are those of the whole chain, as ever.
    CHECK(y.grad_fn().next_functions()[0].function.next_functions()[0].function.name() == "MulBackward0");
}

TEST_CASE("elements that a pullback reads stay until it has run")
{
    variable x(filled(0.5), ad::requires_grad);
    variable y = twice(x);
    const std::size_t before = living;
    for (int k = 0; k < 3; ++k)
    {
        y = y * y;
    }
    CHECK(living == before + 3 * size);
    y.backward(filled(1), {.retain_graph = true});
    CHECK(living == before + 4 * size);
    y.backward(filled(1));
    CHECK(x.grad()(0, 7) == 2 * 2 * 8);
    // x, its gradient, y.
    CHECK(living == 3 * size);
}

TEST_CASE("what else refers to elements keeps them")
{
    variable x(filled(0.5), ad::requires_grad);
    variable y = twice(x);
    const variable shown = y.detach();
    auto written_down = y * 2.0;
    y = y * 2.0;
    y = y * 2.0;
    CHECK(shown.data()(0, 7) == 1);
    CHECK(variable(written_down).data()(0, 7) == 2);

    // A leaf takes the place of what was written down; its entry keeps the elements that it goes on to refer to.
    variable z = twice(y);
    auto of_z = z * 2.0;
    z.detach_();
    variable late = of_z;
    z = twice(x);
    CHECK(late.data()(0, 7) == 16);
    CHECK_FALSE(late.requires_grad());
}

TEST_CASE("gradients by what has lost its elements")
{
    variable x(filled(0.5), ad::requires_grad), rows(filled(3, 4), ad::requires_grad);
    const auto run = [&]
    {
        variable y = twice(x);
        y = y + x;
        y = y + rows;
        y = y + x;
        return variable(y * y);
    };
    // (4 x + r)^2, summed over 4 rows.
    const array ones = filled(1, 4);
    run().backward(ones);
    CHECK(x.grad()(0, 7) == 4 * 2 * 4 * (4 * 0.5 + 3));
    CHECK(x.grad().shape(0) == 1);
    CHECK(rows.grad()(2, 7) == 2 * (4 * 0.5 + 3));

    x.clear_grad();
    ad::Variable<double> total = ad::sum(run());
    const variable first = ad::grad(total, x, {.create_graph = true});
    CHECK(first.data()(0, 7) == 4 * 2 * 4 * (4 * 0.5 + 3));
    ad::Variable<double> sum_of_first = ad::sum(first);
    CHECK(ad::grad(sum_of_first, x)(0, 7) == 4 * 2 * 4 * 4);

    const ad::detect_anomaly guard;
    total.backward();
    CHECK(x.grad()(0, 7) == 4 * 2 * 4 * (4 * 0.5 + 3));
}

TEST_CASE("an adjoint that is asked for is not computed over")
{
    variable x(filled(0.5), ad::requires_grad);
    variable y = twice(x);
    y.retain_grad();
    double hooked = 0;
    variable z = twice(y);
    z.register_hook([&](const array& g) { hooked = g(0, 7); });
    variable sum = z + y;
    sum = sum * 2.0;
    sum.backward(filled(1), {.retain_graph = true});
    CHECK(hooked == 2);
    CHECK(y.grad()(0, 7) == 2 * 2 + 2);
    CHECK(x.grad()(0, 7) == 2 * (2 * 2 + 2));

    ad::Variable<double> total = ad::sum(sum);
    const auto [by_z, by_x] = ad::grad(total, z, x);
    CHECK(by_z(0, 7) == 2);
    CHECK(by_x(0, 7) == 2 * (2 * 2 + 2));
}
