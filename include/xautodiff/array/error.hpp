// SPDX-License-Identifier: BSD-3-Clause
// What the library throws. Texts are PyTorch's where PyTorch has them.
#pragma once

#include <cstdarg>
#include <cstddef>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace xautodiff
{
    /// Base of everything the library throws.
    struct error : std::runtime_error
    {
        using std::runtime_error::runtime_error;
    };

    /// The text of a message, as printf makes it. Put together from strings, every message would cost whoever includes this
    /// as much to compile as a loop.
    [[gnu::cold, gnu::noinline, gnu::format(printf, 1, 2)]] inline std::string message(const char* format, ...)
    {
        std::va_list values, again;
        va_start(values, format);
        va_copy(again, values);
        std::string text(std::size_t(std::vsnprintf(nullptr, 0, format, values)), ' ');
        std::vsnprintf(text.data(), text.size() + 1, format, again);
        va_end(again);
        va_end(values);
        return text;
    }

    /// Shapes, axes or indices that do not fit together.
    struct shape_error : error
    {
        using error::error;
    };

    /// A gradient was read where there is none: what PyTorch shows as None.
    struct no_gradient : error
    {
        using error::error;
    };
}
