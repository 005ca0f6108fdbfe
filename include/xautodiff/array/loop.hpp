// SPDX-License-Identifier: BSD-3-Clause
// Loops over arrays of one shape. Axes are put in the order of memory and merged where they lie in one piece, so that
// what is left is few and long rows.
#pragma once

#include <xautodiff/array/array_ref.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

namespace xautodiff::array
{
    namespace detail
    {
        /// The extent that takes the place of dimension d of `to` in a shape of no higher rank; 1 where it has none there.
        constexpr index extent_beneath(const shape& from, const shape& to, int d)
        {
            const int own = d - (to.rank - from.rank);
            return own < 0 ? 1 : from[own];
        }

        constexpr bool broadcasts_along(const shape& from, const shape& to, int d)
        {
            const index extent = extent_beneath(from, to, d);
            return extent == 1 || extent == to[d];
        }

        [[noreturn, gnu::cold]] inline void throw_broadcast(const shape& from, const shape& to)
        {
            if (from.rank > to.rank)
            {
                throw shape_error(message("shape %s cannot be broadcast to shape %s, which has fewer dimensions",
                                          to_string(from).c_str(), to_string(to).c_str()));
            }
            int d = 0;
            while (broadcasts_along(from, to, d))
            {
                ++d;
            }
            throw shape_error(message("The expanded size of the tensor (%td) must match the existing size (%td) at "
                                      "non-singleton dimension %d.  Target sizes: %s.  Tensor sizes: %s",
                                      to[d], extent_beneath(from, to, d), d, to_string(to).c_str(),
                                      to_string(from).c_str()));
        }

        constexpr index magnitude(index i) { return i < 0 ? -i : i; }
    }

    /// Whether an array of shape `from` can be seen at shape `to`: NumPy's broadcasting.
    constexpr bool broadcasts_to(const shape& from, const shape& to)
    {
        bool fits = from.rank <= to.rank;
        for (int d = 0; fits && d < to.rank; ++d)
        {
            fits = detail::broadcasts_along(from, to, d);
        }
        return fits;
    }

    namespace detail
    {
        [[gnu::noinline, gnu::cold]] constexpr strides broadcast_strides(const shape& from, const strides& stride,
                                                                         const shape& to)
        {
            if (!broadcasts_to(from, to))
            {
                throw_broadcast(from, to);
            }
            strides out{};
            const int missing = to.rank - from.rank;
            for (int d = missing; d < to.rank; ++d)
            {
                if (from[d - missing] != 1)
                {
                    out[static_cast<std::size_t>(d)] = stride[static_cast<std::size_t>(d - missing)];
                }
            }
            return out;
        }
    }

    /// An array seen at a larger shape, with stride 0 along the axes that are repeated.
    /// Throws shape_error where `to` is not a shape that `a` broadcasts to.
    template <class T>
    constexpr array_ref<T> broadcast_to(const array_ref<T>& a, const shape& to)
    {
        return array_ref<T>(a.data, to, detail::broadcast_strides(a.shape, a.stride, to));
    }

    /// The axes of a loop, innermost first.
    struct loop_axes
    {
        int rank = 0;
        std::array<index, max_rank> extent{};
        bool is_empty = false;

        /// The number of elements in each row.
        constexpr index row_size() const { return rank == 0 ? 1 : extent[0]; }
    };

    /// The strides of some arrays. Not a span, whose conversions cost every user half a second to compile.
    struct array_strides
    {
        strides* of = nullptr;
        std::size_t count = 0;

        constexpr strides* begin() const { return of; }
        constexpr strides* end() const { return of + count; }
    };

    /// Puts the axes of `s` in the order of memory for arrays with the given strides, and merges those that lie in one piece.
    /// The strides are rearranged accordingly.
    [[gnu::noinline, gnu::cold]] constexpr loop_axes order_axes(const shape& s, array_strides arrays)
    {
        loop_axes out;
        std::array<int, max_rank> from{};
        std::array<index, max_rank> reach{};
        for (int d = 0; d < s.rank; ++d)
        {
            out.is_empty = out.is_empty || s[d] == 0;
            if (s[d] == 1)
            {
                continue;
            }
            // Sorted by how far a step along an axis goes; among equals the later axis is the inner one.
            index far = 0;
            for (const strides& a : arrays)
            {
                far += detail::magnitude(a[static_cast<std::size_t>(d)]);
            }
            std::size_t to = static_cast<std::size_t>(out.rank++);
            for (; to > 0 && reach[to - 1] >= far; --to)
            {
                reach[to] = reach[to - 1];
                from[to] = from[to - 1];
            }
            reach[to] = far;
            from[to] = d;
        }
        std::size_t last = 0;
        for (std::size_t d = 0; d < static_cast<std::size_t>(out.rank); ++d)
        {
            out.extent[d] = s[from[d]];
        }
        for (strides& a : arrays)
        {
            const strides before = a;
            for (std::size_t d = 0; d < static_cast<std::size_t>(out.rank); ++d)
            {
                a[d] = before[static_cast<std::size_t>(from[d])];
            }
        }
        for (std::size_t d = 1; d < static_cast<std::size_t>(out.rank); ++d)
        {
            bool joined = true;
            for (const strides& a : arrays)
            {
                joined = joined && a[d] == a[last] * out.extent[last];
            }
            if (joined)
            {
                out.extent[last] *= out.extent[d];
                continue;
            }
            ++last;
            out.extent[last] = out.extent[d];
            for (strides& a : arrays)
            {
                a[last] = a[d];
            }
        }
        out.rank = out.rank == 0 ? 0 : int(last) + 1;
        return out;
    }

    /// Calls f(offsets) with the offsets of each row's first element in each array. Not called where there are no elements.
    /// `at` is room for the offsets, one for each array.
    template <class F>
    constexpr void for_each_row(const loop_axes& axes, array_strides arrays, index* at, F&& f)
    {
        if (axes.is_empty)
        {
            return;
        }
        std::fill_n(at, arrays.count, index(0));
        std::array<index, max_rank> count{};
        for (;;)
        {
            f();
            std::size_t d = 1;
            for (; d < static_cast<std::size_t>(axes.rank); ++d)
            {
                // By offsets, not by pointers, which must not leave their array even between two rows.
                const bool next = ++count[d] < axes.extent[d];
                for (std::size_t k = 0; k < arrays.count; ++k)
                {
                    at[k] += next ? arrays.of[k][d] : -arrays.of[k][d] * (axes.extent[d] - 1);
                }
                if (next)
                {
                    break;
                }
                count[d] = 0;
            }
            if (d >= static_cast<std::size_t>(axes.rank))
            {
                return;
            }
        }
    }

    /// The plan of a loop over K arrays of one shape, made of their strides. It can be kept and run again.
    template <std::size_t K>
    class loop
    {
    public:
        using offsets = std::array<index, K>;

        constexpr loop(const shape& s, const std::array<strides, K>& stride)
            : m_stride(stride), m_axes(order_axes(s, {m_stride.data(), K}))
        {
            for (std::size_t k = 0; k < K; ++k)
            {
                m_row_stride[k] = m_axes.rank == 0 ? 0 : m_stride[k][0];
            }
        }

        /// The number of elements in each row, and the strides between them; 1 and zeros for a single element.
        constexpr index row_size() const { return m_axes.row_size(); }
        constexpr const offsets& row_stride() const { return m_row_stride; }

        constexpr bool is_one_row() const { return m_axes.rank <= 1 && !m_axes.is_empty; }

        /// Calls f(offset) with the offsets of each row's first element. Not called where there are no elements.
        template <class F>
        constexpr void for_each_row(F&& f) const
        {
            offsets at{};
            std::array<strides, K> stride = m_stride;
            array::for_each_row(m_axes, {stride.data(), K}, at.data(), [&] { f(static_cast<const offsets&>(at)); });
        }

    private:
        std::array<strides, K> m_stride;
        loop_axes m_axes;
        offsets m_row_stride{};
    };

    /// Some elements of an array at equal distances.
    template <class T>
    struct row
    {
        T* data;
        index stride;

        constexpr T& operator[](index i) const { return data[i * stride]; }
    };

    namespace detail
    {
        /// Apart from what calls it, so that compilers spend no time on putting it there.
        template <class F, class... T>
        [[gnu::noinline]] constexpr void for_each_planned_row(const shape& s, F& f, const array_ref<T>&... a)
        {
            const loop<sizeof...(T)> plan(s, {broadcast_to(a, s).stride...});
            [&]<std::size_t... K>(std::index_sequence<K...>) {
                plan.for_each_row(
                    [&](const auto& at) {
                        f(plan.row_size(), row<T>{a.data + at[K], plan.row_stride()[K]}...);
                    });
            }(std::index_sequence_for<T...>{});
        }
    }

    /// Calls f(n, row...) for rows of n elements until all elements of the arrays, broadcast to `s`, have been seen.
    /// Throws shape_error where one does not broadcast to `s`.
    template <class F, class... T>
    constexpr void for_each_row(const shape& s, F&& f, const array_ref<T>&... a)
    {
        if (((a.shape == s && a.is_contiguous()) && ...))
        {
            // The common case needs no plan.
            if (const index n = s.size(); n != 0)
            {
                f(n, row<T>{a.data, 1}...);
            }
            return;
        }
        detail::for_each_planned_row(s, f, a...);
    }

    /// Calls f(element...) for the elements of the arrays, broadcast to `s`; in the order of memory.
    template <class F, class... T>
    constexpr void for_each_element(const shape& s, F&& f, const array_ref<T>&... a)
    {
        for_each_row(
            s,
            // Compiled once, for rows with a plan and without.
            [&](index n, const row<T>&... r) __attribute__((noinline)) {
                if (((r.stride == 1) && ...))
                {
                    // What compilers can vectorise.
                    for (index i = 0; i < n; ++i)
                    {
                        f(r.data[i]...);
                    }
                }
                else
                {
                    for (index i = 0; i < n; ++i)
                    {
                        f(r[i]...);
                    }
                }
            },
            a...);
    }

    /// out = in, broadcast to the shape of `out`. They must not overlap.
    template <class T, class U>
    [[gnu::noinline]] constexpr void copy(const array_ref<T>& out, const array_ref<U>& in)
    {
        for_each_element(
            out.shape, [](T& o, U& i) { o = static_cast<T>(i); }, out, in);
    }

    template <class T>
    [[gnu::noinline]] constexpr void fill(const array_ref<T>& out, const std::type_identity_t<T>& value)
    {
        if (out.is_contiguous())
        {
            std::fill_n(out.data, out.size(), value);
            return;
        }
        copy(out, array_ref<const T>(&value, {}));
    }

    /// out += in, broadcast to the shape of `out`. They may be the same array, but must not overlap otherwise.
    template <class T, class U>
    [[gnu::noinline]] constexpr void add_to(const array_ref<T>& out, const array_ref<U>& in)
    {
        for_each_element(
            out.shape, [](T& o, U& i) { o += static_cast<T>(i); }, out, in);
    }
}
