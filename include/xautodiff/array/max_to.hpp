// SPDX-License-Identifier: BSD-3-Clause
// Maxima over axes, as torch.amax.
#pragma once

#include <xautodiff/array/lanes.hpp>
#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/reduction_axes.hpp>

#include <string>
#include <type_traits>

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

        /// Several at a time, which need not wait for each other: n at least as many.
        template <class T>
        index raise_by_lanes(T& largest, const T* x, index n)
        {
            using V = lanes<T>;
            constexpr index chains = 4, step = chains * lane_count<T>;
            V high[chains];
            for (index c = 0; c < chains; ++c)
            {
                high[c] = V::load(x + c * lane_count<T>);
            }
            index i = step;
            for (; i + step <= n; i += step)
            {
                for (index c = 0; c < chains; ++c)
                {
                    const V e = V::load(x + i + c * lane_count<T>);
                    high[c] = select((e > high[c]) | (e != e), e, high[c]);
                }
            }
            for (const V& h : high)
            {
                for (int lane = 0; lane < lane_count<T>; ++lane)
                {
                    raise(largest, h[lane]);
                }
            }
            return i;
        }

        template <class T, class U>
        constexpr void raise_by_row(T& largest, const row<U>& r, index n)
        {
            index i = 0;
            if constexpr (std::is_same_v<std::remove_const_t<U>, T> && lane_count<T> > 1)
            {
                if (!std::is_constant_evaluated() && r.stride == 1 && n >= 4 * lane_count<T>)
                {
                    i = raise_by_lanes<T>(largest, r.data, n);
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
