// SPDX-License-Identifier: BSD-3-Clause
// Batches and their elementary functions for the hand-written loops: xsimd's batches, and the vector functions of glibc
// (libmvec, at most 4 ulp), whose names are a stable interface of glibc on x86-64; xsimd's own functions elsewhere.
#pragma once

#include <xsimd/xsimd.hpp>

#ifdef HAND_HAS_SLEEF
#include <sleef.h>
#endif

#include <cmath>
#include <cstddef>
#include <cstdint>

#if defined(__GLIBC__) && defined(__x86_64__) && (defined(__AVX2__) || !defined(__AVX__))
#if __GLIBC_PREREQ(2, 35)
#define HAND_HAS_LIBMVEC
#endif
#endif

namespace hand
{
    using std::size_t;

    template <class T>
    using batch_of = xsimd::batch<T>;
    using batch = batch_of<double>;

    // Each function for a batch, beside the one for a number, so that a formula written once serves the loop and its tail.
#ifdef HAND_HAS_LIBMVEC
#if defined(__AVX512F__)
#define HAND_VECTOR_NAMES(name) _ZGVeN8v_##name, _ZGVeN16v_##name##f
#elif defined(__AVX2__)
#define HAND_VECTOR_NAMES(name) _ZGVdN4v_##name, _ZGVdN8v_##name##f
#else
#define HAND_VECTOR_NAMES(name) _ZGVbN2v_##name, _ZGVbN4v_##name##f
#endif
#define HAND_FUNCTION_(name, of_double, of_float)                                                                      \
    extern "C" batch_of<double>::register_type of_double(batch_of<double>::register_type);                             \
    extern "C" batch_of<float>::register_type of_float(batch_of<float>::register_type);                                \
    inline batch_of<double> name(const batch_of<double>& x) { return of_double(x); }                                   \
    inline batch_of<float> name(const batch_of<float>& x) { return of_float(x); }                                      \
    using std::name;
#define HAND_FUNCTION_OF(name, ...) HAND_FUNCTION_(name, __VA_ARGS__)
#define HAND_FUNCTION(name) HAND_FUNCTION_OF(name, HAND_VECTOR_NAMES(name))
#else
#define HAND_FUNCTION(name)                                                                                            \
    template <class T>                                                                                                 \
    batch_of<T> name(const batch_of<T>& x)                                                                             \
    {                                                                                                                  \
        return xsimd::name(x);                                                                                         \
    }                                                                                                                  \
    using std::name;
#endif
    HAND_FUNCTION(exp)
    HAND_FUNCTION(log)
    HAND_FUNCTION(log1p)
    HAND_FUNCTION(erfc)
#if defined(HAND_HAS_SLEEF) && (defined(__AVX512F__) || defined(__AVX2__))
    // SLEEF's (3.5 ulp) is a little faster than glibc's.
    inline batch tanh(const batch& x)
    {
#ifdef __AVX512F__
        return Sleef_tanhd8_u35avx512f(x);
#else
        return Sleef_tanhd4_u35avx2(x);
#endif
    }
    using std::tanh;
#else
    HAND_FUNCTION(tanh)
#endif
#undef HAND_FUNCTION

    using std::sqrt;
    template <class T>
    batch_of<T> sqrt(const batch_of<T>& x)
    {
        return xsimd::sqrt(x);
    }

    template <class T>
    batch_of<T> load(const T* p)
    {
        return batch_of<T>::load_unaligned(p);
    }
    template <class T>
    void store(T* p, const batch_of<T>& x)
    {
        x.store_unaligned(p);
    }

    /// a * b + c in one rounding where the machine can.
    template <class T>
    batch_of<T> fma(const batch_of<T>& a, const batch_of<T>& b, const batch_of<T>& c)
    {
        return xsimd::fma(a, b, c);
    }

    template <class T>
    T sum(const batch_of<T>& x)
    {
        return xsimd::hadd(x);
    }

    inline double largest(const batch& x)
    {
        alignas(64) double lanes[batch::size];
        x.store_aligned(lanes);
        double m = lanes[0];
        for (double lane : lanes)
        {
            m = lane > m ? lane : m;
        }
        return m;
    }

    /// Whether stream() may be used on p.
    template <class T>
    bool is_aligned(const T* p)
    {
        return reinterpret_cast<std::uintptr_t>(p) % (batch_of<T>::size * sizeof(T)) == 0;
    }

    /// Stores past the caches, for arrays larger than those: the line is not read first. p is aligned; end_stream() must
    /// follow before the elements are used.
    inline void stream(double* p, const batch& x)
    {
#if defined(__AVX512F__)
        _mm512_stream_pd(p, x);
#elif defined(__AVX__)
        _mm256_stream_pd(p, x);
#elif defined(__SSE2__)
        _mm_stream_pd(p, x);
#else
        store(p, x);
#endif
    }
    inline void end_stream()
    {
#ifdef __SSE2__
        _mm_sfence();
#endif
    }
}
