// SPDX-License-Identifier: BSD-3-Clause
// The text around a function's results: "value = ...; grad = (..., ...)".
#pragma once

#include <xautodiff/functional/result_parts.hpp>
#include <xautodiff/graph/text.hpp>

namespace xautodiff::functional
{
    /// What stands before part i of an R.
    template <class R>
    constexpr graph::text text_before_part(std::size_t i)
    {
        if constexpr (requires { parts_of<R>::second; })
        {
            graph::text out(i == 0 ? "value" : "; ");
            out += i == 0 ? "" : parts_of<R>::second;
            return out += " = ";
        }
        else
        {
            return graph::text(i != 0 ? ", " : parts_of<R>::count == 1 ? "" : "(");
        }
    }

    /// Adds to the last piece of text what stands before each result in an R, and appends a piece to go on with after it.
    template <class R>
    constexpr void frame_results(std::vector<graph::text>& pieces)
    {
        using parts = parts_of<R>;
        if constexpr (parts::count == 0)
        {
            pieces.emplace_back();
        }
        else
        {
            [&]<std::size_t... I>(std::index_sequence<I...>) {
                ((pieces.back() += text_before_part<R>(I), frame_results<typename parts::template part<I>>(pieces)),
                 ...);
            }(std::make_index_sequence<parts::count>{});
            pieces.back() += requires { parts::second; } || parts::count == 1 ? "" : ")";
        }
    }
}
