// SPDX-License-Identifier: BSD-3-Clause
// All reductions.
#pragma once

#include <xautodiff/array/max_to.hpp>
#include <xautodiff/array/sum_to.hpp>
