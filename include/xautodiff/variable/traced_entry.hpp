// SPDX-License-Identifier: BSD-3-Clause
// How entries are made from nodes whose types are not known here.
#pragma once

#include <xautodiff/variable/traced.hpp>

#include <algorithm>

namespace xautodiff::variable
{
    namespace detail
    {
        inline traced same_node(node_base& n)
        {
            tape::here().forget_run();
            retain(n);
            return traced(handle<erased_array>(static_cast<node<erased_array>*>(&n)));
        }

        inline traced operand_of(const node_base& n, unsigned k) { return same_node(*operands_of(n)[k].node()); }

        /// Whether what is computed of those nodes goes on the tape.
        inline bool is_recorded(node_base* const* operands, std::size_t count)
        {
            return recording()
                   && std::any_of(operands, operands + count,
                                  [](const node_base* n) { return n->is_differentiable(); });
        }

        /// Makes those nodes the operands of a new entry.
        inline void refer_to(node_base& entry, node_base* const* operands, std::size_t count)
        {
            tape::here().forget_run();
            operand* o = operands_of(entry);
            for (std::size_t k = 0; k < count; ++k)
            {
                retain(*operands[k]);
                o[k].where = reinterpret_cast<std::uintptr_t>(operands[k])
                             | (operands[k]->is_differentiable() ? 0 : operand::constant_bit);
                o[k].version = std::uint32_t(version_of(*operands[k])) | shape_mark_of(*operands[k]);
            }
        }

        /// An entry of some type whose operands are those nodes; a leaf where nothing flows into it.
        template <class T>
        handle<T> append_entry(const node_type& type, T&& value, node_base* const* operands, unsigned count)
        {
            if (!is_recorded(operands, count))
            {
                return make_leaf<T>(std::move(value));
            }
            auto* n = append_node<T>(type, type.operands_at + count * sizeof(operand),
                                     std::max(alignof(node<T>), std::size_t(8)), std::move(value));
            refer_to(*n, operands, count);
            return handle<T>(n);
        }

        template <std::size_t Count>
        inline constexpr auto uses_of_each = []
        {
            std::array<operand_use, Count> out{};
            for (std::size_t k = 0; k < Count; ++k)
            {
                out[k] = {std::uint8_t(k), true, false, 0};
            }
            return out;
        }();

        template <class T>
        inline constexpr std::size_t operands_behind = (sizeof(node<T>) + 7) / 8 * 8;
    }
}
