// SPDX-License-Identifier: BSD-3-Clause
// How an operation on whole arrays goes along the first axis, for those that can be run on some rows at a time.
#pragma once

namespace xautodiff::op
{
    struct row_use
    {
        unsigned taken = 0;  ///< operands whose rows are taken one after the other, as bits; of the others all is read
        bool adds_up = false;  ///< the result is a sum over these rows; otherwise it has a row for each
    };
}
