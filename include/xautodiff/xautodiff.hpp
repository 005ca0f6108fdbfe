// SPDX-License-Identifier: BSD-3-Clause
// Everything but streams and decompositions.
#pragma once

// A user's variables may be called as our parameters are.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif

#include <xautodiff/core.hpp>
#include <xautodiff/evaluate/blas_product.hpp>
#include <xautodiff/expression/xtensor_operand.hpp>
#include <xautodiff/functional/dynamic.hpp>
#include <xautodiff/variable/apply.hpp>
#include <xautodiff/variable/xtensor_variable.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
