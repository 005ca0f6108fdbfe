// SPDX-License-Identifier: BSD-3-Clause
// The shortest decimal text that reads back as the same number, in constant expressions: std::to_chars is not constexpr.
//
// The algorithm is Steele and White's in the form of Burger and Dybvig, on exact integers, so that it is right for every
// double and float, denormal ones included. Of several shortest texts the one nearest to the number is taken, of two
// equally near ones the even one, as std::to_chars does.
#pragma once

#include <xautodiff/graph/text.hpp>

#include <array>
#include <bit>
#include <cstdint>

namespace xautodiff::graph
{
    namespace detail
    {
        /// A natural number of up to 1280 bits: more than ten times the largest double, or the smallest one's reciprocal, has.
        class natural
        {
        public:
            constexpr explicit natural(std::uint64_t value)
            {
                for (; value != 0; value >>= 32)
                {
                    m_word[std::size_t(m_size++)] = std::uint32_t(value);
                }
            }

            constexpr void multiply(std::uint32_t factor)
            {
                std::uint64_t carry = 0;
                for (int i = 0; i < m_size; ++i)
                {
                    carry += std::uint64_t(m_word[std::size_t(i)]) * factor;
                    m_word[std::size_t(i)] = std::uint32_t(carry);
                    carry >>= 32;
                }
                if (carry != 0)
                {
                    m_word[std::size_t(m_size++)] = std::uint32_t(carry);
                }
            }

            constexpr void multiply_power_of_ten(int exponent)
            {
                for (; exponent >= 9; exponent -= 9)
                {
                    multiply(1'000'000'000);
                }
                for (; exponent > 0; --exponent)
                {
                    multiply(10);
                }
            }

            constexpr void shift_left(int bits)
            {
                for (; bits >= 31; bits -= 31)
                {
                    multiply(std::uint32_t(1) << 31);
                }
                multiply(std::uint32_t(1) << bits);
            }

            constexpr void add(const natural& other)
            {
                std::uint64_t carry = 0;
                for (int i = 0; i < other.m_size || i < m_size || carry != 0; ++i)
                {
                    carry += std::uint64_t(word(i)) + other.word(i);
                    m_word[std::size_t(i)] = std::uint32_t(carry);
                    m_size = i < m_size ? m_size : i + 1;
                    carry >>= 32;
                }
            }

            /// `other` must not be larger.
            constexpr void subtract(const natural& other)
            {
                std::int64_t borrow = 0;
                for (int i = 0; i < m_size; ++i)
                {
                    borrow += std::int64_t(word(i)) - std::int64_t(other.word(i));
                    m_word[std::size_t(i)] = std::uint32_t(borrow & 0xffffffff);
                    borrow >>= 32;
                }
                while (m_size > 0 && m_word[std::size_t(m_size - 1)] == 0)
                {
                    --m_size;
                }
            }

            /// Negative, 0 or positive, as this is less than, equal to or greater than `other`.
            constexpr int compare(const natural& other) const
            {
                if (m_size != other.m_size)
                {
                    return m_size - other.m_size;
                }
                for (int i = m_size; i-- > 0;)
                {
                    if (word(i) != other.word(i))
                    {
                        return word(i) < other.word(i) ? -1 : 1;
                    }
                }
                return 0;
            }

        private:
            std::array<std::uint32_t, 40> m_word{};
            int m_size = 0;  ///< words in use; the highest is not 0

            constexpr std::uint32_t word(int i) const { return i < m_size ? m_word[std::size_t(i)] : 0; }
        };

        /// A number as 0.d1 d2 d3 ... times 10 to the exponent.
        struct decimal
        {
            std::array<char, 20> digit{};
            int count = 0;
            int exponent = 0;
        };

        /// The shortest decimal between the midpoints to the neighbours of mantissa * 2^exponent. `is_power` tells that the
        /// lower neighbour is nearer than the upper one.
        constexpr decimal shortest_decimal(std::uint64_t mantissa, int exponent, bool is_power)
        {
            // value = r / s; half the distances to the neighbours are up / s and down / s.
            natural r(mantissa), s(1), up(1), down(1);
            r.shift_left((exponent > 0 ? exponent : 0) + (is_power ? 2 : 1));
            s.shift_left((exponent < 0 ? -exponent : 0) + (is_power ? 2 : 1));
            up.shift_left((exponent > 0 ? exponent : 0) + (is_power ? 1 : 0));
            down.shift_left(exponent > 0 ? exponent : 0);
            const bool bounds_count = mantissa % 2 == 0;

            // An exponent that may be too small, from the logarithm of the highest bit.
            const double log = double(exponent + int(std::bit_width(mantissa)) - 1) * 0.30102999566398114;
            int k = int(log) - (log < double(int(log)) ? 1 : 0);
            if (k >= 0)
            {
                s.multiply_power_of_ten(k);
            }
            else
            {
                r.multiply_power_of_ten(-k);
                up.multiply_power_of_ten(-k);
                down.multiply_power_of_ten(-k);
            }
            const auto reaches = [&](const natural& rest)
            {
                natural high = rest;
                high.add(up);
                const int c = high.compare(s);
                return bounds_count ? c >= 0 : c > 0;
            };
            for (; reaches(r); ++k)
            {
                s.multiply(10);
            }

            decimal out;
            out.exponent = k;
            while (true)
            {
                r.multiply(10);
                up.multiply(10);
                down.multiply(10);
                int digit = 0;
                for (; r.compare(s) >= 0; ++digit)
                {
                    r.subtract(s);
                }
                const int c = r.compare(down);
                const bool low_enough = bounds_count ? c <= 0 : c < 0;
                const bool high_enough = reaches(r);
                if (low_enough || high_enough)
                {
                    natural twice = r;
                    twice.multiply(2);
                    const int half = twice.compare(s);
                    const bool above_half = half > 0 || (half == 0 && digit % 2 != 0);
                    const bool round_up = high_enough && (!low_enough || above_half);
                    out.digit[std::size_t(out.count++)] = char('0' + digit + (round_up ? 1 : 0));
                    return out;
                }
                out.digit[std::size_t(out.count++)] = char('0' + digit);
            }
        }

        constexpr void append_decimal(text& to, const decimal& d)
        {
            const int power = d.exponent - 1;
            const auto digits = [&](int begin, int end)
            {
                for (int i = begin; i < end; ++i)
                {
                    to += i < d.count ? d.digit[std::size_t(i)] : '0';
                }
            };
            if (power < -5 || power >= 16)
            {
                digits(0, 1);
                if (d.count > 1)
                {
                    to += '.';
                    digits(1, d.count);
                }
                to += 'e';
                to.append_integer(power);
            }
            else if (d.exponent <= 0)
            {
                to += "0.";
                for (int i = d.exponent; i < 0; ++i)
                {
                    to += '0';
                }
                digits(0, d.count);
            }
            else
            {
                digits(0, d.exponent);
                if (d.count > d.exponent)
                {
                    to += '.';
                    digits(d.exponent, d.count);
                }
            }
        }

        template <class Bits, int MantissaBits, class Number>
        constexpr void append_floating(text& to, Number value)
        {
            const Bits bits = std::bit_cast<Bits>(value);
            constexpr int total = int(sizeof(Bits)) * 8;
            constexpr int exponent_bits = total - 1 - MantissaBits;
            constexpr int bias = (1 << (exponent_bits - 1)) - 1;
            const Bits fraction = bits & ((Bits(1) << MantissaBits) - 1);
            const int biased = int(bits >> MantissaBits) & ((1 << exponent_bits) - 1);
            if (biased == (1 << exponent_bits) - 1)
            {
                to += fraction != 0 ? "nan" : (bits >> (total - 1)) != 0 ? "-inf" : "inf";
                return;
            }
            if ((bits >> (total - 1)) != 0)
            {
                to += '-';
            }
            if (biased == 0 && fraction == 0)
            {
                to += '0';
                return;
            }
            const Bits mantissa = biased == 0 ? fraction : fraction | (Bits(1) << MantissaBits);
            const int exponent = (biased == 0 ? 1 : biased) - bias - MantissaBits;
            append_decimal(to, shortest_decimal(mantissa, exponent, fraction == 0 && biased > 1));
        }
    }

    /// Appends "2", "0.5", "0.3333333333333333", "1e-7", "-inf": the shortest text that reads back as the same double. Powers
    /// of ten are written from 1e16 up and below 1e-5.
    constexpr void append_number(text& to, double value) { detail::append_floating<std::uint64_t, 52>(to, value); }

    /// The same for float: 0.1f is "0.1".
    constexpr void append_number(text& to, float value) { detail::append_floating<std::uint32_t, 23>(to, value); }
}
