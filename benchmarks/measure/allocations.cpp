// SPDX-License-Identifier: BSD-3-Clause
#include "allocations.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdlib>

// glibc lets a program replace these, and keeps its own under other names. A sanitizer replaces them too.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
namespace
{
    constinit thread_local long count = 0;
}

extern "C"
{
    void* __libc_malloc(std::size_t size);
    void* __libc_calloc(std::size_t number, std::size_t size);
    void* __libc_realloc(void* old, std::size_t size);
    void* __libc_memalign(std::size_t alignment, std::size_t size);

    void* malloc(std::size_t size) noexcept
    {
        ++count;
        return __libc_malloc(size);
    }
    void* calloc(std::size_t number, std::size_t size) noexcept
    {
        ++count;
        return __libc_calloc(number, size);
    }
    void* realloc(void* old, std::size_t size) noexcept
    {
        ++count;
        return __libc_realloc(old, size);
    }
    void* memalign(std::size_t alignment, std::size_t size) noexcept
    {
        ++count;
        return __libc_memalign(alignment, size);
    }
    void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept
    {
        ++count;
        return __libc_memalign(alignment, size);
    }
    int posix_memalign(void** out, std::size_t alignment, std::size_t size) noexcept
    {
        ++count;
        void* p = __libc_memalign(alignment, size);
        if (!p)
        {
            return ENOMEM;
        }
        *out = p;
        return 0;
    }
}

long measure::allocations() { return count; }
#else
long measure::allocations() { return -1; }
#endif
