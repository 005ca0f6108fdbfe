// SPDX-License-Identifier: BSD-3-Clause
// A formula as a flat list of steps, each reading earlier ones: an ordinary constexpr value.
#pragma once

#include <xautodiff/expression/leaf.hpp>
#include <xautodiff/graph/operation.hpp>

#include <array>
#include <cstddef>
#include <vector>

namespace xautodiff::graph
{
    /// One truth value a step. Not vector<bool>, which clang 16 cannot evaluate as a constant with libstdc++ 12.
    using flags = std::vector<char>;

    enum class step_kind
    {
        literal,    ///< a number known to the type or made by a rule
        slot,       ///< a leaf's value
        parameter,  ///< a slot that holds axes, slices or a shape
        operation
    };

    struct step
    {
        step_kind kind = step_kind::literal;
        const operation* op = nullptr;
        std::array<int, max_operands> operand{-1, -1, -1, -1};
        int slot = -1;
        double value = 0;
        array::shape shape{};  ///< what is known of it statically

        constexpr int arity() const { return op == nullptr ? 0 : op->arity; }
        constexpr bool is_mask() const { return op != nullptr && op->is_mask; }
        constexpr bool is_literal(double v) const { return kind == step_kind::literal && value == v; }

        /// Whether operand number i is read for its shape alone.
        constexpr bool reads_shape_only(int i) const { return (op->shape_only >> unsigned(i) & 1u) != 0; }

        /// The operands, in a graph where step i of this one is `place[i]`.
        constexpr std::array<int, max_operands> operands_in(const std::vector<int>& place) const
        {
            std::array<int, max_operands> out{-1, -1, -1, -1};
            for (int k = 0; k < arity(); ++k)
            {
                out[std::size_t(k)] = place[std::size_t(operand[std::size_t(k)])];
            }
            return out;
        }
    };

    /// What a graph knows of one leaf; `identity` is the address that stands for the leaf's type.
    struct slot
    {
        const char* identity = nullptr;
        expression::leaf_kind kind = expression::leaf_kind::constant;
        int occurrence = -1;  ///< which payload leaf, in the order of the nested type, fills it first
        int position = -1;    ///< of an input: the argument's number
        const array::parameters* fixed = nullptr;
        array::shape shape{};
    };

    template <std::size_t Steps, std::size_t Slots, std::size_t Outputs, std::size_t Occurrences>
    struct flat_graph
    {
        std::array<step, Steps> steps{};
        std::array<slot, Slots> slots{};
        std::array<int, Outputs> outputs{};
        /// Which slot the n-th payload leaf of the nested type goes to.
        std::array<int, Occurrences> occurrence_slot{};

        constexpr const step& operator[](int i) const { return steps[std::size_t(i)]; }
        static constexpr int size() { return int(Steps); }
    };
}
