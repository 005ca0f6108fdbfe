// SPDX-License-Identifier: BSD-3-Clause
// The names that grad_fn shows: PyTorch's of a view, by the last slice that is not a whole axis, and of an operation of one's
// own, as for a torch.autograd.Function.
#include <xautodiff/core.hpp>
#include <xautodiff/op/function_name.hpp>

#include <boost/hana/integral_constant.hpp>
#include <doctest/doctest.h>

namespace ad = xautodiff;
using namespace boost::hana::literals;

namespace
{
    using matrix = std::array<std::array<double, 3>, 2>;

    template <class Node>
    std::string_view name_of(const Node&)
    {
        return Node::operation::function;
    }
}

TEST_CASE("views are called as PyTorch calls them")
{
    const ad::expression::input<int, 0, matrix> x;
    CHECK(name_of(x[0]) == "SelectBackward0");
    CHECK(name_of(x[0_c]) == "SelectBackward0");
    CHECK(name_of(x(0, 1)) == "SelectBackward0");
    CHECK(name_of(x(ad::all, 1)) == "SelectBackward0");
    CHECK(name_of(x(1, ad::all)) == "SelectBackward0");
    CHECK(name_of(x(ad::ellipsis, -1)) == "SelectBackward0");
    CHECK(name_of(x(ad::range(0, 1), 1)) == "SelectBackward0");
    CHECK(name_of(x(1, ad::range(0, 1))) == "SliceBackward0");
    CHECK(name_of(ad::view(x, ad::range(0, 1))) == "SliceBackward0");
    CHECK(name_of(ad::view(x, ad::all)) == "SliceBackward0");
    CHECK(name_of(ad::view(x, ad::newaxis)) == "UnsqueezeBackward0");
    CHECK(name_of(ad::view(x, 0, ad::newaxis)) == "UnsqueezeBackward0");
}

TEST_CASE("whatever it is called, a view is read back and differentiated as one")
{
    const auto f = [](auto a) { return a[1] * a[0] + ad::sum(a(ad::all, 2)); };
    CHECK(ad::formula<matrix>(f) == "view(x, 1) * view(x, 0) + sum(view(x, all, 2))");
    const auto report = ad::check_grads(f, matrix{{{1, 2, 3}, {4, 5, 6}}});
    INFO(report.message);
    CHECK(report.ok);
}

namespace
{
    template <class Name>
    struct named
    {
        static constexpr std::string_view name = Name::text;
    };
    struct soft_plus
    {
        static constexpr std::string_view text = "soft_plus";
    };
    struct SoftPlus
    {
        static constexpr std::string_view text = "SoftPlus";
    };
    struct log2_of_sum
    {
        static constexpr std::string_view text = "_log2__of_2sums";
    };
    struct with_function : named<soft_plus>
    {
        static constexpr std::string_view function = "SoftplusBackward0";
    };

    using ad::op::function_name;
    static_assert(function_name<named<soft_plus>>() == "SoftPlusBackward");
    static_assert(function_name<named<SoftPlus>>() == "SoftPlusBackward");
    static_assert(function_name<named<log2_of_sum>>() == "Log2Of2sumsBackward");
    static_assert(function_name<with_function>() == "SoftplusBackward0");
    static_assert(function_name<ad::op::exp>() == "ExpBackward0");
}
