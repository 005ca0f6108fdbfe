// SPDX-License-Identifier: BSD-3-Clause
#include "array_operands.hpp"

TEST_CASE("every elementwise operation keeps the laws on arrays")
{
    xautodiff::law::check_every<xautodiff::law::array_operands>(xautodiff::law::elementwise);
}
