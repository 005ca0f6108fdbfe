// SPDX-License-Identifier: BSD-3-Clause
// Loops over arrays of one shape. Axes are put in the order of memory and merged where they lie in one piece, so that
// what is left is few and long rows.
#pragma once

#include <xautodiff/array/array_ref.hpp>

#include <array>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace xautodiff::array
{
    namespace detail
    {
        [[noreturn]] inline void throw_broadcast(const shape& from, const shape& to, int dimension)
        {
            if (from.rank > to.rank)
            {
                throw shape_error("shape " + to_string(from) + " cannot be broadcast to shape " + to_string(to)
                                  + ", which has fewer dimensions");
            }
            throw shape_error("The expanded size of the tensor (" + std::to_string(to[dimension])
                              + ") must match the existing size ("
                              + std::to_string(from[dimension - (to.rank - from.rank)])
                              + ") at non-singleton dimension " + std::to_string(dimension)
                              + ".  Target sizes: " + to_string(to) + ".  Tensor sizes: " + to_string(from));
        }

        constexpr index magnitude(index i) { return i < 0 ? -i : i; }
    }

    /// An array seen at a larger shape: NumPy's broadcasting, with stride 0 along the axes that are repeated.
    /// Throws shape_error where `to` is not a shape that `a` broadcasts to.
    template <class T>
    constexpr array_ref<T> broadcast_to(const array_ref<T>& a, const shape& to)
    {
        const int missing = to.rank - a.shape.rank;
        if (missing < 0)
        {
            detail::throw_broadcast(a.shape, to, 0);
        }
        array_ref<T> out(a.data, to, {});
        for (int d = missing; d < to.rank; ++d)
        {
            const index from = a.shape[d - missing];
            if (from != to[d] && from != 1)
            {
                detail::throw_broadcast(a.shape, to, d);
            }
            if (from != 1)
            {
                out.stride[static_cast<std::size_t>(d)] = a.stride[static_cast<std::size_t>(d - missing)];
            }
        }
        return out;
    }

    /// The plan of a loop over K arrays of one shape, made of their strides. It can be kept and run again.
    template <std::size_t K>
    class loop
    {
    public:
        using offsets = std::array<index, K>;

        constexpr loop(const shape& s, const std::array<strides, K>& stride)
        {
            for (int d = 0; d < s.rank; ++d)
            {
                m_empty = m_empty || s[d] == 0;
                if (s[d] != 1)
                {
                    insert(axis_of(s[d], stride, d));
                }
            }
            merge();
        }

        /// The number of elements in each row, and the strides between them; 1 and zeros for a single element.
        constexpr index row_size() const { return m_rank == 0 ? 1 : m_axis[0].extent; }
        constexpr const offsets& row_stride() const { return m_axis[0].stride; }

        constexpr bool is_one_row() const { return m_rank <= 1 && !m_empty; }

        /// Calls f(offset) with the offsets of each row's first element. Not called where there are no elements.
        template <class F>
        constexpr void for_each_row(F&& f) const
        {
            if (m_empty)
            {
                return;
            }
            offsets at{};
            std::array<index, max_rank> count{};
            for (;;)
            {
                f(static_cast<const offsets&>(at));
                int d = 1;
                for (; d < m_rank; ++d)
                {
                    // By offsets, not by pointers, which must not leave their array even between two rows.
                    const axis& a = m_axis[static_cast<std::size_t>(d)];
                    const bool next = ++count[static_cast<std::size_t>(d)] < a.extent;
                    for (std::size_t k = 0; k < K; ++k)
                    {
                        at[k] += next ? a.stride[k] : -a.stride[k] * (a.extent - 1);
                    }
                    if (next)
                    {
                        break;
                    }
                    count[static_cast<std::size_t>(d)] = 0;
                }
                if (d >= m_rank)
                {
                    return;
                }
            }
        }

    private:
        struct axis
        {
            index extent = 1;
            offsets stride{};
        };

        // Innermost first.
        std::array<axis, max_rank> m_axis{};
        int m_rank = 0;
        bool m_empty = false;

        static constexpr axis axis_of(index extent, const std::array<strides, K>& stride, int d)
        {
            axis a;
            a.extent = extent;
            for (std::size_t k = 0; k < K; ++k)
            {
                a.stride[k] = stride[k][static_cast<std::size_t>(d)];
            }
            return a;
        }

        static constexpr index reach(const axis& a)
        {
            index sum = 0;
            for (index s : a.stride)
            {
                sum += detail::magnitude(s);
            }
            return sum;
        }

        /// Keeps the axes sorted by how far a step along them goes; among equals the later axis is the inner one.
        constexpr void insert(const axis& a)
        {
            int to = 0;
            while (to < m_rank && reach(m_axis[static_cast<std::size_t>(to)]) < reach(a))
            {
                ++to;
            }
            for (int d = m_rank; d > to; --d)
            {
                m_axis[static_cast<std::size_t>(d)] = m_axis[static_cast<std::size_t>(d - 1)];
            }
            m_axis[static_cast<std::size_t>(to)] = a;
            ++m_rank;
        }

        constexpr void merge()
        {
            int last = 0;
            for (int d = 1; d < m_rank; ++d)
            {
                axis& inner = m_axis[static_cast<std::size_t>(last)];
                const axis& outer = m_axis[static_cast<std::size_t>(d)];
                bool joined = true;
                for (std::size_t k = 0; k < K; ++k)
                {
                    joined = joined && outer.stride[k] == inner.stride[k] * inner.extent;
                }
                if (joined)
                {
                    inner.extent *= outer.extent;
                }
                else
                {
                    m_axis[static_cast<std::size_t>(++last)] = outer;
                }
            }
            m_rank = m_rank == 0 ? 0 : last + 1;
        }
    };

    /// Some elements of an array at equal distances.
    template <class T>
    struct row
    {
        T* data;
        index stride;

        constexpr T& operator[](index i) const { return data[i * stride]; }
    };

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
        const loop<sizeof...(T)> plan(s, {broadcast_to(a, s).stride...});
        [&]<std::size_t... K>(std::index_sequence<K...>) {
            plan.for_each_row(
                [&](const auto& at) {
                    f(plan.row_size(), row<T>{a.data + at[K], plan.row_stride()[K]}...);
                });
        }(std::index_sequence_for<T...>{});
    }

    /// Calls f(element...) for the elements of the arrays, broadcast to `s`; in the order of memory.
    template <class F, class... T>
    constexpr void for_each_element(const shape& s, F&& f, const array_ref<T>&... a)
    {
        for_each_row(
            s,
            [&](index n, const row<T>&... r)
            {
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

    template <class T>
    constexpr void fill(const array_ref<T>& out, const std::type_identity_t<T>& value)
    {
        for_each_element(
            out.shape, [&](T& o) { o = value; }, out);
    }

    /// out = in, broadcast to the shape of `out`. They must not overlap.
    template <class T, class U>
    constexpr void copy(const array_ref<T>& out, const array_ref<U>& in)
    {
        for_each_element(
            out.shape, [](T& o, U& i) { o = static_cast<T>(i); }, out, in);
    }

    /// out += in, broadcast to the shape of `out`. They may be the same array, but must not overlap otherwise.
    template <class T, class U>
    constexpr void add_to(const array_ref<T>& out, const array_ref<U>& in)
    {
        for_each_element(
            out.shape, [](T& o, U& i) { o += static_cast<T>(i); }, out, in);
    }
}
