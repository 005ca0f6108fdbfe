// SPDX-License-Identifier: BSD-3-Clause
// Everything but streams and decompositions.
#pragma once

#include <xautodiff/core.hpp>
#include <xautodiff/evaluate/blas_product.hpp>
#include <xautodiff/expression/xtensor_operand.hpp>
#include <xautodiff/functional/dynamic.hpp>
#include <xautodiff/variable/backward.hpp>
#include <xautodiff/variable/xtensor_variable.hpp>
