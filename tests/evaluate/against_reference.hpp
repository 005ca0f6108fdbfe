// SPDX-License-Identifier: BSD-3-Clause
// Holds the fused loops against the reference evaluator: value and gradients of one formula for arguments of any shape.
#pragma once

#include <xautodiff/core.hpp>
#include <xautodiff/evaluate/blas_product.hpp>
#include <xautodiff/evaluate/reference.hpp>
#include <xautodiff/expression/xtensor_operand.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace evaluate_test
{
    namespace ad = xautodiff;
    namespace array = xautodiff::array;
    namespace reference = xautodiff::evaluate::reference;

    using matrix = xt::xtensor<double, 2>;
    using vector = xt::xtensor<double, 1>;
    using columns = xt::xtensor<double, 2, xt::layout_type::column_major>;

    /// What two ways to compute the same may differ by.
    inline constexpr double rounding = 1e-12;

    /// Around the sizes of a register, of a row of few elements, and of a block.
    inline constexpr int lengths[]{1, 2, 3, 7, 9, 16, 17, 511, 513, 2049};

    /// Numbers between -1 and 1 of no pattern.
    template <class C>
    void fill(C& c, std::mt19937& engine)
    {
        std::uniform_real_distribution<double> number(-1, 1);
        for (auto& x : c)
        {
            x = static_cast<std::remove_cvref_t<decltype(x)>>(number(engine));
        }
    }

    template <class C>
    C make(const array::shape& s, std::mt19937& engine)
    {
        C c;
        array::traits<C>::resize(c, s);
        fill(c, engine);
        return c;
    }

    /// Whether arrays have one shape, and elements that differ by no more than rounding in sums of them.
    template <class T, class U>
    void check_near(const array::array_ref<const T>& a, const array::array_ref<const U>& b, double tolerance)
    {
        REQUIRE(array::to_string(a.shape) == array::to_string(b.shape));
        double scale = 1, error = 0;
        array::for_each_element(
            a.shape,
            [&](const T& x, const U& y)
            {
                scale = std::max({scale, std::abs(double(x)), std::abs(double(y))});
                // A nan must not be lost in a maximum.
                const double e = std::abs(double(x) - double(y));
                error = e <= error ? error : e;
            },
            a, b);
        CHECK(error <= tolerance * scale);
    }

    template <class C>
    auto look(const C& c)
    {
        if constexpr (array::scalar_value<C>)
        {
            return array::array_ref<const C>(&c, {});
        }
        else
        {
            return array::traits<C>::ref(c);
        }
    }

    template <class Id, class F, class... X>
    auto node_of(const F& f, const X&... x)
    {
        return ad::functional::formula_of<Id>(f, x...);
    }

    /// A function bound to its arguments once, to be held against the reference whenever their contents have changed.
    template <class F, class... X>
    class compared
    {
        struct id;
        using positions = std::index_sequence_for<X...>;

    public:
        explicit compared(const F& function, const X&... x)
            : arguments(x...), node(node_of<id>(function, x...)), bound(bind(positions{}, function, x...))
        {
        }

        void check(double tolerance) { check(positions{}, tolerance); }

    private:
        std::tuple<const X&...> arguments;
        decltype(node_of<id>(std::declval<const F&>(), std::declval<const X&>()...)) node;

        template <std::size_t... I>
        static auto bind(std::index_sequence<I...>, const F& f, const X&... x)
        {
            return ad::bind<int(I)...>(f, x...);
        }
        decltype(bind(positions{}, std::declval<const F&>(), std::declval<const X&>()...)) bound;

        template <std::size_t... I>
        void check(std::index_sequence<I...>, double tolerance)
        {
            const auto value = reference::value(node, arguments);
            const auto gradient = reference::gradient(node, 1.0, arguments);
            check_near(look(bound.value()), value.ref(), tolerance);
            for (int time = 0; time < 2; ++time)
            {
                check_near(look(bound.value_and_grad()), value.ref(), tolerance);
                (
                    [&]
                    {
                        CAPTURE(I);
                        check_near(look(bound.template grad<int(I)>()), gradient.input[I].ref(), tolerance);
                    }(),
                    ...);
            }
        }
    };

    /// Shapes that broadcast together: some axes are missing, some have extent 1. `rank` is that of the largest.
    class random_shapes
    {
    public:
        explicit random_shapes(unsigned seed) : engine(seed) {}

        std::mt19937 engine;

        array::shape whole(int rank, int longest)
        {
            static constexpr int short_extents[]{1, 2, 3, 4, 5, 7, 8, 9};
            static constexpr int row_extents[]{1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33};
            static constexpr int long_extents[]{511, 512, 513, 2047, 2048, 2049, 5000};
            array::shape s;
            const int at = longest ? below(std::max(rank, 1)) : -1;
            for (int d = 0; d < rank; ++d)
            {
                const int extent = d == at                      ? pick(long_extents)
                                   : below(40) == 0             ? 0
                                   : rank <= 2 && below(2) == 0 ? pick(row_extents)
                                   : longest != 0 && rank > 2   ? pick(short_extents) % 4
                                                                : pick(short_extents);
                s.push_back(extent);
            }
            return s;
        }

        /// A shape that broadcasts to s; of rank `rank`, or of any where that is negative.
        array::shape part(const array::shape& s, int rank = -1)
        {
            const int missing = rank >= 0 ? s.rank - rank : below(3) == 0 ? below(s.rank + 1) : 0;
            array::shape out;
            for (int d = missing; d < s.rank; ++d)
            {
                out.push_back(below(4) == 0 ? 1 : s[d]);
            }
            return out;
        }

        int below(int n) { return int(engine() % unsigned(n)); }

    private:
        template <std::size_t N>
        int pick(const int (&from)[N])
        {
            return from[below(int(N))];
        }
    };
}
