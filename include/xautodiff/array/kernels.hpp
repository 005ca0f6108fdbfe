// SPDX-License-Identifier: BSD-3-Clause
// All loops on arrays that need nothing but the standard library, and work in constant expressions.
#pragma once

#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/pairwise_sum.hpp>
#include <xautodiff/array/product.hpp>
#include <xautodiff/array/reduce.hpp>
