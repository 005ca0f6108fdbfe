// SPDX-License-Identifier: BSD-3-Clause
// The memory that a piece of work needs at its peak: that of a child process which does nothing else, above that of one
// which does nothing at all.
#pragma once

#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

namespace measure
{
    /// In MiB. To be called before the program itself has grown.
    template <class Work>
    double peak_memory(Work work)
    {
        const auto kibibytes_of = [](auto run)
        {
            const pid_t child = fork();
            if (child == 0)
            {
                run();
                _exit(0);
            }
            rusage used{};
            wait4(child, nullptr, 0, &used);
            return double(used.ru_maxrss);
        };
        const double nothing = kibibytes_of([] {});
        return (kibibytes_of(work) - nothing) / 1024;
    }

    /// A row in which contenders are compared by memory; the time says nothing.
    template <class Work>
    void add_memory(const std::string& row, const std::string& who, Work work)
    {
        const double mebibytes = peak_memory(work);
        benchmark::RegisterBenchmark((row + "/" + who).c_str(),
                                     [mebibytes](benchmark::State& state)
                                     {
                                         for (auto _ : state)
                                         {
                                         }
                                         state.counters["mebibytes"] = mebibytes;
                                     })
            ->Iterations(1)
            ->Repetitions(1);
    }
}
