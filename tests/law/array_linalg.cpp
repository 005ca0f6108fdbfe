// SPDX-License-Identifier: BSD-3-Clause
// The operations of linalg.hpp.
#include <xautodiff/linalg.hpp>

#include "array_operands.hpp"

namespace law = xautodiff::law;
namespace op = xautodiff::op;
using law::at;
using xautodiff::linalg::lapack;

namespace
{
    using matrix = std::array<law::points::vector, 3>;

    // Its determinant is positive, and its rows are not in the order of their pivots.
    constexpr matrix square{{{0.4, -1.1, 0.7}, {1.5, 0.3, -0.6}, {-0.2, 0.9, 1.3}}};

    const std::tuple samples{at<op::solve<lapack>>(square, law::points::v),
                             at<op::solve<lapack>>(square, law::points::tall),
                             at<op::solve_transposed<lapack>>(square, law::points::v),
                             at<op::solve_transposed<lapack>>(square, law::points::tall),
                             at<op::inverse<lapack>>(square),
                             at<op::inverse_transposed<lapack>>(square),
                             at<op::determinant<lapack>>(square),
                             at<op::log_determinant<lapack>>(square)};
}

TEST_CASE("every operation of linalg.hpp keeps the laws on arrays")
{
    xautodiff::law::check_every<xautodiff::law::array_operands>(samples);
}
