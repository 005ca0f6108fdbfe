// SPDX-License-Identifier: BSD-3-Clause
// xtensor's containers and expressions. The only file that includes xtensor, whose 0.26 moved its headers into folders.
#pragma once

#include <xautodiff/array/traits.hpp>

#if __has_include(<xtensor/containers/xarray.hpp>)
#include <xtensor/containers/xarray.hpp>
#include <xtensor/containers/xfixed.hpp>
#include <xtensor/containers/xtensor.hpp>
#else
#include <xtensor/xarray.hpp>
#include <xtensor/xfixed.hpp>
#include <xtensor/xtensor.hpp>
#endif

#include <array>
#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace xautodiff::array
{
    namespace detail
    {
        template <class D>
        void accept_expression(const xt::xexpression<D>&);

        template <class C>
        using element_t = std::remove_cv_t<typename std::remove_cvref_t<C>::value_type>;

        /// What a shape type of xtensor tells of the shape.
        template <class S>
        struct static_extents
        {
            static constexpr shape value = shape::of_rank(unknown);
        };

        template <class I, std::size_t N>
        struct static_extents<std::array<I, N>>
        {
            static constexpr shape value = shape::of_rank(static_cast<int>(N));
        };

        template <std::size_t... N>
        struct static_extents<xt::fixed_shape<N...>>
        {
            static constexpr shape value{static_cast<index>(N)...};
        };

        template <class C>
        shape shape_of_xtensor(const C& c)
        {
            shape out;
            for (auto e : c.shape())
            {
                out.push_back(static_cast<index>(e));
            }
            return out;
        }

        template <class T, class C>
        array_ref<T> ref_of_xtensor(T* data, const C& c)
        {
            array_ref<T> out(data, shape_of_xtensor(c));
            if constexpr (C::static_layout != xt::layout_type::row_major)
            {
                for (int d = 0; d < out.shape.rank; ++d)
                {
                    const auto at = static_cast<std::size_t>(d);
                    out.stride[at] = out.shape[d] == 1 ? 0 : static_cast<index>(c.strides()[at]);
                }
            }
            return out;
        }

        /// What all of xtensor's containers share. Those of one shape only (fixed ones, and adaptors of foreign memory)
        /// need no more.
        template <class C>
            requires scalar_value<element_t<C>>
        struct xtensor_traits
        {
            using value_type = element_t<C>;
            static constexpr shape static_shape = static_extents<typename C::shape_type>::value;
            static constexpr family container_family = family::xtensor;

            static array_ref<const value_type> ref(const C& c) { return ref_of_xtensor<const value_type>(c.data(), c); }

            static auto ref(C& c) { return ref_of_xtensor(c.data(), c); }

            /// Whether ref(c) is `seen`, without making it.
            static bool lies_at(const C& c, const array_ref<const value_type>& seen)
            {
                const auto& extents = c.shape();
                bool same = c.data() == seen.data && static_cast<int>(extents.size()) == seen.shape.rank;
                for (std::size_t d = 0; same && d < extents.size(); ++d)
                {
                    same = static_cast<index>(extents[d]) == seen.shape.extent[d];
                    if constexpr (C::static_layout != xt::layout_type::row_major)
                    {
                        same = same && (extents[d] == 1 || static_cast<index>(c.strides()[d]) == seen.stride[d]);
                    }
                }
                return same;
            }

            static void resize(C& c, const shape& s) { expect_shape(s, shape_of_xtensor(c)); }
        };

        [[noreturn, gnu::cold]] inline void throw_fixed_rank(const shape& wanted, int rank)
        {
            throw shape_error(message("shape %s does not fit a container of %d dimension%s", to_string(wanted).c_str(),
                                      rank, rank == 1 ? "" : "s"));
        }

        template <class C>
        struct resizable_xtensor_traits : xtensor_traits<C>
        {
            /// Allocates nothing where the shape stays the same.
            static void resize(C& c, const shape& s)
            {
                using shape_type = typename C::shape_type;
                constexpr int rank = xtensor_traits<C>::static_shape.rank;
                if (rank != unknown && s.rank != rank)
                {
                    throw_fixed_rank(s, rank);
                }
                if (shape_of_xtensor(c) == s)
                {
                    return;
                }
                shape_type wanted{};
                if constexpr (rank == unknown)
                {
                    wanted.resize(static_cast<std::size_t>(s.rank));
                }
                for (int d = 0; d < s.rank; ++d)
                {
                    wanted[static_cast<std::size_t>(d)] = static_cast<typename shape_type::value_type>(s[d]);
                }
                c.resize(wanted);
            }
        };
    }

    template <class EC, xt::layout_type L, class SC, class Tag>
    struct traits<xt::xarray_container<EC, L, SC, Tag>>
        : detail::resizable_xtensor_traits<xt::xarray_container<EC, L, SC, Tag>>
    {
    };

    template <class EC, std::size_t N, xt::layout_type L, class Tag>
    struct traits<xt::xtensor_container<EC, N, L, Tag>>
        : detail::resizable_xtensor_traits<xt::xtensor_container<EC, N, L, Tag>>
    {
    };

    template <class T, class S, xt::layout_type L, bool Sharable, class Tag>
    struct traits<xt::xfixed_container<T, S, L, Sharable, Tag>>
        : detail::xtensor_traits<xt::xfixed_container<T, S, L, Sharable, Tag>>
    {
    };

    template <class EC, xt::layout_type L, class SC, class Tag>
    struct traits<xt::xarray_adaptor<EC, L, SC, Tag>> : detail::xtensor_traits<xt::xarray_adaptor<EC, L, SC, Tag>>
    {
    };

    template <class EC, std::size_t N, xt::layout_type L, class Tag>
    struct traits<xt::xtensor_adaptor<EC, N, L, Tag>> : detail::xtensor_traits<xt::xtensor_adaptor<EC, N, L, Tag>>
    {
    };

    template <class EC, class S, xt::layout_type L, bool Sharable, class Tag>
    struct traits<xt::xfixed_adaptor<EC, S, L, Sharable, Tag>>
        : detail::xtensor_traits<xt::xfixed_adaptor<EC, S, L, Sharable, Tag>>
    {
    };

    namespace detail
    {
        template <class T, shape S, std::size_t... D>
        auto fixed_container(std::index_sequence<D...>)
            -> xt::xtensor_fixed<T, xt::xshape<static_cast<std::size_t>(S[static_cast<int>(D)])...>>;

        template <class T, shape S>
        struct xtensor_container_of
        {
            using type = xt::xtensor<T, static_cast<std::size_t>(S.rank)>;
        };

        template <class T, shape S>
            requires(S.rank == unknown)
        struct xtensor_container_of<T, S>
        {
            using type = xt::xarray<T>;
        };

        template <class T, shape S>
            requires(S.is_known())
        struct xtensor_container_of<T, S>
        {
            using type = decltype(fixed_container<T, S>(std::make_index_sequence<static_cast<std::size_t>(S.rank)>{}));
        };

        template <class C>
        inline constexpr bool owns_elements = false;
        template <class EC, xt::layout_type L, class SC, class Tag>
        inline constexpr bool owns_elements<xt::xarray_container<EC, L, SC, Tag>> = true;
        template <class EC, std::size_t N, xt::layout_type L, class Tag>
        inline constexpr bool owns_elements<xt::xtensor_container<EC, N, L, Tag>> = true;
        template <class T, class S, xt::layout_type L, bool Sharable, class Tag>
        inline constexpr bool owns_elements<xt::xfixed_container<T, S, L, Sharable, Tag>> = true;
    }

    template <class T, shape S>
        requires(S.rank != 0)
    struct container_of<family::xtensor, T, S> : detail::xtensor_container_of<T, S>
    {
    };

    /// Anything of xtensor's: a container, an adaptor, a view, an unevaluated function.
    template <class E>
    concept xtensor_expression = requires(const std::remove_cvref_t<E>& e) { detail::accept_expression(e); };

    namespace detail
    {
        // Not xt::temporary_type_t: in C++20 that of xtensor 0.24 takes an xarray's shape type, svector<size_t, 4>, for a
        // std::array<size_t, 4>, and so evaluates every function of an xarray to an xtensor of rank 4.
        template <class E>
        struct evaluated
            : xtensor_container_of<element_t<E>, static_extents<std::remove_cvref_t<typename E::shape_type>>::value>
        {
        };

        template <class E>
            requires owns_elements<E>
        struct evaluated<E>
        {
            using type = E;
        };
    }

    /// The container that holds the elements of an expression; a container that owns its elements is its own.
    template <xtensor_expression E>
    using evaluated_t = typename detail::evaluated<std::remove_cvref_t<E>>::type;

    template <xtensor_expression E>
    evaluated_t<E> evaluate(E&& e)
    {
        return evaluated_t<E>(std::forward<E>(e));
    }
}
