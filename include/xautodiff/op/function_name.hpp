// SPDX-License-Identifier: BSD-3-Clause
// The name that grad_fn() shows for an operation: its own `function`, or what PyTorch shows for a torch.autograd.Function:
// the class's name and "Backward". Classes are called SoftPlus there and soft_plus here.
#pragma once

#include <array>
#include <string_view>

namespace xautodiff::op
{
    namespace detail
    {
        template <class Op>
        inline constexpr auto class_name_backward = []
        {
            constexpr std::string_view name = Op::name, suffix = "Backward";
            std::array<char, name.size() + suffix.size() + 1> out{};
            std::size_t length = 0;
            bool begins_word = true;
            for (char c : name)
            {
                if (c != '_')
                {
                    out[length++] = begins_word && c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c;
                }
                begins_word = c == '_';
            }
            for (char c : suffix)
            {
                out[length++] = c;
            }
            return out;
        }();
    }

    /// "SoftPlusBackward" for an operation of the name "soft_plus" that does not name its function itself.
    template <class Op>
    constexpr std::string_view function_name()
    {
        if constexpr (requires { Op::function; })
        {
            return Op::function;
        }
        else
        {
            return detail::class_name_backward<Op>.data();
        }
    }
}
