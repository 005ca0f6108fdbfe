// SPDX-License-Identifier: BSD-3-Clause
// The rules of reshaping: a target shape in which one extent may be left open as -1.
#pragma once

#include <xautodiff/array/array_ref.hpp>
#include <xautodiff/array/parameters.hpp>

#include <concepts>
#include <string>

namespace xautodiff::array
{
    /// Parameters of a reshape: the target extents, of which one may be -1.
    template <std::convertible_to<index>... I>
    constexpr parameters encode_shape(const I&... extents)
    {
        parameters p;
        (p.push_back(static_cast<index>(extents)), ...);
        return p;
    }

    constexpr parameters encode_shape(const shape& s)
    {
        parameters p;
        for (int d = 0; d < s.rank; ++d)
        {
            p.push_back(s[d]);
        }
        return p;
    }

    namespace detail
    {
        [[noreturn, gnu::cold]] inline void throw_extent(index e)
        {
            throw shape_error(message("invalid shape dimension %td", e));
        }

        [[noreturn, gnu::cold]] inline void throw_reshape(const shape& target, index size)
        {
            throw shape_error(message("shape '%s' is invalid for input of size %td", to_string(target).c_str(), size));
        }

        [[noreturn, gnu::cold]] inline void throw_ambiguous_reshape(const shape& target)
        {
            throw shape_error(
                message("cannot reshape tensor of 0 elements into shape %s because the unspecified dimension "
                        "size -1 can be any value and is ambiguous",
                        to_string(target).c_str()));
        }
    }

    /// The shape after a reshape. Where an extent of `from` is unknown an open extent of the target stays unknown.
    /// Throws shape_error where the sizes differ, two extents are open, or an open one cannot be told.
    constexpr shape reshaped_shape(const shape& from, const parameters& target)
    {
        shape out;
        int open = -1;
        index others = 1;
        for (int d = 0; d < target.count; ++d)
        {
            if (target[d] < -1)
            {
                detail::throw_extent(target[d]);
            }
            if (target[d] == -1 && open != -1)
            {
                throw shape_error("only one dimension can be inferred");
            }
            out.push_back(target[d]);
            if (target[d] == -1)
            {
                open = d;
            }
            else
            {
                others *= target[d];
            }
        }
        if (!from.is_known())
        {
            return out;
        }
        const index size = from.size();
        if (open == -1)
        {
            if (others != size)
            {
                detail::throw_reshape(out, size);
            }
            return out;
        }
        if (others == 0)
        {
            if (size == 0)
            {
                detail::throw_ambiguous_reshape(out);
            }
            detail::throw_reshape(out, size);
        }
        if (size % others != 0)
        {
            detail::throw_reshape(out, size);
        }
        out[open] = size / others;
        return out;
    }

    /// The elements of a row-major `a` under another shape of the same size. `a` must be contiguous.
    template <class T>
    constexpr array_ref<T> reshaped(array_ref<T> a, const shape& to)
    {
        return {a.data, to};
    }
}
