// SPDX-License-Identifier: BSD-3-Clause
// What the library needs to know of a container. Scalars and std::array are here; xtensor's are in xtensor.hpp.
// Another container joins by specialising `traits`.
#pragma once

#include <xautodiff/array/array_ref.hpp>

#include <array>
#include <concepts>
#include <cstddef>
#include <type_traits>

namespace xautodiff::array
{
    /// Which containers hold results: an operation on several operands takes the largest family among them.
    enum class family
    {
        scalar,
        standard,
        xtensor
    };

    constexpr family common_family(family a, family b) { return a < b ? b : a; }

    /// A number: any arithmetic type, bool included (comparisons give masks).
    template <class C>
    concept scalar_value = std::is_arithmetic_v<std::remove_cvref_t<C>>;

    /// `traits<C>`, for C without const or reference, has
    ///   value_type, static_shape (what the type tells of the shape), container_family,
    ///   ref(c): an array_ref onto the elements of `c`,
    ///   resize(c, shape): gives `c` that shape, leaving its elements unspecified; throws shape_error where its type forbids it.
    /// Scalars and std::array also have load(c, to) and store(c, from), which copy all elements in row-major order to and
    /// from one flat block: in a constant expression a pointer cannot step from one row of a nested std::array to the next.
    template <class C>
    struct traits;

    /// Anything with traits, numbers included.
    template <class C>
    concept container = requires { traits<std::remove_cvref_t<C>>::static_shape; };

    /// A container that is not always a single number.
    template <class C>
    concept array_like = container<C> && traits<std::remove_cvref_t<C>>::static_shape.rank != 0;

    /// A container that can carry a gradient.
    template <class C>
    concept floating_container =
        container<C> && std::is_floating_point_v<typename traits<std::remove_cvref_t<C>>::value_type>;

    namespace detail
    {
        [[noreturn, gnu::cold]] inline void throw_fixed_shape(const shape& wanted, const shape& fixed)
        {
            throw shape_error(message("shape %s does not fit a container of the fixed shape %s",
                                      to_string(wanted).c_str(), to_string(fixed).c_str()));
        }

        constexpr void expect_shape(const shape& wanted, const shape& fixed)
        {
            if (wanted != fixed)
            {
                throw_fixed_shape(wanted, fixed);
            }
        }

        constexpr shape prepended(index extent, const shape& rest)
        {
            shape out{extent};
            for (int d = 0; d < rest.rank; ++d)
            {
                out.push_back(rest[d]);
            }
            return out;
        }
    }

    template <scalar_value T>
        requires std::same_as<T, std::remove_cvref_t<T>>
    struct traits<T>
    {
        using value_type = T;
        static constexpr shape static_shape{};
        static constexpr family container_family = family::scalar;

        static constexpr array_ref<const T> ref(const T& c) { return {&c, static_shape}; }
        static constexpr array_ref<T> ref(T& c) { return {&c, static_shape}; }
        static constexpr void resize(T&, const shape& s) { detail::expect_shape(s, static_shape); }
        static constexpr void load(const T& c, T* to) { *to = c; }
        static constexpr void store(T& c, const T* from) { c = *from; }
    };

    template <class E, std::size_t N>
        requires container<E>
    struct traits<std::array<E, N>>
    {
        using container_type = std::array<E, N>;
        using element = traits<E>;
        using value_type = typename element::value_type;
        static constexpr shape static_shape = detail::prepended(static_cast<index>(N), element::static_shape);
        static constexpr family container_family = family::standard;

        /// In a constant expression only the first row of a nested array can be reached through it: see load and store.
        static constexpr array_ref<const value_type> ref(const container_type& c)
        {
            return {first<const value_type>(c), static_shape};
        }

        static constexpr array_ref<value_type> ref(container_type& c) { return {first<value_type>(c), static_shape}; }

        static constexpr void resize(container_type&, const shape& s) { detail::expect_shape(s, static_shape); }

        static constexpr void load(const container_type& c, value_type* to)
        {
            for (std::size_t i = 0; i < N; ++i)
            {
                element::load(c[i], to + static_cast<index>(i) * element::static_shape.size());
            }
        }

        static constexpr void store(container_type& c, const value_type* from)
        {
            for (std::size_t i = 0; i < N; ++i)
            {
                element::store(c[i], from + static_cast<index>(i) * element::static_shape.size());
            }
        }

    private:
        template <class T, class C>
        static constexpr T* first(C& c)
        {
            if constexpr (std::is_same_v<E, value_type>)
            {
                return c.data();
            }
            else if (std::is_constant_evaluated())
            {
                return N == 0 ? nullptr : element::ref(c[0]).data;
            }
            else
            {
                // From the whole array, not from its first row, so that no compiler takes the row's end for the limit.
                static_assert(sizeof(container_type) == sizeof(value_type) * std::size_t(static_shape.size())
                              || static_shape.size() == 0);
                return reinterpret_cast<T*>(&c);
            }
        }
    };

    /// Whether a container's elements still lie as they were seen.
    template <class C, class T>
    bool lies_at(const C& c, const array_ref<const T>& seen)
    {
        if constexpr (requires { traits<C>::lies_at(c, seen); })
        {
            return traits<C>::lies_at(c, seen);
        }
        else
        {
            // Of one shape only.
            return traits<C>::ref(c).data == seen.data;
        }
    }

    /// The container that a family uses for a value type and a static shape: `type`.
    /// A rank of 0 is the number itself, whatever the family.
    template <family F, class T, shape S>
    struct container_of;

    template <family F, class T, shape S>
        requires(S.rank == 0)
    struct container_of<F, T, S>
    {
        using type = T;
    };

    namespace detail
    {
        template <class T, shape S, int Axis>
        struct nested_array
        {
            using type = std::array<typename nested_array<T, S, Axis + 1>::type, static_cast<std::size_t>(S[Axis])>;
        };

        template <class T, shape S, int Axis>
            requires(Axis == S.rank)
        struct nested_array<T, S, Axis>
        {
            using type = T;
        };
    }

    template <class T, shape S>
        requires(S.rank > 0 && S.is_known())
    struct container_of<family::standard, T, S>
    {
        using type = typename detail::nested_array<T, S, 0>::type;
    };

    template <class T, shape S>
        requires(S.rank != 0 && !S.is_known())
    struct container_of<family::standard, T, S>
    {
        static_assert(
            sizeof(T) == 0,
            "xautodiff: the shape of this result of std::arrays is known at run time only; give axes and ranges "
            "as constants (`0_c`, `ad::range(1_c, ad::end)`), or take arrays of xtensor's");
        using type = T;
    };

    template <family F, class T, shape S>
    using container_t = typename container_of<F, T, S>::type;
}
