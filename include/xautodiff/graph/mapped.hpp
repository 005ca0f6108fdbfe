// SPDX-License-Identifier: BSD-3-Clause
// A function of numbers, taken over arrays: its graph is built for numbers, and then every step spreads over the elements.
#pragma once

#include <xautodiff/graph/outputs.hpp>

namespace xautodiff::graph
{
    /// The values of Outputs, formulas of the numbers Input..., for arrays of the given shapes in place of these. Every output
    /// has the shape to which they broadcast, even where it does not vary.
    template <class Outputs, class Inputs, array::shape... Shapes>
    struct mapped_values_of;

    template <class Outputs, class... Input, array::shape... Shapes>
    struct mapped_values_of<Outputs, type_list<Input...>, Shapes...>
    {
        static constexpr draft build(bool merge)
        {
            lowering numbers(payload_count<Outputs>, merge);
            const std::vector<int> inputs{numbers.lower<Input>().index...};
            const std::vector<symbol> wanted = detail::lower_all<Outputs>(numbers);

            constexpr std::array<array::shape, sizeof...(Shapes)> given{Shapes...};
            lowering arrays(payload_count<Outputs>, merge);
            arrays.occurrence_slot = numbers.occurrence_slot;
            std::vector<slot> leaves = numbers.steps.slots;
            for (slot& leaf : leaves)
            {
                if (leaf.kind == expression::leaf_kind::input)
                {
                    leaf.shape = given[std::size_t(leaf.position)];
                }
            }
            std::vector<int> spread;
            for (const step& s : numbers.steps.steps)
            {
                spread.push_back(arrays.steps.append_copy(s, leaves, spread).index);
            }
            // Has the shape of all arguments together, and is never computed.
            symbol whole;
            for (int i : inputs)
            {
                const symbol x = arrays.steps.at(spread[std::size_t(i)]);
                whole = whole ? whole + x : x;
            }
            std::vector<symbol> out;
            for (const symbol& y : wanted)
            {
                const symbol value = arrays.steps.at(spread[std::size_t(y.index)]);
                out.push_back(whole ? arrays.steps.broadcast(value, whole) : value);
            }
            return without_dead_steps(arrays, out);
        }
    };

    /// Whether a graph computes its outputs element by element.
    template <const auto& Graph>
    inline constexpr bool is_elementwise = []
    {
        for (const step& s : Graph.steps)
        {
            if (s.op != nullptr && s.op->is_structured && !is<op::broadcast_like>(s.op))
            {
                return false;
            }
        }
        return true;
    }();
}
