// SPDX-License-Identifier: BSD-3-Clause
// Arrays for the tests of this folder: any shape, laid out in memory in several ways, and a plain walk over their indices.
#pragma once

#include <xautodiff/array/array_ref.hpp>

#include <cstddef>
#include <random>
#include <vector>

namespace test
{
    using xautodiff::array::array_ref;
    using xautodiff::array::index;
    using xautodiff::array::shape;
    using xautodiff::array::strides;

    using position = std::vector<index>;

    /// Every position in an array of this shape, in row-major order.
    inline std::vector<position> positions(const shape& s)
    {
        std::vector<position> out{{}};
        for (int d = 0; d < s.rank; ++d)
        {
            std::vector<position> longer;
            for (const position& p : out)
            {
                for (index i = 0; i < s[d]; ++i)
                {
                    longer.push_back(p);
                    longer.back().push_back(i);
                }
            }
            out = std::move(longer);
        }
        return out;
    }

    /// The element of an array at a position of a shape that it broadcasts to.
    template <class T>
    T& at(const array_ref<T>& a, const position& p)
    {
        const int missing = static_cast<int>(p.size()) - a.shape.rank;
        index offset = 0;
        for (int d = 0; d < a.shape.rank; ++d)
        {
            const index i = a.shape[d] == 1 ? 0 : p[static_cast<std::size_t>(d + missing)];
            offset += i * a.stride[static_cast<std::size_t>(d)];
        }
        return a.data[offset];
    }

    enum class layout
    {
        row_major,
        column_major,
        backwards,  // negative strides
        spaced      // every second element of a larger array
    };

    inline constexpr layout layouts[]{layout::row_major, layout::column_major, layout::backwards, layout::spaced};

    /// Owns the elements that `ref` looks at; they are random integers of few digits, so that sums of them are exact.
    template <class T>
    struct filled_array
    {
        std::vector<T> data;
        array_ref<T> ref;

        filled_array(const shape& s, layout l, unsigned seed = 1) : ref(nullptr, s)
        {
            index step = l == layout::spaced ? 2 : 1;
            for (int i = 0; i < s.rank; ++i)
            {
                const int d = l == layout::column_major ? i : s.rank - 1 - i;
                ref.stride[static_cast<std::size_t>(d)] = s[d] == 1 ? 0 : l == layout::backwards ? -step : step;
                step *= s[d];
            }
            data.resize(static_cast<std::size_t>(step));
            std::mt19937 engine(seed);
            for (T& x : data)
            {
                x = static_cast<T>(static_cast<int>(engine() % 19) - 9);
            }
            ref.data = l == layout::backwards && !data.empty() ? &data.back() : data.data();
        }

        filled_array(const filled_array&) = delete;

        array_ref<const T> look() const { return ref; }
    };
}
