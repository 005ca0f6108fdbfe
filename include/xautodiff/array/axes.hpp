// SPDX-License-Identifier: BSD-3-Clause
// Axes: which ones a reduction takes away, in which order a transposition puts them.
#pragma once

#include <xautodiff/array/array_ref.hpp>
#include <xautodiff/array/parameters.hpp>
#include <xautodiff/array/reshape.hpp>

#include <concepts>

namespace xautodiff::array
{
    namespace detail
    {
        [[noreturn, gnu::cold]] inline void throw_axis(index axis, int rank)
        {
            const int n = rank == 0 ? 1 : rank;
            throw shape_error(
                message("Dimension out of range (expected to be in range of [%d, %d], but got %td)", -n, n - 1, axis));
        }

        [[noreturn, gnu::cold]] inline void throw_repeated_axis(int axis)
        {
            throw shape_error(message("dim %d appears multiple times in the list of dims", axis));
        }

        [[noreturn, gnu::cold]] inline void throw_permutation_length(int rank, int count)
        {
            throw shape_error(
                message("permute: number of dimensions in the tensor input does not match the length of the desired "
                        "ordering of dimensions i.e. input.dim() = %d is not equal to len(dims) = %d",
                        rank, count));
        }
    }

    /// An axis counted from the front. As in PyTorch a value of rank 0 has the axes 0 and -1.
    /// Throws shape_error where there is no such axis.
    constexpr int normalized_axis(index axis, int rank)
    {
        const int n = rank == 0 ? 1 : rank;
        if (axis < -n || axis >= n)
        {
            detail::throw_axis(axis, rank);
        }
        return static_cast<int>(axis < 0 ? axis + n : axis);
    }

    /// Parameters of a reduction: keepdims, then the axes as given. No axes means all of them.
    template <std::convertible_to<index>... I>
    constexpr parameters encode_axes(bool keepdims, const I&... axes)
    {
        parameters p;
        p.push_back(keepdims ? 1 : 0);
        (p.push_back(static_cast<index>(axes)), ...);
        return p;
    }

    constexpr bool keeps_dims(const parameters& reduction) { return reduction.count > 0 && reduction[0] != 0; }

    constexpr bool reduces_all(const parameters& reduction) { return reduction.count <= 1; }

    using axis_flags = std::array<bool, max_rank>;

    /// Which axes of an array of this rank a reduction takes away.
    /// Throws shape_error for an axis out of range or named twice.
    constexpr axis_flags reduced_axes(int rank, const parameters& reduction)
    {
        axis_flags out{};
        if (reduces_all(reduction))
        {
            for (int d = 0; d < rank; ++d)
            {
                out[static_cast<std::size_t>(d)] = true;
            }
            return out;
        }
        for (int i = 1; i < reduction.count; ++i)
        {
            const int d = normalized_axis(reduction[i], rank);
            if (out[static_cast<std::size_t>(d)])
            {
                detail::throw_repeated_axis(d);
            }
            out[static_cast<std::size_t>(d)] = true;
        }
        return out;
    }

    /// The shape of a reduced array. Extents and rank may be unknown.
    constexpr shape reduced_shape(const shape& s, const parameters& reduction)
    {
        const bool keep = keeps_dims(reduction);
        if (reduces_all(reduction) && !keep)
        {
            return {};
        }
        if (s.rank == unknown)
        {
            return s;
        }
        const axis_flags reduced = reduced_axes(s.rank, reduction);
        shape out;
        for (int d = 0; d < s.rank; ++d)
        {
            if (!reduced[static_cast<std::size_t>(d)])
            {
                out.push_back(s[d]);
            }
            else if (keep)
            {
                out.push_back(1);
            }
        }
        return out;
    }

    /// How many elements of an array of shape `s` go into one element of its reduction: what a mean divides by.
    constexpr index reduced_count(const shape& s, const parameters& reduction)
    {
        const axis_flags reduced = reduced_axes(s.rank, reduction);
        index n = 1;
        for (int d = 0; d < s.rank; ++d)
        {
            n *= reduced[static_cast<std::size_t>(d)] ? s[d] : 1;
        }
        return n;
    }

    /// A reduced array (with or without keepdims) seen with extent 1 at each axis that was taken away, so that it
    /// broadcasts against `full`, the shape before the reduction.
    template <class T>
    [[gnu::noinline, gnu::cold]] constexpr array_ref<T> unsqueezed(array_ref<T> reduced, const shape& full,
                                                                   const parameters& reduction)
    {
        const bool keep = keeps_dims(reduction);
        const axis_flags gone = reduced_axes(full.rank, reduction);
        array_ref<T> out(reduced.data, full, {});
        int from = 0;
        for (int d = 0; d < full.rank; ++d)
        {
            if (gone[static_cast<std::size_t>(d)])
            {
                out.shape[d] = 1;
                from += keep;
            }
            else
            {
                out.stride[static_cast<std::size_t>(d)] = reduced.stride[static_cast<std::size_t>(from++)];
            }
        }
        return out;
    }

    namespace detail
    {
        using axis_order = std::array<int, max_rank>;

        /// The axes in their new order; no parameters reverse them.
        constexpr axis_order permutation(int rank, const parameters& order)
        {
            axis_order out{};
            if (order.count == 0)
            {
                for (int d = 0; d < rank; ++d)
                {
                    out[static_cast<std::size_t>(d)] = rank - 1 - d;
                }
                return out;
            }
            if (order.count != rank)
            {
                throw_permutation_length(rank, order.count);
            }
            axis_flags seen{};
            for (int d = 0; d < rank; ++d)
            {
                const int axis = normalized_axis(order[d], rank);
                if (seen[static_cast<std::size_t>(axis)])
                {
                    throw shape_error("permute(): duplicate dims are not allowed.");
                }
                seen[static_cast<std::size_t>(axis)] = true;
                out[static_cast<std::size_t>(d)] = axis;
            }
            return out;
        }
    }

    /// Parameters of a transposition: axis d of the result is axis `axes[d]` of the operand. None reverse the axes.
    template <std::convertible_to<index>... I>
    constexpr parameters encode_order(const I&... axes)
    {
        parameters p;
        (p.push_back(static_cast<index>(axes)), ...);
        return p;
    }

    /// Throws shape_error where `order` is no permutation of the axes.
    constexpr shape transposed_shape(const shape& s, const parameters& order)
    {
        if (s.rank == unknown)
        {
            return shape::of_rank(order.count == 0 ? unknown : order.count);
        }
        const detail::axis_order from = detail::permutation(s.rank, order);
        shape out = s;
        for (int d = 0; d < s.rank; ++d)
        {
            out[d] = s[from[static_cast<std::size_t>(d)]];
        }
        return out;
    }

    template <class T>
    constexpr array_ref<T> transposed(array_ref<T> a, const parameters& order)
    {
        const detail::axis_order from = detail::permutation(a.shape.rank, order);
        array_ref<T> out = a;
        for (int d = 0; d < a.shape.rank; ++d)
        {
            const int axis = from[static_cast<std::size_t>(d)];
            out.shape[d] = a.shape[axis];
            out.stride[static_cast<std::size_t>(d)] = a.stride[static_cast<std::size_t>(axis)];
        }
        return out;
    }

    /// Undoes `transposed` with the same order.
    template <class T>
    constexpr array_ref<T> untransposed(array_ref<T> a, const parameters& order)
    {
        const detail::axis_order from = detail::permutation(a.shape.rank, order);
        array_ref<T> out = a;
        for (int d = 0; d < a.shape.rank; ++d)
        {
            const int axis = from[static_cast<std::size_t>(d)];
            out.shape[axis] = a.shape[d];
            out.stride[static_cast<std::size_t>(axis)] = a.stride[static_cast<std::size_t>(d)];
        }
        return out;
    }

    constexpr shape untransposed_shape(const shape& s, const parameters& order)
    {
        const array_ref<const char> none(nullptr, s, {});
        return s.rank == unknown ? transposed_shape(s, order) : untransposed(none, order).shape;
    }
}
