// SPDX-License-Identifier: BSD-3-Clause
// Maxima over axes, as torch.amax.
#pragma once

#include <xautodiff/array/lanes.hpp>
#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/reduction_axes.hpp>

#include <type_traits>

namespace xautodiff::array
{
    namespace detail
    {
        /// The larger of two numbers, or of each two in vectors; a nan is larger than all.
        inline constexpr auto larger = [](auto a, auto b) { return ((b > a) | (b != b)) ? b : a; };

        template <class T, class U>
        constexpr void raise(T& largest, const U& x)
        {
            largest = larger(largest, static_cast<T>(x));
        }

        /// Several at a time, for at least as many as a register holds. The last ones may be looked at twice.
        template <class T>
        void raise_by_lanes(T& largest, const T* x, index n)
        {
            using V = lanes<T>;
            constexpr index chains = 4, step = chains * lane_count<T>;
            V high[chains];
            index i = 0;
            if (n >= step)
            {
                // These need not wait for each other.
                for (index c = 0; c < chains; ++c)
                {
                    high[c] = V::load(x + c * lane_count<T>);
                }
                for (i = step; i + step <= n; i += step)
                {
                    for (index c = 0; c < chains; ++c)
                    {
                        high[c].value = larger(high[c].value, V::load(x + i + c * lane_count<T>).value);
                    }
                }
                high[0].value = larger(larger(high[0].value, high[1].value), larger(high[2].value, high[3].value));
            }
            V& all = high[0];
            all.value = larger(i == 0 ? V::load(x).value : all.value, V::load(x + n - lane_count<T>).value);
            for (; i + lane_count<T> <= n; i += lane_count<T>)
            {
                all.value = larger(all.value, V::load(x + i).value);
            }
            raise(largest, halved<T>(all.value, larger));
        }

        template <class T, class U>
        constexpr void raise_by_row(T& largest, const row<U>& r, index n)
        {
            if constexpr (std::is_same_v<std::remove_const_t<U>, T> && lane_count<T> > 1)
            {
                if (!std::is_constant_evaluated() && r.stride == 1 && n >= lane_count<T>)
                {
                    return raise_by_lanes<T>(largest, r.data, n);
                }
            }
            for (index i = 0; i < n; ++i)
            {
                raise(largest, r[i]);
            }
        }

        /// The same as max_to of rows that lie one behind the other: most do, and need no plan. False if they lie otherwise.
        /// `target` is `out` as reduction_target sees it.
        template <class T, class U>
        constexpr bool max_of_rows(const array_ref<T>& out, const array_ref<U>& in, const array_ref<T>& target)
        {
            index n = 1;
            for (std::size_t d = std::size_t(in.shape.rank); d > 0 && target.stride[d - 1] == 0; --d)
            {
                n *= in.shape[int(d) - 1];
            }
            if (n * out.size() != in.size() || !in.is_contiguous() || !out.is_contiguous())
            {
                return false;
            }
            for (index i = 0; i < out.size(); ++i)
            {
                const row<U> elements{in.data + i * n, 1};
                out.data[i] = static_cast<T>(elements[0]);
                raise_by_row(out.data[i], elements, n);
            }
            return true;
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
                    : message("amax(): Expected reduction dim %d to have non-zero size.", empty));
        }
        if (detail::max_of_rows(out, in, target))
        {
            return;
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
