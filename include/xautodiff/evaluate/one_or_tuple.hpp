// SPDX-License-Identifier: BSD-3-Clause
// How results are handed out of which there may be one or several.
#pragma once

#include <tuple>
#include <utility>

namespace xautodiff::evaluate
{
    /// One result as itself, several as a tuple.
    template <class... G>
    constexpr auto one_or_tuple(std::tuple<G...>&& t)
    {
        if constexpr (sizeof...(G) == 1)
        {
            return std::get<0>(std::move(t));
        }
        else
        {
            return std::move(t);
        }
    }
}
