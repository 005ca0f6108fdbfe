// SPDX-License-Identifier: BSD-3-Clause
// What a program is made of: bytes, read as choices. A random test draws them, a fuzzer evolves them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace fuzz
{
    class choices
    {
    public:
        explicit choices(std::span<const std::uint8_t> bytes) : m_bytes(bytes) {}

        bool is_done() const { return m_at == m_bytes.size(); }

        /// One of 0, ..., n - 1; 0 where nothing is left.
        std::size_t below(std::size_t n) { return next() % n; }

        /// One of few numbers between -2 and 2, so that equal ones meet.
        double number() { return (int(next()) - 128) / 64.0; }

    private:
        std::span<const std::uint8_t> m_bytes;
        std::size_t m_at = 0;

        std::uint8_t next() { return is_done() ? std::uint8_t(0) : m_bytes[m_at++]; }
    };
}
