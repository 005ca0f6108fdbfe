// SPDX-License-Identifier: BSD-3-Clause
// Operands of a user's operation whose shapes, known from their types, its result_shape rejects.
// expect: expected_a_vector
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

[[noreturn]] inline void expected_a_vector() { throw ad::shape_error("first: expected a vector"); }

struct first
{
    static constexpr std::string_view name = "first";
    static constexpr unsigned linear_in = 0b1;
    static constexpr ad::array::shape result_shape(const ad::array::shape& x)
    {
        if (x.is_known() && x.rank != 1)
        {
            expected_a_vector();
        }
        return {};
    }

    template <class T>
    static constexpr void evaluate(ad::array::array_ref<T> out, ad::array::array_ref<const T> x)
    {
        *out.data = *x.data;
    }

    static constexpr auto pullback(const auto& adjoint, const auto&, const auto& x)
    {
        return std::tuple{ad::math::broadcast_like(adjoint, x)};
    }
};

#ifdef FIXED
const auto y = ad::jvp([](auto x) { return ad::apply<first>(x); }, std::array{1.0, 2.0}, std::array{1.0, 0.0});
#else
using matrix = std::array<std::array<double, 1>, 2>;
const auto y = ad::jvp([](auto x) { return ad::apply<first>(x); }, matrix{}, matrix{});
#endif
