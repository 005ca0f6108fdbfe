// SPDX-License-Identifier: BSD-3-Clause
// Number texts against std::to_chars and std::from_chars, which do the same at run time.
#include <xautodiff/graph/number_text.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>

namespace
{
    /// The significant digits of a number's text, without leading and trailing zeros.
    std::string digits(const std::string& text)
    {
        std::string out;
        for (char c : text.substr(0, text.find('e')))
        {
            if (c >= '0' && c <= '9' && !(out.empty() && c == '0'))
            {
                out += c;
            }
        }
        return out.substr(0, out.find_last_not_of('0') + 1);
    }

    template <class T>
    void expect_shortest(T value)
    {
        xautodiff::graph::text t;
        xautodiff::graph::append_number(t, value);
        const std::string mine = t.string();
        T back{};
        const auto read = std::from_chars(mine.data(), mine.data() + mine.size(), back);
        char buffer[64];
        const auto written = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
        const std::string theirs(buffer, written.ptr);
        const bool same = read.ptr == mine.data() + mine.size() && back == value && digits(mine) == digits(theirs);
        CHECK_MESSAGE(same, mine, " for ", theirs);
    }

    template <class T, class Bits>
    void expect_shortest_of_many(int lowest_exponent, int highest_exponent)
    {
        std::mt19937_64 random(20240607);
        for (int i = 0; i < 20000; ++i)
        {
            const T any = std::bit_cast<T>(Bits(random()));
            if (std::isfinite(any))
            {
                expect_shortest(any);
            }
            expect_shortest(T(double(random() % 1000000) / double(1 + random() % 1000)));
            std::uniform_int_distribution<int> exponent(lowest_exponent, highest_exponent);
            expect_shortest(std::ldexp(T(1), exponent(random)));
        }
    }
}

TEST_CASE("texts of doubles are the shortest that read back the same")
{
    expect_shortest_of_many<double, std::uint64_t>(-1074, 1023);
}

TEST_CASE("texts of floats are the shortest that read back the same")
{
    expect_shortest_of_many<float, std::uint32_t>(-149, 127);
}
