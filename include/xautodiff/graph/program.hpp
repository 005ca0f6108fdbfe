// SPDX-License-Identifier: BSD-3-Clause
// What to compute of an expression, lowered, transformed, cleared of dead steps and frozen: `program<Request>::graph`.
//
// A request says in `build` which symbols it wants. Its type is the key of the generated code.
#pragma once

#include <xautodiff/graph/common_factors.hpp>
#include <xautodiff/graph/kept_vector.hpp>
#include <xautodiff/graph/lower.hpp>
#include <xautodiff/graph/powers_of_two.hpp>
#include <xautodiff/graph/reciprocals.hpp>
#include <xautodiff/graph/row_factors.hpp>

namespace xautodiff::graph
{
    /// A finished graph whose size is not yet part of its type.
    struct draft
    {
        std::vector<step> steps;
        std::vector<slot> slots;
        std::vector<int> outputs;
        std::vector<int> occurrence_slot;
    };

    /// After all derivatives have been taken, a detached value is the value.
    constexpr void drop_detached(builder& g, std::vector<symbol>& outputs)
    {
        rewrite(
            g, outputs, [](const builder& b, int i) { return b[i].op != nullptr && is<op::detach>(b[i].op); },
            [](const rewriting& r, int i) { return r.at(r.before[i].operand[0]); });
    }

    /// Keeps what the outputs need, slots excepted: they stay, as the places that payloads go to.
    constexpr draft without_dead_steps(lowering& l, std::vector<symbol> outputs)
    {
        if (l.steps.has_arrays())
        {
            take_out_common_factors(l.steps, outputs);
        }
        drop_detached(l.steps, outputs);
        if (l.steps.has_arrays())
        {
            divide_by_reciprocals(l.steps, outputs);
            take_out_row_factors(l.steps, outputs);
            take_out_powers_of_two(l.steps, outputs);
        }
        const std::vector<step>& all = l.steps.steps;
        flags live(all.size(), false);
        for (const symbol& s : outputs)
        {
            live[std::size_t(s.index)] = true;
        }
        for (std::size_t i = all.size(); i-- > 0;)
        {
            for (int k = 0; live[i] && k < all[i].arity(); ++k)
            {
                live[std::size_t(all[i].operand[std::size_t(k)])] = true;
            }
        }
        draft out;
        std::vector<int> renumbered(all.size(), -1);
        for (std::size_t i = 0; i < all.size(); ++i)
        {
            if (live[i] || all[i].slot >= 0)
            {
                renumbered[i] = int(out.steps.size());
                out.steps.push_back(all[i]);
                out.steps.back().operand = all[i].operands_in(renumbered);
            }
        }
        out.slots = l.steps.slots;
        for (const symbol& s : outputs)
        {
            out.outputs.push_back(renumbered[std::size_t(s.index)]);
        }
        out.occurrence_slot = l.occurrence_slot;
        return out;
    }

    /// The value of an expression.
    template <class Node>
    struct value_of
    {
        static constexpr draft build(bool merge)
        {
            lowering l(payload_count<Node>, merge);
            return without_dead_steps(l, {l.lower<Node>()});
        }
    };

    namespace detail
    {
        /// Adjoints, with explicit zeros where nothing flows.
        constexpr void append_adjoints(lowering& l, symbol y, symbol seed, const std::vector<int>& sources,
                                       std::vector<symbol>& out)
        {
            const std::vector<symbol> adjoints = reverse(l.steps, y, seed, sources);
            for (std::size_t i = 0; i < sources.size(); ++i)
            {
                out.push_back(adjoints[i] ? adjoints[i]
                                          : l.steps.broadcast(l.steps.literal(0), l.steps.at(sources[i])));
            }
        }
    }

    /// The value of a scalar expression and its gradient with respect to some input leaves.
    template <class Node, class... Input>
    struct value_and_gradient_of
    {
        static constexpr draft build(bool merge)
        {
            lowering l(payload_count<Node>, merge);
            const std::vector<int> sources{l.lower<Input>().index...};
            std::vector<symbol> out{l.lower<Node>()};
            detail::append_adjoints(l, out[0], scalar_seed(l.steps, out[0]), sources, out);
            return without_dead_steps(l, out);
        }
    };

    /// The gradient alone.
    template <class Node, class... Input>
    struct gradient_of
    {
        static constexpr draft build(bool merge)
        {
            lowering l(payload_count<Node>, merge);
            const std::vector<int> sources{l.lower<Input>().index...};
            const symbol y = l.lower<Node>();
            std::vector<symbol> out;
            detail::append_adjoints(l, y, scalar_seed(l.steps, y), sources, out);
            return without_dead_steps(l, out);
        }
    };

    /// Adjoints of all Variables that an expression reads, in the order of their slots, for a seed that comes as input 0.
    template <class Node, class Seed>
    struct variable_adjoints_of
    {
        static constexpr draft build(bool merge)
        {
            lowering l(payload_count<Node>, merge);
            const symbol y = l.lower<Node>();
            std::vector<int> sources;
            for (std::size_t i = 0; i < l.steps.steps.size(); ++i)
            {
                const int slot = l.steps.steps[i].slot;
                if (slot >= 0 && l.steps.slots[std::size_t(slot)].kind == expression::leaf_kind::variable)
                {
                    sources.push_back(int(i));
                }
            }
            std::vector<symbol> out;
            detail::append_adjoints(l, y, l.lower<Seed>(), sources, out);
            return without_dead_steps(l, out);
        }
    };

    template <class... T>
    struct type_list
    {
    };

    namespace detail
    {
        /// A draft as a constant, as far as there is room for it.
        struct kept_draft
        {
            kept_vector<step, 2048> steps;
            kept_vector<slot, 512> slots;
            kept_vector<int, 64> outputs;
            kept_vector<int, 2048> occurrence_slot;

            constexpr explicit kept_draft(const draft& d)
                : steps(d.steps), slots(d.slots), outputs(d.outputs), occurrence_slot(d.occurrence_slot)
            {
            }

            constexpr bool is_whole() const
            {
                return steps.is_whole() && slots.is_whole() && outputs.is_whole() && occurrence_slot.is_whole();
            }
        };
    }

    namespace detail
    {
        template <class Flat, class Draft>
        constexpr Flat flattened(const Draft& d)
        {
            Flat g;
            std::copy(d.steps.begin(), d.steps.end(), g.steps.begin());
            std::copy(d.slots.begin(), d.slots.end(), g.slots.begin());
            std::copy(d.outputs.begin(), d.outputs.end(), g.outputs.begin());
            std::copy(d.occurrence_slot.begin(), d.occurrence_slot.end(), g.occurrence_slot.begin());
            return g;
        }
    }

    template <class Request, bool Merge = true>
    struct program
    {
        static constexpr bool merges = Merge;
        static constexpr auto graph = []
        {
            // Not a static constant, which g++ puts into programs that are not optimised, with all that it refers to.
            constexpr detail::kept_draft kept{Request::build(Merge)};
            using flat = flat_graph<kept.steps.size, kept.slots.size, kept.outputs.size, kept.occurrence_slot.size>;
            if constexpr (kept.is_whole())
            {
                return detail::flattened<flat>(kept);
            }
            else
            {
                return detail::flattened<flat>(Request::build(Merge));
            }
        }();

        /// Whether some slot stands for more than one payload, so that they must be compared.
        static constexpr bool has_merged_payloads = []
        {
            std::array<int, graph.slots.size() + 1> users{};
            for (int s : graph.occurrence_slot)
            {
                if (++users[std::size_t(s)] > 1)
                {
                    return true;
                }
            }
            return false;
        }();
    };
}
