// SPDX-License-Identifier: BSD-3-Clause
// What the two files of the link test share: each includes everything, and each instantiates the same functions.
#pragma once

#include <xautodiff/io.hpp>
#include <xautodiff/linalg.hpp>
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

struct cube
{
    constexpr auto operator()(auto x) const { return x * x * x; }
};

double slope_from_the_other_file(double x);

/// out = x * x, recorded in the other file.
ad::Variable<double> square_in_the_other_file(const ad::Variable<double>& x);
