// SPDX-License-Identifier: BSD-3-Clause
// Sums to a shape: the adjoint of broadcasting.
#pragma once

#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/pairwise_sum.hpp>
#include <xautodiff/array/reduction_axes.hpp>

namespace xautodiff::array
{
    namespace detail
    {
        /// One sum into each element of a result: kept and reduced axes are walked separately. Arrays at run time have a
        /// faster way (evaluate/region_runner.hpp); this one is short, and works in constant expressions.
        template <class T, class U>
        struct axis_sum
        {
            T* out;
            U* in;
            loop<2> kept;     // strides of out, in
            loop<1> reduced;  // strides of in

            static constexpr index block = pairwise_sum<T>::block_size;

            [[gnu::cold]] constexpr void run() const
            {
                kept.for_each_row(
                    [&](const auto& at)
                    {
                        for (index i = 0; i < kept.row_size(); ++i)
                        {
                            out[at[0] + i * kept.row_stride()[0]] = sum_from(at[1] + i * kept.row_stride()[1]);
                        }
                    });
            }

            /// By offset: where there is nothing to sum, `in` may be null.
            constexpr T sum_from(index from) const
            {
                const index step = reduced.row_stride()[0];
                pairwise_sum<T> sum;
                reduced.for_each_row(
                    [&](const auto& at) {
                        add_terms(sum, reduced.row_size(),
                                  [&](index i) { return static_cast<T>(in[from + at[0] + i * step]); });
                    });
                return sum.total();
            }
        };
    }

    /// Sums `in` over the axes where `out` has extent 1, or none at all: the shapes are aligned at their last axes.
    /// The error does not grow with the number of terms. A sum of nothing is 0. `out` and `in` must not overlap.
    /// Throws shape_error where `out` has another extent than `in` and not 1.
    template <class T, class U>
    [[gnu::noinline]] constexpr void sum_to(const array_ref<T>& out, const array_ref<U>& in)
    {
        const array_ref<T> target = detail::reduction_target(out, in.shape);
        if (out.size() == 1 && in.is_contiguous())
        {
            // The common case needs no plan.
            pairwise_sum<T> sum;
            add_terms(sum, in.size(), [&](index i) { return static_cast<T>(in.data[i]); });
            *out.data = sum.total();
            return;
        }
        const detail::reduction_axes axes(out.shape, in.shape, target.stride, in.stride);
        detail::axis_sum<T, U>{
            out.data, in.data, {axes.kept, {axes.kept_out, axes.kept_in}}, {axes.reduced, {axes.reduced_in}}}
            .run();
    }
}
