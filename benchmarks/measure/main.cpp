// SPDX-License-Identifier: BSD-3-Clause
// What each benchmark program does: one thread, its rows, and beside the times what compiled it.
#include "row.hpp"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

// OpenBLAS's, where that is the BLAS.
extern "C" __attribute__((weak)) void openblas_set_num_threads(int);

int main(int argc, char** argv)
{
    if (openblas_set_num_threads)
    {
        openblas_set_num_threads(1);
    }
#if defined(__GLIBC__)
    // Arrays of some megabytes that go and come again, by hand or not, are to be measured, not how long the kernel takes to
    // take their pages back and clear them.
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
    {
        return 1;
    }
    benchmark::AddCustomContext("compiler", BENCHMARK_COMPILER);
    benchmark::AddCustomContext("flags", BENCHMARK_FLAGS);
    measure::add_rows();
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
}
