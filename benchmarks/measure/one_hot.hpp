// SPDX-License-Identifier: BSD-3-Clause
// Labels drawn by chance, as the probabilities wanted of each row: a single 1.
#pragma once

#include <cstddef>
#include <random>

namespace measure
{
    template <class Matrix>
    Matrix one_hot(std::size_t rows, std::size_t columns, unsigned seed)
    {
        Matrix m = Matrix::from_shape({rows, columns});
        m.fill(0);
        std::mt19937_64 engine(seed);
        std::uniform_int_distribution<std::size_t> label(0, columns - 1);
        for (std::size_t i = 0; i < rows; ++i)
        {
            m(i, label(engine)) = 1;
        }
        return m;
    }
}
