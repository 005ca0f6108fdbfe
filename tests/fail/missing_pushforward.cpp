// SPDX-License-Identifier: BSD-3-Clause
// An operation of the user on whole arrays that can be differentiated backwards only.
// expect: xautodiff: this operation has no rule for forward mode: one on whole arrays gives its own `pushforward
// expect: static constexpr unsigned linear_in = 0b1;
#include <xautodiff/core.hpp>

namespace ad = xautodiff;

struct total
{
    static constexpr std::string_view name = "total";
#ifdef FIXED
    static constexpr unsigned linear_in = 0b1;
#else
#endif
    static constexpr ad::array::shape result_shape(const ad::array::shape&) { return {}; }

    template <class T>
    static constexpr void evaluate(ad::array::array_ref<T> out, ad::array::array_ref<const T> x)
    {
        ad::array::sum_to(out, x);
    }

    static constexpr auto pullback(const auto& adjoint, const auto&, const auto& x)
    {
        return std::tuple{ad::math::broadcast_like(adjoint, x)};
    }
};

const double tangent =
    ad::jvp([](auto x) { return ad::apply<total>(x); }, std::array{1.0, 2.0}, std::array{1.0, 0.0}).tangent;
