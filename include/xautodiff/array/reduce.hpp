// SPDX-License-Identifier: BSD-3-Clause
// Reductions to a shape that has extent 1 where the operand's has more: sums (the adjoint of broadcasting) and maxima.
#pragma once

#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/pairwise_sum.hpp>

#include <string>
#include <type_traits>

namespace xautodiff::array
{
    namespace detail
    {
        [[noreturn]] inline void throw_reduction(const shape& from, const shape& to)
        {
            throw shape_error("shape " + to_string(from) + " cannot be reduced to shape " + to_string(to));
        }

        /// The result of a reduction seen at the operand's shape, with stride 0 along what is reduced.
        template <class T>
        constexpr array_ref<T> reduction_target(array_ref<T> out, const shape& from)
        {
            const int missing = from.rank - out.shape.rank;
            for (int d = 0; d < out.shape.rank; ++d)
            {
                if (missing < 0 || (out.shape[d] != 1 && out.shape[d] != from[d + missing]))
                {
                    throw_reduction(from, out.shape);
                }
            }
            array_ref<T> target(out.data, from, {});
            for (int d = missing; d < from.rank; ++d)
            {
                // An extent of 1 that the operand has too is kept, at stride 0.
                target.stride[static_cast<std::size_t>(d)] =
                    out.shape[d - missing] == 1 ? 0 : out.stride[static_cast<std::size_t>(d - missing)];
            }
            return target;
        }

        /// The axes of an operand, sorted into those that a reduction keeps and those that it takes away.
        struct reduction_axes
        {
            shape kept{};
            shape reduced{};
            strides kept_in{};
            strides kept_out{};
            strides reduced_in{};

            constexpr reduction_axes(const shape& out, const shape& in, const strides& out_stride,
                                     const strides& in_stride)
            {
                const int missing = in.rank - out.rank;
                for (int d = 0; d < in.rank; ++d)
                {
                    const auto at = static_cast<std::size_t>(d);
                    if (in[d] != 1 && (d < missing || out[d - missing] != in[d]))
                    {
                        reduced_in[static_cast<std::size_t>(reduced.rank)] = in_stride[at];
                        reduced.push_back(in[d]);
                    }
                    else
                    {
                        kept_in[static_cast<std::size_t>(kept.rank)] = in_stride[at];
                        kept_out[static_cast<std::size_t>(kept.rank)] = out_stride[at];
                        kept.push_back(in[d]);
                    }
                }
            }
        };

        /// Several sums side by side.
        template <class T>
        struct lanes
        {
            static constexpr index count = 64;
            T value[static_cast<std::size_t>(count)];

            constexpr lanes& operator+=(const lanes& other)
            {
                for (index i = 0; i < count; ++i)
                {
                    value[i] += other.value[i];
                }
                return *this;
            }
        };

        template <class T>
        constexpr void put(T& out, const T& value, bool accumulate)
        {
            out = accumulate ? static_cast<T>(out + value) : value;
        }

        /// Sums of rows: what is reduced lies closer together in memory than what is kept.
        template <class T, class U>
        constexpr void sum_rows(T* out, U* in, const loop<2>& kept, const loop<1>& reduced, bool accumulate)
        {
            const index n = reduced.row_size();
            const index step = reduced.row_stride()[0];
            const auto sum_at = [&](index from) -> T
            {
                pairwise_sum<T> sum;
                reduced.for_each_row(
                    [&](const auto& at)
                    {
                        const U* p = in + (from + at[0]);
                        if (step == 1)
                        {
                            add_terms(sum, n, [&](index i) { return static_cast<T>(p[i]); });
                        }
                        else
                        {
                            add_terms(sum, n, [&](index i) { return static_cast<T>(p[i * step]); });
                        }
                    });
                return sum.total();
            };
            kept.for_each_row(
                [&](const auto& at)
                {
                    for (index i = 0; i < kept.row_size(); ++i)
                    {
                        put(out[at[0] + i * kept.row_stride()[0]], sum_at(at[1] + i * kept.row_stride()[1]),
                            accumulate);
                    }
                });
        }

        /// Sums across rows: some elements next to each other are summed side by side, so that memory is read in order.
        template <class T, class U>
        constexpr void sum_columns(T* out, U* in, const loop<2>& kept, const loop<1>& reduced, bool accumulate)
        {
            // One term after the other is added to a lane, so a block is shorter here than in block_sum.
            constexpr index block = 16;
            const index out_step = kept.row_stride()[0];
            const index in_step = kept.row_stride()[1];
            for (index begin = 0; begin < kept.row_size(); begin += lanes<T>::count)
            {
                const index left = kept.row_size() - begin;
                const index width = left < lanes<T>::count ? left : lanes<T>::count;
                kept.for_each_row(
                    [&](const auto& at)
                    {
                        pairwise_sum<lanes<T>> sum;
                        lanes<T> part{};
                        index terms = 0;
                        reduced.for_each_row(
                            [&](const auto& row_at)
                            {
                                for (index j = 0; j < reduced.row_size(); ++j)
                                {
                                    const U* p =
                                        in + (at[1] + row_at[0] + j * reduced.row_stride()[0] + begin * in_step);
                                    for (index i = 0; i < width; ++i)
                                    {
                                        part.value[i] += static_cast<T>(p[i * in_step]);
                                    }
                                    if (++terms == block)
                                    {
                                        sum.add(part);
                                        part = {};
                                        terms = 0;
                                    }
                                }
                            });
                        sum.add(part);
                        const lanes<T> total = sum.total();
                        for (index i = 0; i < width; ++i)
                        {
                            put(out[at[0] + (begin + i) * out_step], total.value[i], accumulate);
                        }
                    });
            }
        }

        template <class T, class U>
        constexpr void sum_to(array_ref<T> out, array_ref<U> in, bool accumulate)
        {
            const array_ref<T> target = reduction_target(out, in.shape);
            const reduction_axes axes(out.shape, in.shape, target.stride, in.stride);
            if (axes.reduced.rank == 0)
            {
                // Nothing to sum: the operand may still have leading axes of extent 1 more.
                const array_ref<T> all(out.data, in.shape, target.stride);
                accumulate ? add_to(all, in) : copy(all, in);
                return;
            }
            const loop<2> kept(axes.kept, {axes.kept_out, axes.kept_in});
            const loop<1> reduced(axes.reduced, {axes.reduced_in});
            const index kept_step = magnitude(kept.row_stride()[1]);
            if (kept.row_size() > 1 && kept_step < magnitude(reduced.row_stride()[0]))
            {
                sum_columns(out.data, in.data, kept, reduced, accumulate);
            }
            else
            {
                sum_rows(out.data, in.data, kept, reduced, accumulate);
            }
        }
    }

    /// Sums `in` over the axes where `out` has extent 1, or none at all: the shapes are aligned at their last axes.
    /// The error does not grow with the number of terms. A sum of nothing is 0. `out` and `in` must not overlap.
    /// Throws shape_error where `out` has another extent than `in` and not 1.
    template <class T, class U>
    constexpr void sum_to(array_ref<T> out, array_ref<U> in)
    {
        detail::sum_to(out, in, false);
    }

    /// out += sum_to(in)
    template <class T, class U>
    constexpr void add_sum_to(array_ref<T> out, array_ref<U> in)
    {
        detail::sum_to(out, in, true);
    }

    /// The largest element instead of the sum; a nan among them is the largest.
    /// Throws shape_error as sum_to does, and where there is nothing to take the largest of.
    template <class T, class U>
    constexpr void max_to(array_ref<T> out, array_ref<U> in)
    {
        const array_ref<T> target = detail::reduction_target(out, in.shape);
        if (out.size() == 0)
        {
            return;
        }
        array_ref<U> first = in;
        bool all = true;
        int empty = -1;
        for (int d = 0; d < in.shape.rank; ++d)
        {
            const int missing = in.shape.rank - out.shape.rank;
            const bool reduced = d < missing || out.shape[d - missing] == 1;
            all = all && reduced;
            if (reduced)
            {
                empty = empty == -1 && in.shape[d] == 0 ? d : empty;
                first.shape[d] = 1;
                first.stride[static_cast<std::size_t>(d)] = 0;
            }
        }
        if (empty != -1)
        {
            throw shape_error(
                all ? "amax(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
                      "reduction dim with the 'dim' argument."
                    : "amax(): Expected reduction dim " + std::to_string(empty) + " to have non-zero size.");
        }
        copy(array_ref<T>(out.data, first.shape, target.stride), first);
        for_each_row(
            in.shape,
            [](index n, row<T> o, row<U> r)
            {
                for (index i = 0; i < n; ++i)
                {
                    const U x = r[i];
                    T& m = o[i];
                    m = x > m || x != x ? static_cast<T>(x) : m;
                }
            },
            target, in);
    }
}
