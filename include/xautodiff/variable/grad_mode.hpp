// SPDX-License-Identifier: BSD-3-Clause
// Whether operations on Variables are recorded, per thread.
#pragma once

#include <xautodiff/variable/open_room.hpp>

namespace xautodiff
{
    namespace variable
    {
        namespace detail
        {
            inline constinit thread_local bool is_recording = true;
        }

        inline bool recording() { return detail::is_recording; }

        /// Sets the mode for a scope.
        template <bool Enabled>
        class grad_mode_guard
        {
        public:
            // Without a name it would end at once.
            [[nodiscard]] grad_mode_guard() : m_before(recording()) { set(Enabled); }
            ~grad_mode_guard() { set(m_before); }
            grad_mode_guard(const grad_mode_guard&) = delete;
            grad_mode_guard& operator=(const grad_mode_guard&) = delete;

        private:
            bool m_before;

            static void set(bool enabled)
            {
                detail::is_recording = enabled;
                // The next statement asks.
                this_room.close();
            }
        };
    }

    /// `ad::no_grad guard;`: nothing is recorded in this scope, in this thread.
    using no_grad = variable::grad_mode_guard<false>;
    /// `ad::enable_grad guard;`: recording, also inside a scope of no_grad.
    using enable_grad = variable::grad_mode_guard<true>;

    inline bool is_grad_enabled() { return variable::recording(); }
}
