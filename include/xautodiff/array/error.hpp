// SPDX-License-Identifier: BSD-3-Clause
// What the library throws. Texts are PyTorch's where PyTorch has them.
#pragma once

#include <stdexcept>

namespace xautodiff
{
    /// Base of everything the library throws.
    struct error : std::runtime_error
    {
        using std::runtime_error::runtime_error;
    };

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
