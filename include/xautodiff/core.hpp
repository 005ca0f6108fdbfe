// SPDX-License-Identifier: BSD-3-Clause
// Everything that needs no xtensor: numbers and std::array, constexpr throughout, quick to include.
#pragma once

#include <xautodiff/evaluate/facade.hpp>
#include <xautodiff/expression/structured.hpp>
#include <xautodiff/functional/bind.hpp>
#include <xautodiff/functional/grad.hpp>
