// SPDX-License-Identifier: BSD-3-Clause
// NumPy's slices: what a user writes in `ad::view(x, ad::range(0, -1), ad::all, 3)`, how it is kept as parameters of an
// operation, and what it makes of a shape and of an array_ref.
#pragma once

#include <xautodiff/array/array_ref.hpp>
#include <xautodiff/array/parameters.hpp>

#include <concepts>
#include <limits>
#include <type_traits>

namespace xautodiff
{
    struct end_t
    {
    };
    struct all_t
    {
    };
    struct newaxis_t
    {
    };
    struct ellipsis_t
    {
    };

    /// As the stop of a range: as far as the axis goes in the direction of the step.
    inline constexpr end_t end{};
    /// A whole axis.
    inline constexpr all_t all{};
    /// A new axis of extent 1.
    inline constexpr newaxis_t newaxis{};
    /// As many whole axes as are left. At most one in a list of slices.
    inline constexpr ellipsis_t ellipsis{};

    namespace array
    {
        /// A constant such as std::integral_constant or Hana's 2_c.
        template <class C>
        concept index_constant = std::is_class_v<C> && std::convertible_to<C, index> && requires {
            {
                C::value
            } -> std::convertible_to<index>;
        };
    }

    /// One end of a range: an integer (negative counts from the back) or `ad::end`.
    struct bound
    {
        std::ptrdiff_t value;

        template <class I>
            requires(std::integral<I> || array::index_constant<I>)
        constexpr bound(I i) : value(static_cast<std::ptrdiff_t>(i))
        {
        }
        constexpr bound(end_t) : value(std::numeric_limits<std::ptrdiff_t>::max()) {}
    };

    /// Elements start, start + step, ... before stop, clipped to the axis as in NumPy. The whole axis backwards is
    /// `range(-1, ad::end, -1)`. Of constants, `range(1_c, ad::end)`, the type knows them.
    template <class... Constant>
    struct range;

    template <>
    struct range<>
    {
        bound start;
        bound stop;
        std::ptrdiff_t step;

        constexpr range(bound first, bound last, std::ptrdiff_t by = 1) : start(first), stop(last), step(by) {}
    };

    template <class Start, class Stop, class Step>
    struct range<Start, Stop, Step>
    {
        range() = default;
        constexpr range(Start, Stop, Step = {}) {}
        constexpr operator range<>() const { return {Start{}, Stop{}, std::ptrdiff_t(Step{})}; }
    };

    range(bound, bound, std::ptrdiff_t = 1) -> range<>;
    template <array::index_constant Start, class Stop, array::index_constant Step = std::integral_constant<int, 1>>
        requires(array::index_constant<Stop> || std::same_as<Stop, end_t>)
    range(Start, Stop, Step = {}) -> range<Start, Stop, Step>;
}

namespace xautodiff::array
{
    /// A slice that removes its axis: an integer, or a constant.
    template <class S>
    concept index_slice = (std::integral<std::remove_cvref_t<S>> && !std::same_as<std::remove_cvref_t<S>, bool>)
                          || index_constant<std::remove_cvref_t<S>>;

    template <class S>
    inline constexpr bool is_range = false;
    template <class... C>
    inline constexpr bool is_range<range<C...>> = true;

    template <class S>
    concept slice =
        index_slice<S> || is_range<std::remove_cvref_t<S>> || std::same_as<std::remove_cvref_t<S>, all_t>
        || std::same_as<std::remove_cvref_t<S>, newaxis_t> || std::same_as<std::remove_cvref_t<S>, ellipsis_t>;

    /// How many axes of the array one slice of this type removes, and how many it adds.
    template <slice S>
    inline constexpr int axes_removed = index_slice<S> ? 1 : 0;
    template <slice S>
    inline constexpr int axes_added = std::same_as<std::remove_cvref_t<S>, newaxis_t> ? 1 : 0;

    /// In `parameters` a slice is four integers: kind, start, stop, step.
    enum class slice_kind : int
    {
        element,
        range,
        all,
        newaxis,
        ellipsis,
        /// An element and a range of which only the type is known; they occur in what encode_types returns.
        some_element,
        some_range
    };

    namespace detail
    {
        constexpr void push_slice(parameters& p, slice_kind kind, index start = 0, index stop = 0, index step = 1)
        {
            for (index v : {static_cast<index>(kind), start, stop, step})
            {
                p.push_back(v);
            }
        }

        constexpr void push_slice(parameters& p, const range<>& r)
        {
            push_slice(p, slice_kind::range, r.start.value, r.stop.value, r.step);
        }
        constexpr void push_slice(parameters& p, all_t) { push_slice(p, slice_kind::all); }
        constexpr void push_slice(parameters& p, newaxis_t) { push_slice(p, slice_kind::newaxis); }
        constexpr void push_slice(parameters& p, ellipsis_t) { push_slice(p, slice_kind::ellipsis); }

        template <index_slice S>
        constexpr void push_slice(parameters& p, const S& i)
        {
            push_slice(p, slice_kind::element, static_cast<index>(i));
        }

        template <class S>
        constexpr void push_slice_type(parameters& p)
        {
            if constexpr (std::integral<S>)
            {
                push_slice(p, slice_kind::some_element);
            }
            else if constexpr (index_slice<S>)
            {
                push_slice(p, slice_kind::element, static_cast<index>(S::value));
            }
            else if constexpr (std::same_as<S, range<>>)
            {
                push_slice(p, slice_kind::some_range);
            }
            else
            {
                push_slice(p, S{});
            }
        }

        [[noreturn, gnu::cold]] inline void throw_index(index i, int dimension, index extent)
        {
            throw shape_error(
                message("index %td is out of bounds for dimension %d with size %td", i, dimension, extent));
        }

        [[noreturn, gnu::cold]] inline void throw_too_many_indices(int rank)
        {
            throw shape_error(message("too many indices for tensor of dimension %d", rank));
        }
    }

    /// The parameters of a view.
    template <slice... S>
    constexpr parameters encode(const S&... s)
    {
        parameters p;
        (detail::push_slice(p, s), ...);
        return p;
    }

    /// What the types of the slices tell: enough for sliced_shape to give the rank, and the extents that do not depend on
    /// run-time values.
    template <slice... S>
    constexpr parameters encode_types()
    {
        parameters p;
        (detail::push_slice_type<std::remove_cvref_t<S>>(p), ...);
        return p;
    }

    namespace detail
    {
        /// A range on an axis, clipped as Python's slice.indices does.
        struct clipped_range
        {
            index start;
            index count;
        };

        constexpr clipped_range clip(index start, index stop, index step, index extent)
        {
            if (step == 0)
            {
                throw shape_error("slice step cannot be zero");
            }
            const bool to_the_end = stop == bound(end).value;
            const index lowest = step > 0 ? 0 : -1;
            const index highest = step > 0 ? extent : extent - 1;
            const auto clipped = [&](index i)
            {
                i = i < 0 ? i + extent : i;
                return i < lowest ? lowest : i > highest ? highest : i;
            };
            const index first = clipped(start);
            const index last = to_the_end ? (step > 0 ? extent : -1) : clipped(stop);
            if (step > 0)
            {
                return {first, first < last ? (last - first - 1) / step + 1 : 0};
            }
            return {first, last < first ? (last - first + 1) / step + 1 : 0};
        }

        struct sliced_layout
        {
            array::shape shape{};
            strides stride{};
            index offset = 0;

            constexpr void add(index extent, index step)
            {
                shape.push_back(extent);
                stride[static_cast<std::size_t>(shape.rank - 1)] = extent == 1 ? 0 : step;
            }
        };

        /// The one place that says what slices do.
        [[gnu::noinline, gnu::cold]] constexpr sliced_layout slice_layout(const shape& s, const strides& st,
                                                                          const parameters& p)
        {
            int taken = 0;
            int ellipses = 0;
            for (int i = 0; i < p.count; i += 4)
            {
                const auto kind = static_cast<slice_kind>(p[i]);
                taken += kind != slice_kind::newaxis && kind != slice_kind::ellipsis;
                ellipses += kind == slice_kind::ellipsis;
            }
            if (ellipses > 1)
            {
                throw shape_error("an index can only have a single ellipsis");
            }
            if (s.rank == unknown)
            {
                return {shape::of_rank(unknown)};
            }
            if (taken > s.rank)
            {
                throw_too_many_indices(s.rank);
            }

            sliced_layout out;
            int d = 0;
            const auto keep = [&](int until)
            {
                for (; d < until; ++d)
                {
                    out.add(s[d], st[static_cast<std::size_t>(d)]);
                }
            };
            for (int i = 0; i < p.count; i += 4)
            {
                const auto kind = static_cast<slice_kind>(p[i]);
                const index start = p[i + 1];
                if (kind == slice_kind::newaxis)
                {
                    out.add(1, 0);
                    continue;
                }
                if (kind == slice_kind::ellipsis)
                {
                    keep(d + s.rank - taken);
                    continue;
                }
                const index extent = s[d];
                const index step = st[static_cast<std::size_t>(d)];
                if (kind == slice_kind::all)
                {
                    out.add(extent, step);
                }
                else if (kind == slice_kind::some_range || (kind == slice_kind::range && extent == unknown))
                {
                    out.add(unknown, step);
                }
                else if (kind == slice_kind::range)
                {
                    const clipped_range r = clip(start, p[i + 2], p[i + 3], extent);
                    out.add(r.count, r.count > 1 ? step * p[i + 3] : 0);
                    out.offset += r.count > 0 ? r.start * step : 0;
                }
                else if (kind == slice_kind::element && extent != unknown)
                {
                    if (start < -extent || start >= extent)
                    {
                        throw_index(start, d, extent);
                    }
                    out.offset += (start < 0 ? start + extent : start) * step;
                }
                ++d;
            }
            keep(s.rank);
            return out;
        }
    }

    /// The shape that a view has. Extents and ranks may be unknown; what depends on them is then unknown too.
    /// Throws shape_error for an index out of bounds and for too many indices.
    constexpr shape sliced_shape(const shape& s, const parameters& slices)
    {
        return detail::slice_layout(s, {}, slices).shape;
    }

    /// The view itself: the same elements seen through other strides.
    template <class T>
    constexpr array_ref<T> sliced(array_ref<T> a, const parameters& slices)
    {
        const detail::sliced_layout l = detail::slice_layout(a.shape, a.stride, slices);
        // Of nothing no element's address is taken: it could lie outside the array.
        return {l.shape.size() == 0 ? a.data : a.data + l.offset, l.shape, l.stride};
    }
}
