// SPDX-License-Identifier: BSD-3-Clause
// From the nested type to a graph. A shared subtree is visited once, since its type's address is remembered; a subtree with
// an unidentified leaf below is never remembered.
//
// `merge` is the claim that leaves of equal type hold equal payloads, checked when the graph is run. Without it every
// payload leaf gets a slot of its own: the slow right way.
#pragma once

#include <xautodiff/expression/differential.hpp>
#include <xautodiff/graph/forward.hpp>

namespace xautodiff::graph
{
    namespace detail
    {
        template <class N>
        struct payloads;
    }

    /// How many leaves below (and including) N carry a payload at run time, counting each occurrence.
    template <class N>
    inline constexpr int payload_count = detail::payloads<N>::count;

    namespace detail
    {
        template <expression::leaf N>
        struct payloads<N>
        {
            static constexpr int count = requires(const N& n) { n.payload(); } ? 1 : 0;
        };
        template <class Op, class... X>
        struct payloads<expression::apply<Op, X...>>
        {
            static constexpr int count = (payload_count<X> + ... + 0);
        };
        template <class Mode, class Body, class Inputs, class... X>
        struct payloads<expression::differential<Mode, Body, Inputs, X...>>
        {
            static constexpr int count = payload_count<Body> + (payload_count<X> + ... + 0);
        };
    }

    class lowering
    {
    public:
        builder steps;
        std::vector<int> occurrence_slot;

        constexpr lowering(int occurrences, bool merge) : occurrence_slot(std::size_t(occurrences), -1), m_merge(merge)
        {
        }

        /// The symbol of N, whose payload leaves are numbered from `begin`.
        template <class N>
        constexpr symbol lower(int begin = 0)
        {
            if constexpr (expression::leaf<N>)
            {
                return lower_leaf<N>(begin);
            }
            else
            {
                const bool remember = N::has_identity && (m_merge || payload_count<N> == 0);
                if (const int visited = remember ? revisit(&type_id<N>, begin, payload_count<N>) : -1; visited >= 0)
                {
                    return steps.at(visited);
                }
                const symbol out = lower_inner(static_cast<const N*>(nullptr), begin);
                if (remember)
                {
                    m_visits.push_back({&type_id<N>, out.index, begin});
                }
                return out;
            }
        }

        /// The step of an input leaf, or -1 where the expression does not read it.
        template <class Input>
        constexpr int find_input() const
        {
            const int slot = steps.find_slot(&type_id<Input>);
            return slot >= 0 ? steps.step_of_slot(slot) : -1;
        }

    private:
        struct visit
        {
            const char* type;
            int index;
            int begin;
        };

        std::vector<visit> m_visits;
        bool m_merge;

        /// The step of a type that was lowered before, whose payloads then serve for those from `begin`; -1 if it was not. The
        /// types are compared one by one, since nothing but equality is known of their addresses: by pointers, which are what
        /// a compiler evaluates fastest.
        constexpr int revisit(const char* type, int begin, int payloads)
        {
            const visit* const end = m_visits.data() + m_visits.size();
            for (const visit* v = m_visits.data(); v != end; ++v)
            {
                if (v->type == type)
                {
                    std::copy_n(occurrence_slot.begin() + v->begin, payloads, occurrence_slot.begin() + begin);
                    return v->index;
                }
            }
            return -1;
        }

        constexpr symbol slot_leaf(const slot& description, bool may_merge, int occurrence)
        {
            if (const int known = may_merge ? steps.find_slot(description.identity) : -1; known >= 0)
            {
                note(occurrence, known);
                return steps.at(steps.step_of_slot(known));
            }
            note(occurrence, int(steps.slots.size()));
            return steps.leaf(description);
        }

        constexpr void note(int occurrence, int slot)
        {
            if (occurrence >= 0)
            {
                occurrence_slot[std::size_t(occurrence)] = slot;
            }
        }

        template <class N>
        constexpr symbol lower_leaf(int begin)
        {
            if constexpr (N::kind == expression::leaf_kind::literal)
            {
                return steps.literal(double(N::value));
            }
            else
            {
                constexpr bool has_payload = payload_count<N> != 0;
                slot s;
                s.identity = revealing<N>::identity;
                s.kind = N::kind;
                s.shape = N::static_shape;
                s.occurrence = has_payload ? begin : -1;
                if constexpr (N::kind == expression::leaf_kind::input)
                {
                    s.position = N::position;
                }
                if constexpr (N::kind == expression::leaf_kind::parameter && !has_payload)
                {
                    s.fixed = &N::value;
                }
                return slot_leaf(s, N::has_identity && (m_merge || !has_payload), s.occurrence);
            }
        }

        template <class Op, class... X>
        constexpr symbol lower_inner(const expression::apply<Op, X...>*, int begin)
        {
            std::array<symbol, sizeof...(X)> operand;
            std::size_t i = 0;
            ((operand[i++] = lower<X>(begin), begin += payload_count<X>), ...);
            return [&]<std::size_t... I>(std::index_sequence<I...>)
            {
                if constexpr (composed_operation<Op>)
                {
                    return Op::compose(operand[I]...);
                }
                else
                {
                    return steps.append(&operation_of<Op, int(sizeof...(X))>, {operand[I].index...},
                                        expression::static_shape_of<expression::apply<Op, X...>>);
                }
            }(std::index_sequence_for<X...>{});
        }

        template <class Body, class... Input, class... X>
        constexpr symbol
        lower_inner(const expression::differential<expression::primal_mode, Body, expression::inputs<Input...>, X...>*,
                    int begin)
        {
            lowering inner(int(occurrence_slot.size()), m_merge);
            const symbol y = inner.lower<Body>(begin);
            const std::vector<symbol> arguments = lower_arguments<X...>(begin + payload_count<Body>);
            return splice<Input...>(inner, y, arguments, begin, payload_count<Body>);
        }

        template <int Position, class Body, class... Input, class... X>
        constexpr symbol lower_inner(const expression::differential<expression::reverse_mode<Position>, Body,
                                                                    expression::inputs<Input...>, X...>*,
                                     int begin)
        {
            lowering inner(int(occurrence_slot.size()), m_merge);
            const symbol y = inner.lower<Body>(begin);
            const std::vector<symbol> arguments = lower_arguments<X...>(begin + payload_count<Body>);
            const int source = std::array{inner.find_input<Input>()...}[std::size_t(Position)];
            const symbol argument = arguments[std::size_t(Position)];
            symbol adjoint;
            if (source >= 0)
            {
                adjoint = reverse(inner.steps, y, scalar_seed(inner.steps, y), {source})[0];
            }
            const symbol out = splice<Input...>(inner, adjoint, arguments, begin, payload_count<Body>);
            return steps.broadcast(out ? out : steps.literal(0), argument);
        }

        template <class Body, class... Input, class... X>
        constexpr symbol
        lower_inner(const expression::differential<expression::forward_mode, Body, expression::inputs<Input...>, X...>*,
                    int begin)
        {
            constexpr std::size_t count = sizeof...(Input);
            lowering inner(int(occurrence_slot.size()), m_merge);
            const symbol y = inner.lower<Body>(begin);
            const std::vector<symbol> given = lower_arguments<X...>(begin + payload_count<Body>);
            std::vector<symbol> arguments(count);
            std::vector<int> sources;
            std::vector<symbol> tangents;
            // A tangent is a slot of the inner graph that is filled from outside, like an input.
            const std::array<int, count> found{inner.find_input<Input>()...};
            std::vector<int> tangent_step(count, -1);
            for (std::size_t i = 0; i < count; ++i)
            {
                arguments[i] = given[i];
                if (found[i] >= 0)
                {
                    slot t = inner.steps.slots[std::size_t(inner.steps.steps[std::size_t(found[i])].slot)];
                    t.identity = nullptr;
                    const symbol s = inner.steps.leaf(t);
                    tangent_step[i] = s.index;
                    sources.push_back(found[i]);
                    tangents.push_back(s);
                }
            }
            const symbol tangent = forward(inner.steps, {y.index}, sources, tangents)[0];
            const symbol out = splice<Input...>(inner, tangent, arguments, begin, payload_count<Body>,
                                                [&](int i)
                                                {
                                                    for (std::size_t k = 0; k < count; ++k)
                                                    {
                                                        if (tangent_step[k] == i)
                                                        {
                                                            return given[count + k];
                                                        }
                                                    }
                                                    return symbol{};
                                                });
            return out ? out
                       : steps.broadcast(steps.literal(0),
                                         splice<Input...>(inner, y, arguments, begin, payload_count<Body>));
        }

        template <class... X>
        constexpr std::vector<symbol> lower_arguments(int begin)
        {
            std::vector<symbol> out(sizeof...(X));
            std::size_t i = 0;
            ((out[i++] = lower<X>(begin), begin += payload_count<X>), ...);
            return out;
        }

        static constexpr symbol nothing(int) { return {}; }

        /// Copies what `wanted` needs from an inner graph into this one, with arguments in place of its inputs.
        template <class... Input>
        constexpr symbol splice(const lowering& inner, symbol wanted, const std::vector<symbol>& arguments, int begin,
                                int payloads, auto replacement)
        {
            const builder& from = inner.steps;
            std::vector<int> copied(from.steps.size(), -1);
            const std::array<const char*, sizeof...(Input)> bound{&type_id<Input>...};
            for (std::size_t i = 0; i < from.steps.size(); ++i)
            {
                const step& s = from.steps[i];
                if (const symbol other = replacement(int(i)))
                {
                    copied[i] = other.index;
                }
                else if (s.kind == step_kind::literal)
                {
                    copied[i] = steps.literal(s.value).index;
                }
                else if (s.kind == step_kind::operation)
                {
                    if (wanted)
                    {
                        copied[i] = steps.append(s.op, s.operands_in(copied), s.shape).index;
                    }
                }
                else
                {
                    const slot& leaf = from.slots[std::size_t(s.slot)];
                    for (std::size_t k = 0; k < bound.size(); ++k)
                    {
                        if (leaf.identity == bound[k])
                        {
                            copied[i] = arguments[k].index;
                        }
                    }
                    if (copied[i] < 0)
                    {
                        copied[i] =
                            slot_leaf(leaf, leaf.identity != nullptr && (m_merge || leaf.occurrence < 0), -1).index;
                    }
                    for (int k = begin; k < begin + payloads; ++k)
                    {
                        if (inner.occurrence_slot[std::size_t(k)] == s.slot)
                        {
                            occurrence_slot[std::size_t(k)] = steps.steps[std::size_t(copied[i])].slot;
                        }
                    }
                }
            }
            return wanted ? steps.at(copied[std::size_t(wanted.index)]) : symbol{};
        }

        template <class... Input>
        constexpr symbol splice(const lowering& inner, symbol wanted, const std::vector<symbol>& arguments, int begin,
                                int payloads)
        {
            return splice<Input...>(inner, wanted, arguments, begin, payloads, nothing);
        }
    };
}
