// SPDX-License-Identifier: BSD-3-Clause
// What was computed into a vector, as a constant: a vector itself cannot be one. Its size would have to be known to the type
// beforehand, and to compute it only for that doubles the time that a graph takes to compile.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace xautodiff::graph
{
    template <class T, std::size_t Room>
    struct kept_vector
    {
        std::array<T, Room> elements{};
        std::size_t size = 0;  ///< the vector's; where it is larger than the room, only so many elements are kept

        constexpr explicit kept_vector(const std::vector<T>& from) : size(from.size())
        {
            for (std::size_t i = 0; i < size && i < Room; ++i)
            {
                elements[i] = from[i];
            }
        }

        constexpr bool is_whole() const { return size <= Room; }
        constexpr const T* begin() const { return elements.data(); }
        constexpr const T* end() const { return elements.data() + size; }
    };
}
