// SPDX-License-Identifier: BSD-3-Clause
// Maxima over axes, as torch.amax.
#pragma once

#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/reduction_axes.hpp>

#include <string>

namespace xautodiff::array
{
    namespace detail
    {
        /// The larger of two numbers; a nan is larger than all.
        template <class T, class U>
        constexpr void raise(T& largest, const U& x)
        {
            largest = x > largest || x != x ? static_cast<T>(x) : largest;
        }

        template <class T, class U>
        constexpr void raise_by_row(T& largest, const row<U>& r, index n)
        {
            index i = 0;
            if (n >= 16)
            {
                // Eight at a time, which need not wait for each other.
                T lane[8]{};
                for (int j = 0; j < 8; ++j)
                {
                    lane[j] = static_cast<T>(r[j]);
                }
                for (i = 8; i + 8 <= n; i += 8)
                {
                    for (int j = 0; j < 8; ++j)
                    {
                        raise(lane[j], r[i + j]);
                    }
                }
                for (const T& x : lane)
                {
                    raise(largest, x);
                }
            }
            for (; i < n; ++i)
            {
                raise(largest, r[i]);
            }
        }
    }

    /// The largest element instead of the sum; a nan among them is the largest.
    /// Throws shape_error as sum_to does, and where there is nothing to take the largest of.
    template <class T, class U>
    constexpr void max_to(const array_ref<T>& out, const array_ref<U>& in)
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
                if (o.stride == 0)
                {
                    return detail::raise_by_row(*o.data, r, n);
                }
                for (index i = 0; i < n; ++i)
                {
                    detail::raise(o[i], r[i]);
                }
            },
            target, in);
    }
}
