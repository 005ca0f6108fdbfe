// SPDX-License-Identifier: BSD-3-Clause
// The values of the reference evaluator: dense row-major arrays on which the rules of op/ run as they stand. An operation
// on them is carried out at once, by the plainest loop there is.
#pragma once

#include <xautodiff/array/reduce.hpp>
#include <xautodiff/array/traits.hpp>
#include <xautodiff/evaluate/whole.hpp>
#include <xautodiff/graph/operation.hpp>
#include <xautodiff/op/operations.hpp>

#include <vector>

namespace xautodiff::evaluate::reference
{
    /// A number is an array of rank 0. Masks are arrays of 0 and 1.
    template <class T>
    class dense : public math::traced
    {
    public:
        constexpr dense() : dense(T(0)) {}
        constexpr explicit dense(T number) : m_elements(1, number) {}
        constexpr explicit dense(const array::shape& s, T fill = T(0))
            : m_shape(s), m_elements(std::size_t(s.size()), fill)
        {
        }

        constexpr const array::shape& shape() const { return m_shape; }
        constexpr array::array_ref<T> ref() { return {m_elements.data(), m_shape}; }
        constexpr array::array_ref<const T> ref() const { return {m_elements.data(), m_shape}; }
        constexpr const std::vector<T>& elements() const { return m_elements; }

        /// The first element: the number itself where the rank is 0.
        constexpr T item() const { return m_elements.front(); }

        /// Throws shape_error where this does not broadcast to `s`.
        constexpr dense broadcast(const array::shape& s) const
        {
            dense out(s);
            array::copy(out.ref(), ref());
            return out;
        }

        /// The adjoint of broadcasting from `s`.
        constexpr dense sum_to(const array::shape& s) const
        {
            if (s == m_shape)
            {
                return *this;
            }
            dense out(s);
            array::sum_to(out.ref(), ref());
            return out;
        }

        /// Carries Op out: what math::call does on dense values. Numbers among the operands become dense.
        template <class Op, class... X>
        static constexpr dense record(const X&... x)
        {
            if constexpr (graph::composed_operation<Op>)
            {
                return Op::compose(x...);
            }
            else if constexpr (graph::structured_operation<Op>)
            {
                return structured<Op>(operand(x)...);
            }
            else
            {
                return elementwise<Op>(operand(x)...);
            }
        }

    private:
        array::shape m_shape{};
        std::vector<T> m_elements;

        static constexpr const dense& operand(const dense& x) { return x; }
        static constexpr const array::parameters& operand(const array::parameters& p) { return p; }
        static constexpr dense operand(array::scalar_value auto number) { return dense(T(number)); }

        // What a structured operation asks of its operands: parameters count as themselves.
        static constexpr const array::shape& shape_of(const dense& x) { return x.m_shape; }
        static constexpr const array::parameters& shape_of(const array::parameters& p) { return p; }
        static constexpr array::array_ref<const T> kernel_operand(const dense& x) { return x.ref(); }
        static constexpr const array::parameters& kernel_operand(const array::parameters& p) { return p; }

        template <class Op, class... X>
        static constexpr dense elementwise(const X&... x)
        {
            array::shape s;
            ((s = array::broadcast(s, x.m_shape)), ...);
            return at_each<Op>(s, x.broadcast(s)...);
        }

        template <class Op, class... X>
        static constexpr dense at_each(const array::shape& s, const X&... x)
        {
            dense out(s);
            for (std::size_t i = 0; i < out.m_elements.size(); ++i)
            {
                out.m_elements[i] = T(Op::value(x.m_elements[i]...));
            }
            return out;
        }

        template <class Op, class... X>
        static constexpr dense structured(const X&... x)
        {
            dense out(result_shape<Op>(shape_of(x)...));
            run_whole<Op, op::loop_product>(out.ref(), kernel_operand(x)...);
            return out;
        }

        template <class Op, class... S>
        static constexpr array::shape result_shape(const S&... s)
        {
            if constexpr (requires { Op::result_like; })
            {
                return std::get<std::size_t(Op::result_like)>(std::tie(s...));
            }
            else
            {
                return Op::result_shape(s...);
            }
        }
    };

    /// The elements of a container or an array_ref.
    template <class T, class C>
    constexpr dense<T> to_dense(const C& c)
    {
        if constexpr (array::container<C>)
        {
            using traits = array::traits<C>;
            if constexpr (requires(typename traits::value_type* to) { traits::load(c, to); })
            {
                std::vector<typename traits::value_type> elements(std::size_t(traits::static_shape.size()), 0);
                traits::load(c, elements.data());
                return to_dense<T>(
                    array::array_ref<const typename traits::value_type>(elements.data(), traits::static_shape));
            }
            else
            {
                return to_dense<T>(traits::ref(c));
            }
        }
        else
        {
            dense<T> out(c.shape);
            array::copy(out.ref(), c);
            return out;
        }
    }
}

namespace xautodiff::array
{
    /// Dense values can be the arguments of a formula.
    template <class T>
    struct traits<evaluate::reference::dense<T>>
    {
        using value_type = T;
        static constexpr shape static_shape = shape::of_rank(unknown);
        static constexpr family container_family = family::standard;

        static constexpr array_ref<const T> ref(const evaluate::reference::dense<T>& c) { return c.ref(); }
    };
}
