// SPDX-License-Identifier: BSD-3-Clause
// operator<< for Variables and expressions, as PyTorch prints tensors.
#pragma once

#include <xautodiff/io/print.hpp>
#include <xautodiff/xautodiff.hpp>
