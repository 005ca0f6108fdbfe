// SPDX-License-Identifier: BSD-3-Clause
// For libFuzzer: programs over Variables, made of its bytes. A difference from the model, printed with the steps that lead
// there, ends it, as do errors that the sanitizers find.
#include <cstdio>
#include <cstdlib>

#include "program.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::span<const std::uint8_t> bytes(data, size);
    fuzz::statistics count;
    try
    {
        fuzz::program::run(bytes, count);
    }
    catch (const std::logic_error&)
    {
        std::string steps;
        try
        {
            fuzz::program::run(bytes, count, &steps);
        }
        catch (const std::logic_error& e)
        {
            steps += e.what();
        }
        std::fprintf(stderr, "%s\n", steps.c_str());
        std::abort();
    }
    return 0;
}
