// SPDX-License-Identifier: BSD-3-Clause
// expect: xautodiff: the expression has another shape than the Variable that is to keep it
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

ad::Variable<double> s(2.0, ad::requires_grad);

#ifdef FIXED
ad::Variable<double> y = s * 2;
#else
ad::Variable<xt::xtensor<double, 1>> y = s * 2;
#endif
