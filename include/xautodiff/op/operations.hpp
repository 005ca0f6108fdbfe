// SPDX-License-Identifier: BSD-3-Clause
// All operations: the rules of one may name any other.
#pragma once

#include <xautodiff/op/arithmetic.hpp>
#include <xautodiff/op/exponential.hpp>
#include <xautodiff/op/layout.hpp>
#include <xautodiff/op/power.hpp>
#include <xautodiff/op/product.hpp>
#include <xautodiff/op/reduction.hpp>
#include <xautodiff/op/selection.hpp>
#include <xautodiff/op/trigonometric.hpp>
