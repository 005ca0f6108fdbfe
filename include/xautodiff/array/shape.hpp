// SPDX-License-Identifier: BSD-3-Clause
// The shape of a value: known whole at run time, known in part at compile time.
// One set of rules (broadcasting, reduction, ...) serves both: an extent may be `unknown`, and so may the rank.
#pragma once

#include <xautodiff/array/error.hpp>

#include <array>
#include <cstddef>
#include <initializer_list>
#include <string>

namespace xautodiff::array
{
    using index = std::ptrdiff_t;

    /// The largest number of dimensions supported.
    inline constexpr int max_rank = 8;
    /// An extent, or a rank, that the type does not tell.
    inline constexpr int unknown = -1;

    struct shape
    {
        int rank = 0;
        std::array<index, max_rank> extent{};

        constexpr shape() = default;

        constexpr shape(std::initializer_list<index> extents)
        {
            for (index e : extents)
            {
                push_back(e);
            }
        }

        /// A shape of which only the rank is known.
        static constexpr shape of_rank(int rank)
        {
            shape s;
            s.rank = rank;
            for (int d = 0; d < rank; ++d)
            {
                s.extent[static_cast<std::size_t>(d)] = unknown;
            }
            return s;
        }

        constexpr index operator[](int d) const { return extent[static_cast<std::size_t>(d)]; }
        constexpr index& operator[](int d) { return extent[static_cast<std::size_t>(d)]; }

        constexpr void push_back(index e)
        {
            if (rank == max_rank)
            {
                throw_rank();
            }
            (*this)[rank++] = e;
        }

        constexpr bool is_known() const
        {
            for (int d = 0; d < rank; ++d)
            {
                if ((*this)[d] == unknown)
                {
                    return false;
                }
            }
            return rank != unknown;
        }

        constexpr bool is_scalar() const { return rank == 0; }

        /// Number of elements; all extents must be known.
        constexpr index size() const
        {
            index n = 1;
            for (int d = 0; d < rank; ++d)
            {
                n *= (*this)[d];
            }
            return n;
        }

        [[gnu::noinline]] friend constexpr bool operator==(const shape& a, const shape& b)
        {
            if (a.rank != b.rank)
            {
                return false;
            }
            for (int d = 0; d < a.rank; ++d)
            {
                if (a[d] != b[d])
                {
                    return false;
                }
            }
            return true;
        }

    private:
        [[noreturn, gnu::cold]] static void throw_rank()
        {
            throw shape_error("an array has at most 8 dimensions here");
        }
    };

    /// "[2, 3]", as in PyTorch's messages.
    [[gnu::cold]] inline std::string to_string(const shape& s)
    {
        std::string text = "[";
        for (int d = 0; d < s.rank; ++d)
        {
            text += message(d ? ", %td" : "%td", s[d]);
        }
        text += "]";
        return text;
    }

    namespace detail
    {
        [[noreturn, gnu::cold]] inline void throw_mismatch(index a, index b, int dimension)
        {
            throw shape_error(
                message("The size of tensor a (%td) must match the size of tensor b (%td) at non-singleton "
                        "dimension %d",
                        a, b, dimension));
        }
    }

    /// NumPy's broadcasting of two shapes. An unknown extent yields to a known one other than 1.
    /// Throws shape_error where two known extents differ and neither is 1.
    [[gnu::noinline]] constexpr shape broadcast(const shape& a, const shape& b)
    {
        if (a.rank == unknown || b.rank == unknown)
        {
            return shape::of_rank(unknown);
        }
        const int rank = a.rank > b.rank ? a.rank : b.rank;
        shape out = shape::of_rank(rank);
        for (int d = 0; d < rank; ++d)
        {
            const int da = d - (rank - a.rank);
            const int db = d - (rank - b.rank);
            const index ea = da < 0 ? 1 : a[da];
            const index eb = db < 0 ? 1 : b[db];
            if (ea == eb || eb == 1)
            {
                out[d] = ea;
            }
            else if (ea == 1)
            {
                out[d] = eb;
            }
            else if (ea == unknown || eb == unknown)
            {
                out[d] = ea == unknown ? eb : ea;
            }
            else
            {
                detail::throw_mismatch(ea, eb, d);
            }
        }
        return out;
    }
}
