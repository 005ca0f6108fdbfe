// SPDX-License-Identifier: BSD-3-Clause
// Text put together in constant expressions. (Not std::string, which clang 16 cannot build as a constant with libstdc++ 12.)
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace xautodiff::graph
{
    class text
    {
    public:
        constexpr text() = default;
        constexpr explicit text(std::string_view s) { *this += s; }

        constexpr text& operator+=(std::string_view s)
        {
            for (char c : s)
            {
                m_characters.push_back(c);
            }
            return *this;
        }

        constexpr text& operator+=(const text& t) { return *this += t.view(); }

        constexpr text& operator+=(char c)
        {
            m_characters.push_back(c);
            return *this;
        }

        /// An integer in decimal.
        constexpr text& append_integer(long long i)
        {
            if (i < 0)
            {
                *this += '-';
            }
            char digits[20]{};
            int n = 0;
            // Digit by digit, each made positive by itself: the least integer has no positive counterpart.
            do
            {
                const int digit = int(i % 10);
                digits[n++] = char('0' + (digit < 0 ? -digit : digit));
                i /= 10;
            } while (i != 0);
            while (n > 0)
            {
                *this += digits[--n];
            }
            return *this;
        }

        constexpr std::string_view view() const { return {m_characters.data(), m_characters.size()}; }
        constexpr std::size_t size() const { return m_characters.size(); }
        std::string string() const { return std::string(view()); }

    private:
        std::vector<char> m_characters;
    };
}
