// SPDX-License-Identifier: BSD-3-Clause
// core.hpp is the part for scalars and std::array: it must not pull in xtensor, BLAS or <iostream>.
#include <xautodiff/core.hpp>

#if defined(XTENSOR_VERSION_MAJOR) || defined(XTL_VERSION_MAJOR)
#error "core.hpp includes xtensor"
#endif
#if defined(CXXBLAS_DRIVERS_CBLAS_H) || defined(CBLAS_H) || defined(OPENBLAS_CONFIG_H)
#error "core.hpp includes BLAS"
#endif
// (libstdc++'s own <memory> brings <ostream>, so that one proves nothing.)
#if defined(_GLIBCXX_IOSTREAM)
#error "core.hpp includes <iostream>"
#endif

// Usable there, and constexpr.
static_assert(xautodiff::grad([](auto x) { return x * x; })(3.0) == 6.0);
