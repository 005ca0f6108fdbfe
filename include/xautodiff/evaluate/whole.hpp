// SPDX-License-Identifier: BSD-3-Clause
// Runs an operation on whole arrays: by its own kernel, or by copying the elements that its result aliases.
#pragma once

#include <xautodiff/op/operations.hpp>

#include <utility>

namespace xautodiff::evaluate
{
    namespace detail
    {
        template <class Op, class T, class P>
        constexpr array::array_ref<const T> alias_of(const array::shape& result, array::array_ref<const T> x,
                                                     const P& p)
        {
            return Op::alias(x, result, p);
        }

        /// With another array of which only the shape counts, which is that of the result.
        template <class Op, class T, class P>
        constexpr array::array_ref<const T> alias_of(const array::shape& result, array::array_ref<const T> x,
                                                     array::array_ref<const T>, const P& p)
        {
            return Op::alias(x, result, p);
        }
    }

    /// out = Op(operands...): strided arrays, and parameters if it takes any. Product gives the matrix product.
    template <class Op, class Product, class T, class... X>
    constexpr void run_whole(const array::array_ref<T>& out, const X&... operands)
    {
        if constexpr (requires { Op::template evaluate<Product>(out, operands...); })
        {
            Op::template evaluate<Product>(out, operands...);
        }
        else if constexpr (requires { Op::evaluate(out, operands...); })
        {
            Op::evaluate(out, operands...);
        }
        else
        {
            array::copy(out, detail::alias_of<Op>(out.shape, operands...));
        }
    }
}
