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
        /// Several sums side by side.
        template <class T>
        struct parallel_sums
        {
            static constexpr index count = 64;
            T value[static_cast<std::size_t>(count)];

            constexpr parallel_sums& operator+=(const parallel_sums& other)
            {
                for (index i = 0; i < count; ++i)
                {
                    value[i] += other.value[i];
                }
                return *this;
            }
        };

        template <class T, class U>
        constexpr T contiguous_sum(U* p, index n)
        {
            pairwise_sum<T> sum;
            add_terms(sum, n, [&](index i) { return static_cast<T>(p[i]); });
            return sum.total();
        }

        template <class T, class U>
        constexpr T strided_block_sum(U* p, index n, index step)
        {
            if (step == 1)
            {
                return block_sum<T>(n, [&](index i) { return static_cast<T>(p[i]); });
            }
            return block_sum<T>(n, [&](index i) { return static_cast<T>(p[i * step]); });
        }

        template <class T, class U>
        constexpr void add_row(parallel_sums<T>& sum, U* p, index n, index step)
        {
            if (step == 1)
            {
                for (index i = 0; i < n; ++i)
                {
                    sum.value[i] += static_cast<T>(p[i]);
                }
            }
            else
            {
                for (index i = 0; i < n; ++i)
                {
                    sum.value[i] += static_cast<T>(p[i * step]);
                }
            }
        }

        /// One sum into each element of a result, kept and reduced axes being walked separately.
        template <class T, class U>
        struct axis_sum
        {
            T* out;
            U* in;
            loop<2> kept;     // strides of out, in
            loop<1> reduced;  // strides of in
            bool accumulate;

            static constexpr index block = pairwise_sum<T>::block_size;

            constexpr void put(index to, const T& sum) const
            {
                out[to] = accumulate ? static_cast<T>(out[to] + sum) : sum;
            }

            /// What is reduced lies closer together in memory than what is kept: one sum after the other.
            constexpr void along_rows() const
            {
                kept.for_each_row(
                    [&](const auto& at)
                    {
                        for (index i = 0; i < kept.row_size(); ++i)
                        {
                            put(at[0] + i * kept.row_stride()[0], sum_from(in + (at[1] + i * kept.row_stride()[1])));
                        }
                    });
            }

            constexpr T sum_from(U* from) const
            {
                const index n = reduced.row_size();
                const index step = reduced.row_stride()[0];
                if (n <= block && reduced.is_one_row())
                {
                    return strided_block_sum<T>(from, n, step);
                }
                pairwise_sum<T> sum;
                reduced.for_each_row(
                    [&](const auto& at)
                    {
                        for (index i = 0; i < n; i += block)
                        {
                            const index left = n - i;
                            sum.add(strided_block_sum<T>(from + (at[0] + i * step), left < block ? left : block, step));
                        }
                    });
                return sum.total();
            }

            /// What is kept lies closer together: neighbours are summed side by side, so that memory is read in order.
            constexpr void across_rows() const
            {
                const index in_step = kept.row_stride()[1];
                for (index begin = 0; begin < kept.row_size(); begin += parallel_sums<T>::count)
                {
                    const index left = kept.row_size() - begin;
                    const index width = left < parallel_sums<T>::count ? left : parallel_sums<T>::count;
                    kept.for_each_row(
                        [&](const auto& at)
                        {
                            pairwise_sum<parallel_sums<T>> sum;
                            U* from = in + (at[1] + begin * in_step);
                            width < 8 ? add_narrow(sum, from, width, in_step) : add_wide(sum, from, width, in_step);
                            const parallel_sums<T> total = sum.total();
                            for (index i = 0; i < width; ++i)
                            {
                                put(at[0] + (begin + i) * kept.row_stride()[0], total.value[i]);
                            }
                        });
                }
            }

            constexpr void add_wide(pairwise_sum<parallel_sums<T>>& sum, U* from, index width, index in_step) const
            {
                // A lane's terms are added one after the other, so there are fewer in a block than in block_sum.
                constexpr index rows = 16;
                parallel_sums<T> part{};
                index terms = 0;
                reduced.for_each_row(
                    [&](const auto& at)
                    {
                        for (index j = 0; j < reduced.row_size(); ++j)
                        {
                            add_row(part, from + (at[0] + j * reduced.row_stride()[0]), width, in_step);
                            if (++terms == rows)
                            {
                                sum.add(part);
                                part = {};
                                terms = 0;
                            }
                        }
                    });
                sum.add(part);
            }

            /// Few parallel_sums: each takes its block at once, while the others' elements are in the cache.
            constexpr void add_narrow(pairwise_sum<parallel_sums<T>>& sum, U* from, index width, index in_step) const
            {
                const index step = reduced.row_stride()[0];
                reduced.for_each_row(
                    [&](const auto& at)
                    {
                        for (index j = 0; j < reduced.row_size(); j += block)
                        {
                            const index left = reduced.row_size() - j;
                            parallel_sums<T> part{};
                            for (index i = 0; i < width; ++i)
                            {
                                part.value[i] = strided_block_sum<T>(from + (at[0] + j * step + i * in_step),
                                                                     left < block ? left : block, step);
                            }
                            sum.add(part);
                        }
                    });
            }
        };

        template <class T, class U>
        constexpr void sum_to(const array_ref<T>& out, const array_ref<U>& in, bool accumulate)
        {
            const array_ref<T> target = reduction_target(out, in.shape);
            if (out.size() == 1 && in.is_contiguous())
            {
                // The common case needs no plan.
                const T sum = contiguous_sum<T>(in.data, in.size());
                *out.data = accumulate ? static_cast<T>(*out.data + sum) : sum;
                return;
            }
            const reduction_axes axes(out.shape, in.shape, target.stride, in.stride);
            if (axes.reduced.rank == 0)
            {
                // Nothing to sum: the operand may still have more leading axes of extent 1.
                accumulate ? add_to(target, in) : copy(target, in);
                return;
            }
            const axis_sum<T, U> sum{out.data,
                                     in.data,
                                     {axes.kept, {axes.kept_out, axes.kept_in}},
                                     {axes.reduced, {axes.reduced_in}},
                                     accumulate};
            const bool rows = magnitude(sum.reduced.row_stride()[0]) <= magnitude(sum.kept.row_stride()[1]);
            rows || sum.kept.row_size() == 1 ? sum.along_rows() : sum.across_rows();
        }
    }

    /// Sums `in` over the axes where `out` has extent 1, or none at all: the shapes are aligned at their last axes.
    /// The error does not grow with the number of terms. A sum of nothing is 0. `out` and `in` must not overlap.
    /// Throws shape_error where `out` has another extent than `in` and not 1.
    template <class T, class U>
    constexpr void sum_to(const array_ref<T>& out, const array_ref<U>& in)
    {
        detail::sum_to(out, in, false);
    }

    /// out += sum_to(in)
    template <class T, class U>
    constexpr void add_sum_to(const array_ref<T>& out, const array_ref<U>& in)
    {
        detail::sum_to(out, in, true);
    }
}
