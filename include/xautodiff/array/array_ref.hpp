// SPDX-License-Identifier: BSD-3-Clause
// A strided, non-owning look at the elements of any container: what every kernel reads and writes.
#pragma once

#include <xautodiff/array/shape.hpp>

#include <type_traits>

namespace xautodiff::array
{
    using strides = std::array<index, max_rank>;

    /// Row-major strides of a shape. An axis of extent 1 has stride 0, so that it broadcasts.
    [[gnu::noinline]] constexpr strides contiguous_strides(const shape& s)
    {
        strides out{};
        index step = 1;
        for (int d = s.rank - 1; d >= 0; --d)
        {
            out[static_cast<std::size_t>(d)] = s[d] == 1 ? 0 : step;
            step *= s[d];
        }
        return out;
    }

    /// Whether elements with these strides lie row major, one after the other.
    [[gnu::noinline]] constexpr bool lies_row_major(const shape& s, const strides& stride)
    {
        index step = 1;
        for (int d = s.rank - 1; d >= 0; --d)
        {
            if (s[d] != 1 && stride[static_cast<std::size_t>(d)] != step)
            {
                return s.size() == 0;
            }
            step *= s[d];
        }
        return true;
    }

    template <class T>
    struct array_ref
    {
        using value_type = std::remove_const_t<T>;

        T* data = nullptr;
        array::shape shape{};
        strides stride{};

        constexpr array_ref() = default;
        constexpr array_ref(T* p, const array::shape& s) : data(p), shape(s), stride(contiguous_strides(s)) {}
        constexpr array_ref(T* p, const array::shape& s, const strides& st) : data(p), shape(s), stride(st) {}

        constexpr operator array_ref<const T>() const
            requires(!std::is_const_v<T>)
        {
            return {data, shape, stride};
        }

        constexpr index size() const { return shape.size(); }

        /// Whether the elements lie row major, one after the other.
        constexpr bool is_contiguous() const { return lies_row_major(shape, stride); }
    };
}
