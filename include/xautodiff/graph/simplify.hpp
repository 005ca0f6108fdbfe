// SPDX-License-Identifier: BSD-3-Clause
// What is shorter than a step: asked by the builder before it appends one.
//
// Only identities that hold for every value are used. x * 0 stays, since x may be nan or inf; x + 0 becomes x, which
// differs for x = -0.0 alone.
#pragma once

#include <xautodiff/graph/builder.hpp>

namespace xautodiff::graph
{
    template <class Op>
    constexpr bool is(const operation* op)
    {
        return op->identity == &type_id<Op>;
    }

    namespace detail
    {
        /// x to an integral power: by repeated squaring, as one would write it.
        constexpr symbol integral_power(symbol x, long long p)
        {
            if (p < 0)
            {
                return 1 / integral_power(x, -p);
            }
            symbol result, factor = x;
            for (; p != 0; p /= 2)
            {
                if (p % 2 != 0)
                {
                    result = result ? result * factor : factor;
                }
                factor = p > 1 ? factor * factor : factor;
            }
            return result;
        }

        /// The value of a step whose operands are all literals, where it is safe and worthwhile to know it.
        constexpr bool fold(const operation* op, double a, double b, double& value)
        {
            // clang-format off
            if (is<op::add>(op)) { value = a + b; return true; }
            if (is<op::subtract>(op)) { value = a - b; return true; }
            if (is<op::multiply>(op)) { value = a * b; return true; }
            if (is<op::divide>(op) && b != 0) { value = a / b; return true; }
            if (is<op::negate>(op)) { value = -a; return true; }
            if (is<op::equal>(op)) { value = a == b; return true; }
            if (is<op::not_equal>(op)) { value = a != b; return true; }
            if (is<op::less>(op)) { value = a < b; return true; }
            if (is<op::less_equal>(op)) { value = a <= b; return true; }
            if (is<op::greater>(op)) { value = a > b; return true; }
            if (is<op::greater_equal>(op)) { value = a >= b; return true; }
            // clang-format on
            return false;
        }

        // Adjoints that are 0 where a branch is dead. What is done to one is done inside its selection, to what is alive, lest
        // the 0 meets an inf or a nan of the dead branch: where_adjoint(m, a, 0) * y becomes where_adjoint(m, a * y, 0).

        constexpr bool is_where_adjoint(const builder& b, int i)
        {
            return b[i].op != nullptr && is<op::where_adjoint>(b[i].op);
        }

        /// Whether a step is an adjoint that is dead somewhere.
        constexpr bool is_masked(const builder& b, int i)
        {
            const auto dead = [&](int arm) { return b[arm].is_literal(0) || is_masked(b, arm); };
            return is_where_adjoint(b, i) && (dead(b[i].operand[1]) || dead(b[i].operand[2]));
        }

        /// Operation done to the arms of step i, except to zeros.
        constexpr symbol inside_mask(builder& b, int i, auto operation)
        {
            const std::array<int, max_operands> of = b[i].operand;
            const auto arm = [&](int k) { return b[k].is_literal(0) ? b.at(k) : operation(b.at(k)); };
            const symbol taken = arm(of[1]), otherwise = arm(of[2]);
            return math::where_adjoint(b.at(of[0]), taken, otherwise);
        }

        /// Operation on two adjoints, dead where both are: it must give 0 for two zeros. None if neither is masked, or one is
        /// alive everywhere.
        constexpr symbol inside_masks(builder& b, int x, int y, auto operation)
        {
            if (b[x].is_literal(0) && b[y].is_literal(0))
            {
                return b.at(x);
            }
            const auto may_be_dead = [&](int i) { return b[i].is_literal(0) || is_masked(b, i); };
            const bool same_mask =
                is_where_adjoint(b, x) && is_where_adjoint(b, y) && b[x].operand[0] == b[y].operand[0];
            if (!(same_mask && (is_masked(b, x) || is_masked(b, y))) && !(may_be_dead(x) && may_be_dead(y)))
            {
                return {};
            }
            const int outer = is_where_adjoint(b, x) ? x : y;
            const std::array<int, max_operands> of = b[outer].operand;
            const auto arm = [&](std::size_t k)
            {
                const int left = is_where_adjoint(b, x) ? of[k] : x;
                const int right = same_mask ? b[y].operand[k] : outer == x ? y : of[k];
                const symbol inner = inside_masks(b, left, right, operation);
                return inner ? inner : operation(b.at(left), b.at(right));
            };
            const symbol taken = arm(1), otherwise = arm(2);
            return math::where_adjoint(b.at(of[0]), taken, otherwise);
        }
    }

    /// A symbol that equals op(operands), where one is there or can be made shorter; otherwise none. May rewrite the
    /// operands to cheaper ones of the same meaning.
    constexpr symbol simplified(builder& b, const operation* op, std::array<int, max_operands>& operand)
    {
        const auto step_of = [&b](int i) -> const step& { return b.steps[std::size_t(i)]; };

        // An elementwise operation broadcasts by itself: it needs no operand spread out beside one that has the shape.
        if (!op->is_structured && op->arity > 1)
        {
            for (int i = 0; i < op->arity; ++i)
            {
                const step& spread = step_of(operand[std::size_t(i)]);
                if (spread.op == nullptr || !is<op::broadcast_like>(spread.op))
                {
                    continue;
                }
                for (int j = 0; j < op->arity; ++j)
                {
                    if (j != i && b.same_shape(operand[std::size_t(j)], spread.operand[1]))
                    {
                        operand[std::size_t(i)] = spread.operand[0];
                        break;
                    }
                }
            }
        }

        const int x = operand[0], y = operand[1];
        const step& first = step_of(x);
        const bool literal_x = first.kind == step_kind::literal;
        const bool literal_y = op->arity > 1 && step_of(y).kind == step_kind::literal;
        const auto is_negated = [&](int i) { return step_of(i).op != nullptr && is<op::negate>(step_of(i).op); };

        const auto positive = [&](int i) { return b.at(is_negated(i) ? step_of(i).operand[0] : i); };
        // A negated number beside an array is cheaper than a negated array.
        const auto sign_moves_out = [&]
        {
            const auto beside_array = [&](int i, int other)
            { return is_negated(i) && step_of(i).shape.is_scalar() && !step_of(other).shape.is_scalar(); };
            return (is_negated(x) || is_negated(y)) && !beside_array(x, y) && !beside_array(y, x);
        };

        // A sum to a shape that is likely equal moves outward, to where a gradient is stored: all steps before it then have
        // one shape, and share a loop. What it passes must not vary along the axes that are summed.
        const auto is_sum_to = [&](int i)
        {
            const step& s = step_of(i);
            return s.op != nullptr && is<op::sum_to>(s.op) && s.shape.rank == step_of(s.operand[0]).shape.rank;
        };
        const auto summed = [&](int i) { return b.at(step_of(i).operand[0]); };
        const auto target = [&](int i) { return b.at(step_of(i).operand[1]); };

        const bool chooses = is<op::where>(op) || is<op::where_adjoint>(op);
        const auto choose = [&](symbol a, symbol otherwise)
        { return is<op::where>(op) ? math::where(b.at(x), a, otherwise) : math::where_adjoint(b.at(x), a, otherwise); };
        double value = 0;
        if (literal_x && (op->arity == 1 || literal_y) && op->arity <= 2
            && detail::fold(op, first.value, literal_y ? step_of(y).value : 0, value))
        {
            return b.literal(value);
        }
        if (is<op::multiply>(op))
        {
            if (step_of(x).is_literal(1) || step_of(y).is_literal(1))
            {
                return b.at(step_of(x).is_literal(1) ? y : x);
            }
            if (step_of(x).is_literal(-1) || step_of(y).is_literal(-1))
            {
                return -b.at(step_of(x).is_literal(-1) ? y : x);
            }
            // Signs move outward, where sums take them in: sin(x) + x * -y becomes sin(x) - x * y.
            if (sign_moves_out())
            {
                const symbol product = positive(x) * positive(y);
                return is_negated(x) != is_negated(y) ? -product : product;
            }
            if (is_sum_to(x) && b.absorbs(x, y))
            {
                return b.sum_to(summed(x) * b.at(y), target(x));
            }
            if (is_sum_to(y) && b.absorbs(y, x))
            {
                return b.sum_to(b.at(x) * summed(y), target(y));
            }
            if (detail::is_masked(b, x) || detail::is_masked(b, y))
            {
                const int masked = detail::is_masked(b, x) ? x : y;
                return detail::inside_mask(b, masked, [&](symbol inner) { return inner * b.at(masked == x ? y : x); });
            }
        }
        else if (is<op::add>(op))
        {
            if (step_of(x).is_literal(0) || step_of(y).is_literal(0))
            {
                return b.at(step_of(x).is_literal(0) ? y : x);
            }
            if (x == y)
            {
                return 2 * b.at(x);
            }
            if (is_negated(y))
            {
                return b.at(x) - positive(y);
            }
            if (is_negated(x))
            {
                return b.at(y) - positive(x);
            }
            if (is_sum_to(x) && is_sum_to(y) && b.same_shape(x, y)
                && b.same_shape(step_of(x).operand[0], step_of(y).operand[0]))
            {
                return b.sum_to(summed(x) + summed(y), target(x));
            }
            if (const symbol sum = detail::inside_masks(b, x, y, [](symbol p, symbol q) { return p + q; }))
            {
                return sum;
            }
        }
        else if (is<op::subtract>(op))
        {
            if (step_of(y).is_literal(0))
            {
                return b.at(x);
            }
            if (literal_x && first.value == 0)
            {
                return -b.at(y);
            }
            if (is_negated(y))
            {
                return b.at(x) + positive(y);
            }
            if (is_negated(x))
            {
                return -(positive(x) + b.at(y));
            }
            if (is_sum_to(x) && is_sum_to(y) && b.same_shape(x, y)
                && b.same_shape(step_of(x).operand[0], step_of(y).operand[0]))
            {
                return b.sum_to(summed(x) - summed(y), target(x));
            }
            if (const symbol difference = detail::inside_masks(b, x, y, [](symbol p, symbol q) { return p - q; }))
            {
                return difference;
            }
        }
        else if (is<op::divide>(op))
        {
            if (step_of(y).is_literal(1))
            {
                return b.at(x);
            }
            if (sign_moves_out())
            {
                const symbol quotient = positive(x) / positive(y);
                return is_negated(x) != is_negated(y) ? -quotient : quotient;
            }
            if (is_sum_to(x) && b.absorbs(x, y))
            {
                return b.sum_to(summed(x) / b.at(y), target(x));
            }
            if (detail::is_masked(b, x))
            {
                return detail::inside_mask(b, x, [&](symbol inner) { return inner / b.at(y); });
            }
        }
        else if (is<op::negate>(op) && is_negated(x))
        {
            return b.at(first.operand[0]);
        }
        else if (is<op::negate>(op) && is_sum_to(x))
        {
            return b.sum_to(-summed(x), target(x));
        }
        else if (is<op::negate>(op) && detail::is_masked(b, x))
        {
            return detail::inside_mask(b, x, [](symbol inner) { return -inner; });
        }
        else if (is<op::pow>(op) && literal_y)
        {
            const double p = step_of(y).value;
            if (p != 0 && p >= -64 && p <= 64 && p == double((long long)(p)))
            {
                return detail::integral_power(b.at(x), (long long)(p));
            }
        }
        else if (chooses && literal_x)
        {
            const int chosen = first.value != 0 ? y : operand[2];
            const int other = first.value != 0 ? operand[2] : y;
            if (step_of(other).shape.is_scalar() || b.same_shape(chosen, other))
            {
                return b.at(chosen);
            }
        }
        else if (is<op::where>(op) && (detail::is_masked(b, y) || detail::is_masked(b, operand[2])))
        {
            return detail::inside_masks(b, y, operand[2],
                                        [&](symbol p, symbol q) { return math::where(b.at(x), p, q); });
        }
        else if (chooses && is_sum_to(y) && step_of(operand[2]).is_literal(0) && b.absorbs(y, x))
        {
            return b.sum_to(choose(summed(y), b.literal(0)), target(y));
        }
        else if (chooses && is_sum_to(operand[2]) && step_of(y).is_literal(0) && b.absorbs(operand[2], x))
        {
            return b.sum_to(choose(b.literal(0), summed(operand[2])), target(operand[2]));
        }
        else if (is<op::sum_to>(op) && first.op != nullptr && is<op::sum_to>(first.op))
        {
            return b.sum_to(summed(x), b.at(y));
        }
        else if ((is<op::broadcast_like>(op) || is<op::sum_to>(op) || is<op::reshape_like>(op)) && b.same_shape(x, y))
        {
            return b.at(x);
        }
        else if (is<op::sum>(op) && first.shape.is_scalar())
        {
            return b.at(x);
        }
        else if (is<op::element_count>(op) && step_of(x).shape.is_known() && step_of(y).shape.is_known())
        {
            const array::index n = step_of(y).shape.size();
            return b.literal(n == 0 ? 1 : double(step_of(x).shape.size()) / double(n));
        }
        return {};
    }
}
