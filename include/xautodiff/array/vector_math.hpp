// SPDX-License-Identifier: BSD-3-Clause
// Elementary functions on lanes, from the fastest source that is within 4 ulp: glibc's vector library libmvec where it has
// the function (x86-64, from glibc 2.35 on; g++ and clang++ link it through libm), else the scalar function lane by lane.
#pragma once

#include <xautodiff/array/lanes.hpp>

#include <cmath>

#if defined(__x86_64__) && defined(__GLIBC__) && !defined(XAUTODIFF_NO_LIBMVEC)
#if __GLIBC_PREREQ(2, 35)
#define XAUTODIFF_HAS_LIBMVEC
#endif
#endif

// Of the vector ABI: the instruction set, the number of lanes, one `v` for each operand.
#if defined(__AVX512F__)
#define XAUTODIFF_MVEC_DOUBLE(operands, name) _ZGVeN8##operands##_##name
#define XAUTODIFF_MVEC_FLOAT(operands, name) _ZGVeN16##operands##_##name##f
#elif defined(__AVX2__)
#define XAUTODIFF_MVEC_DOUBLE(operands, name) _ZGVdN4##operands##_##name
#define XAUTODIFF_MVEC_FLOAT(operands, name) _ZGVdN8##operands##_##name##f
#elif defined(__AVX__)
#define XAUTODIFF_MVEC_DOUBLE(operands, name) _ZGVcN4##operands##_##name
#define XAUTODIFF_MVEC_FLOAT(operands, name) _ZGVcN8##operands##_##name##f
#else
#define XAUTODIFF_MVEC_DOUBLE(operands, name) _ZGVbN2##operands##_##name
#define XAUTODIFF_MVEC_FLOAT(operands, name) _ZGVbN4##operands##_##name##f
#endif

#if defined(XAUTODIFF_HAS_LIBMVEC)
namespace xautodiff::array::libmvec
{
    typedef double doubles __attribute__((vector_size(register_bytes)));
    typedef float floats __attribute__((vector_size(register_bytes)));
}
#define XAUTODIFF_VECTOR_FUNCTION(name)                                                                                \
    extern "C" ::xautodiff::array::libmvec::doubles XAUTODIFF_MVEC_DOUBLE(v, name)(                                    \
        ::xautodiff::array::libmvec::doubles) noexcept;                                                                \
    extern "C" ::xautodiff::array::libmvec::floats XAUTODIFF_MVEC_FLOAT(v, name)(                                      \
        ::xautodiff::array::libmvec::floats) noexcept;                                                                 \
    namespace xautodiff::array                                                                                         \
    {                                                                                                                  \
        inline lanes<double> name(const lanes<double>& x) { return {XAUTODIFF_MVEC_DOUBLE(v, name)(x.value)}; }        \
        inline lanes<float> name(const lanes<float>& x) { return {XAUTODIFF_MVEC_FLOAT(v, name)(x.value)}; }           \
    }
#else
#define XAUTODIFF_VECTOR_FUNCTION(name)                                                                                \
    namespace xautodiff::array                                                                                         \
    {                                                                                                                  \
        template <class T>                                                                                             \
        lanes<T> name(const lanes<T>& x)                                                                               \
        {                                                                                                              \
            return by_lane([](T lane) { return std::name(lane); }, x);                                                 \
        }                                                                                                              \
    }
#endif

// clang-format off
XAUTODIFF_VECTOR_FUNCTION(exp)
XAUTODIFF_VECTOR_FUNCTION(expm1)
XAUTODIFF_VECTOR_FUNCTION(log)
XAUTODIFF_VECTOR_FUNCTION(log1p)
XAUTODIFF_VECTOR_FUNCTION(sin)
XAUTODIFF_VECTOR_FUNCTION(cos)
XAUTODIFF_VECTOR_FUNCTION(tan)
XAUTODIFF_VECTOR_FUNCTION(tanh)
XAUTODIFF_VECTOR_FUNCTION(erf)
XAUTODIFF_VECTOR_FUNCTION(erfc)
// clang-format on

#if defined(XAUTODIFF_HAS_LIBMVEC)
extern "C" ::xautodiff::array::libmvec::doubles
    XAUTODIFF_MVEC_DOUBLE(vv, pow)(::xautodiff::array::libmvec::doubles, ::xautodiff::array::libmvec::doubles) noexcept;
extern "C" ::xautodiff::array::libmvec::floats
    XAUTODIFF_MVEC_FLOAT(vv, pow)(::xautodiff::array::libmvec::floats, ::xautodiff::array::libmvec::floats) noexcept;
#endif

namespace xautodiff::array
{
#if defined(XAUTODIFF_HAS_LIBMVEC)
    inline lanes<double> pow(const lanes<double>& x, const lanes<double>& p)
    {
        return {XAUTODIFF_MVEC_DOUBLE(vv, pow)(x.value, p.value)};
    }
    inline lanes<float> pow(const lanes<float>& x, const lanes<float>& p)
    {
        return {XAUTODIFF_MVEC_FLOAT(vv, pow)(x.value, p.value)};
    }
#else
    template <class T>
    lanes<T> pow(const lanes<T>& x, const lanes<T>& p)
    {
        return by_lane([](T a, T b) { return std::pow(a, b); }, x, p);
    }
#endif
}

#undef XAUTODIFF_VECTOR_FUNCTION
#undef XAUTODIFF_MVEC_DOUBLE
#undef XAUTODIFF_MVEC_FLOAT
