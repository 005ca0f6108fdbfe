// SPDX-License-Identifier: BSD-3-Clause
// The graph is retained by an option, not by a flag.
// expect: xautodiff: a bool is no adjoint to start from
#include <xautodiff/xautodiff.hpp>

namespace ad = xautodiff;

void differentiate(const ad::Variable<double>& y)
{
#ifdef FIXED
    y.backward({.retain_graph = true});
#else
    y.backward(true);
#endif
}
