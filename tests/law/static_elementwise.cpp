// SPDX-License-Identifier: BSD-3-Clause
#include "static_operands.hpp"

TEST_CASE("every elementwise operation keeps the laws on numbers")
{
    xautodiff::law::check_every<xautodiff::law::static_operands>(xautodiff::law::elementwise);
}
