// SPDX-License-Identifier: BSD-3-Clause
// The constants of statements on numbers: most have the same ones each time they run.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace xautodiff::variable
{
    /// The constants of a statement when it was first recorded; entries whose own are the same keep none.
    template <std::size_t Count>
    struct first_constants
    {
        /// What no constant is that is kept here: one of the signalling nans, with bits that nobody writes by accident. So each
        /// value tells by itself whether it is there.
        static constexpr std::uint64_t none = 0x7ff45a1d93c6e7b2;

        // Relaxed, as a constant that is found here has its value in hand, and is never replaced.
        std::array<std::atomic<std::uint64_t>, Count> values = []<std::size_t... I>(std::index_sequence<I...>) {
            return std::array<std::atomic<std::uint64_t>, Count>{((void)I, none)...};
        }(std::make_index_sequence<Count>{});

        [[gnu::always_inline]] bool are(const std::array<double, Count>& now)
        {
            bool same = true;
            for (std::size_t i = 0; i < Count; ++i)
            {
                same = same && values[i].load(std::memory_order_relaxed) == std::bit_cast<std::uint64_t>(now[i]);
            }
            return same;
        }

        bool are_there() const { return Count != 0 && values[0].load(std::memory_order_relaxed) != none; }

        /// Makes these constants the first ones if there are none. Returns whether they are now.
        [[gnu::noinline]] bool become(std::array<double, Count> now)
        {
            for (double x : now)
            {
                if (std::bit_cast<std::uint64_t>(x) == none)
                {
                    return false;
                }
            }
            std::uint64_t expected = none;
            if (!values[0].compare_exchange_strong(expected, std::bit_cast<std::uint64_t>(now[0])))
            {
                return are(now);
            }
            for (std::size_t i = 1; i < Count; ++i)
            {
                values[i].store(std::bit_cast<std::uint64_t>(now[i]), std::memory_order_relaxed);
            }
            return true;
        }
    };
}
