// SPDX-License-Identifier: BSD-3-Clause
// Two translation units that include everything link, agree on a gradient, and record on one tape.
#include <iostream>

#include "two_files.hpp"

int main()
{
    const double here = ad::grad(cube{})(2.0), there = slope_from_the_other_file(2.0);

    ad::Variable<double> x(3.0, ad::requires_grad);
    ad::Variable<double> y = square_in_the_other_file(x);
    y = y * x;
    y.backward();

    std::cout << here << ' ' << there << ' ' << x.grad() << '\n';
    return here == 12 && there == 12 && x.grad() == 27 ? 0 : 1;
}
