// SPDX-License-Identifier: BSD-3-Clause
// operator<< for Variables and expressions, as PyTorch prints tensors.
#pragma once

// A user's variables may be called as our parameters are.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif

#include <xautodiff/io/print.hpp>
#include <xautodiff/xautodiff.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
