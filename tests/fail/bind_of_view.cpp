// SPDX-License-Identifier: BSD-3-Clause
// expect: xautodiff: bind reads its arguments where they lie, and an xtensor view or function has no elements of its own
#include <xautodiff/xautodiff.hpp>

#include <xtensor/xview.hpp>

namespace ad = xautodiff;

xt::xtensor<double, 2> matrix{{1.0, 2.0}, {3.0, 4.0}};

#ifdef FIXED
auto bound = ad::bind([](auto m) { return ad::sum(ad::view(m, 0, ad::all)); }, matrix);
#else
auto row = xt::view(matrix, 0, xt::all());
auto bound = ad::bind([](auto r) { return ad::sum(r); }, row);
#endif
