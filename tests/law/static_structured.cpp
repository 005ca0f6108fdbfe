// SPDX-License-Identifier: BSD-3-Clause
#include "static_operands.hpp"

TEST_CASE("every structured operation keeps the laws on std::array")
{
    xautodiff::law::check_every<xautodiff::law::static_operands>(xautodiff::law::structured);
    xautodiff::law::check_every<xautodiff::law::static_operands>(xautodiff::law::of_numbers);
}
