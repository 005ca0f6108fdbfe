// SPDX-License-Identifier: BSD-3-Clause
// How often the program has asked for memory. allocations.cpp puts itself before the C library's malloc and its kin, so
// that everything counts: operator new, xtensor's containers, BLAS, and the libraries compared with.
#pragma once

namespace measure
{
    /// By this thread, since it began. Less than 0 where they cannot be counted.
    long allocations();
}
