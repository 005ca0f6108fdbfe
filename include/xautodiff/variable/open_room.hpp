// SPDX-License-Identifier: BSD-3-Clause
// All that a statement, as a rule, reads and writes of its thread's tape, without a pointer to follow.
#pragma once

#include <atomic>
#include <cstdint>

namespace xautodiff::variable
{
    /// The room on the page that is written on: from `limit` up to `top`.
    struct open_room
    {
        static constexpr std::uintptr_t closed = ~std::uintptr_t(0);

        /// Where the youngest entry begins; 0 where no page is open.
        std::uintptr_t top = 0;
        /// An entry that would begin below has to ask the tape. While there is more to ask than whether the page is full, it is
        /// closed: without a tape or a page, with requests of other threads (who close it), and where nothing is recorded.
        std::atomic<std::uintptr_t> limit{closed};

        void close() { limit.store(closed, std::memory_order_relaxed); }
    };

    inline constinit thread_local open_room this_room{};
}
