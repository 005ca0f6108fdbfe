// SPDX-License-Identifier: BSD-3-Clause
// A user's operation on whole arrays: its result_shape says which operands fit, when the shapes are known.
#include <xautodiff/core.hpp>
#include <xautodiff/evaluate/blas_product.hpp>
#include <xautodiff/expression/xtensor_operand.hpp>

#include <doctest/doctest.h>

namespace ad = xautodiff;
using array = xt::xarray<double>;

namespace
{
    /// The sum of products of two vectors of one length.
    struct weighted_total
    {
        static constexpr std::string_view name = "weighted_total";
        static constexpr unsigned linear_in = 0b11;

        static constexpr ad::array::shape result_shape(const ad::array::shape& x, const ad::array::shape& w)
        {
            if (x.is_known() && w.is_known() && (x.rank != 1 || x != w))
            {
                throw ad::shape_error("weighted_total: " + ad::array::to_string(x) + " and " + ad::array::to_string(w));
            }
            return {};
        }

        template <class T>
        static constexpr void evaluate(ad::array::array_ref<T> out, ad::array::array_ref<const T> x,
                                       ad::array::array_ref<const T> w)
        {
            *out.data = 0;
            for (ad::array::index at = 0; at < x.size(); ++at)
            {
                *out.data += x.data[at * x.stride[0]] * w.data[at * w.stride[0]];
            }
        }

        static constexpr auto pullback(const auto& adjoint, const auto&, const auto& x, const auto& w)
        {
            return std::tuple{adjoint * w, adjoint * x};
        }
    };

    constexpr auto total = [](auto x, auto w) { return ad::apply<weighted_total>(x, w); };

    /// What the library's own operations say by a member may be the name of something else here.
    struct with_rows : weighted_total
    {
        static constexpr int rows = 3;
    };
}

TEST_CASE("shapes that only the run knows are checked by result_shape")
{
    const array x{1, 2, 3}, w{4, 5, 6}, pair{1, 2}, matrix{{1, 2, 3}};
    CHECK(total(ad::cref(x), ad::cref(w)).item() == 32);
    CHECK(ad::grad<0, 1>(total)(x, w) == std::tuple{w, x});
    CHECK_THROWS_WITH_AS(total(ad::cref(x), ad::cref(pair)).data(), "weighted_total: [3] and [2]", ad::shape_error);
    CHECK_THROWS_WITH_AS(total(ad::cref(matrix), ad::cref(matrix)).data(), "weighted_total: [1, 3] and [1, 3]",
                         ad::shape_error);
    CHECK_THROWS_AS(ad::value_and_grad(total)(x, pair), ad::shape_error);
    // The gradient alone does not need the value, and is the other operand, of another shape.
    CHECK_THROWS_WITH_AS(ad::grad(total)(x, pair), "The gradient by an argument must have the shape [3], not [2]",
                         ad::shape_error);
    CHECK_THROWS_AS(ad::grad<1>(total)(x, pair), ad::shape_error);
    CHECK_THROWS_AS(ad::jvp(total, std::tuple{x, pair}, std::tuple{x, pair}), ad::shape_error);
}

static_assert(ad::grad(total)(std::array{1.0, 2.0}, std::array{3.0, 4.0}) == std::array{3.0, 4.0});
static_assert(ad::grad([](auto x, auto w) { return ad::apply<with_rows>(x, w); })(std::array{1.0, 2.0},
                                                                                  std::array{3.0, 4.0})
              == std::array{3.0, 4.0});
static_assert(ad::jvp(total, std::tuple{std::array{1.0, 2.0}, std::array{3.0, 4.0}},
                      std::tuple{std::array{1.0, 0.0}, std::array{0.0, 1.0}})
                  .tangent
              == 3 + 2);

TEST_CASE("both modes agree, to second order")
{
    const auto report = ad::check_grads(total, array{1, 2, 3}, array{4, 5, 6});
    INFO(report.message);
    CHECK(report.ok);
}
