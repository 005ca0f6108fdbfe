// SPDX-License-Identifier: BSD-3-Clause
// Numbers as text in constant expressions.
#include <xautodiff/graph/number_text.hpp>

#include <limits>

namespace
{
    template <class T>
    constexpr bool is(T value, std::string_view text)
    {
        xautodiff::graph::text t;
        xautodiff::graph::append_number(t, value);
        return t.view() == text;
    }

    constexpr bool integer_is(long long value, std::string_view text)
    {
        xautodiff::graph::text t;
        return t.append_integer(value).view() == text;
    }

    using limits = std::numeric_limits<double>;
}

static_assert(is(0.0, "0") && is(-0.0, "-0") && is(2.0, "2") && is(-100.0, "-100"));
static_assert(is(0.5, "0.5") && is(0.1, "0.1") && is(1.0 / 3, "0.3333333333333333")
              && is(2.0 / 3, "0.6666666666666666"));
static_assert(is(0.1 + 0.2, "0.30000000000000004") && is(1e-5, "0.00001") && is(1.5e-7, "1.5e-7"));
static_assert(is(9007199254740993.0, "9007199254740992") && is(1e16, "1e16") && is(1e22, "1e22")
              && is(1.25e100, "1.25e100"));
static_assert(is(limits::max(), "1.7976931348623157e308") && is(limits::min(), "2.2250738585072014e-308"));
static_assert(is(limits::denorm_min(), "5e-324") && is(limits::epsilon(), "2.220446049250313e-16"));
static_assert(is(limits::infinity(), "inf") && is(-limits::infinity(), "-inf") && is(limits::quiet_NaN(), "nan"));

static_assert(is(0.1f, "0.1") && is(16777216.0f, "16777216") && is(1.0f / 3, "0.33333334"));
static_assert(is(std::numeric_limits<float>::max(), "3.4028235e38")
              && is(std::numeric_limits<float>::denorm_min(), "1e-45"));

static_assert(integer_is(0, "0") && integer_is(-7, "-7") && integer_is(1234567890123, "1234567890123"));
static_assert(integer_is(std::numeric_limits<long long>::min(), "-9223372036854775808"));
