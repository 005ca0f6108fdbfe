// SPDX-License-Identifier: BSD-3-Clause
// Cross-entropy of softmax over rows: the mean over rows of log(sum(exp(z))) - sum(z y), where y are the wanted
// probabilities (rows that sum to 1), and its gradient (softmax(z) - y) / rows.
#pragma once

#include <algorithm>

#include "vector_math.hpp"

namespace hand
{
    namespace detail
    {
        /// Along a row; for long ones.
        inline double softmax_row(size_t columns, const double* z, const double* y, double scale, double* g)
        {
            batch high(z[0]);
            size_t j = 0;
            for (; j + batch::size <= columns; j += batch::size)
            {
                high = xsimd::max(high, load(z + j));
            }
            double largest_z = largest(high);
            for (; j < columns; ++j)
            {
                largest_z = std::max(largest_z, z[j]);
            }
            batch total(0.0), chosen(0.0);
            double rest = 0, rest_chosen = 0;
            for (j = 0; j + batch::size <= columns; j += batch::size)
            {
                const batch shifted = load(z + j) - largest_z, e = exp(shifted);
                chosen = fma(shifted, load(y + j), chosen);
                total += e;
                store(g + j, e);
            }
            for (; j < columns; ++j)
            {
                const double shifted = z[j] - largest_z;
                rest_chosen += shifted * y[j];
                rest += g[j] = exp(shifted);
            }
            const double all = sum(total) + rest, factor = scale / all;
            for (j = 0; j + batch::size <= columns; j += batch::size)
            {
                store(g + j, load(g + j) * factor - load(y + j) * scale);
            }
            for (; j < columns; ++j)
            {
                g[j] = g[j] * factor - y[j] * scale;
            }
            return log(all) - sum(chosen) - rest_chosen;
        }

        /// Several rows side by side, one in each lane; for short ones. At most `longest` columns.
        inline constexpr size_t longest_side_by_side = 32;
        inline batch softmax_rows(size_t columns, const double* z, const double* y, double scale, double* g)
        {
            constexpr size_t lanes = batch::size;
            alignas(64) double e[longest_side_by_side * lanes], wanted[longest_side_by_side * lanes];
            for (size_t k = 0; k < lanes; ++k)
            {
                for (size_t j = 0; j < columns; ++j)
                {
                    e[j * lanes + k] = z[k * columns + j];
                    wanted[j * lanes + k] = y[k * columns + j];
                }
            }
            batch high = load(e);
            for (size_t j = 1; j < columns; ++j)
            {
                high = xsimd::max(high, load(e + j * lanes));
            }
            batch total(0.0), chosen(0.0);
            for (size_t j = 0; j < columns; ++j)
            {
                const batch shifted = load(e + j * lanes) - high, t = exp(shifted);
                chosen = fma(shifted, load(wanted + j * lanes), chosen);
                total += t;
                store(e + j * lanes, t);
            }
            const batch factor = scale / total;
            for (size_t j = 0; j < columns; ++j)
            {
                store(e + j * lanes, load(e + j * lanes) * factor - load(wanted + j * lanes) * scale);
            }
            for (size_t k = 0; k < lanes; ++k)
            {
                for (size_t j = 0; j < columns; ++j)
                {
                    g[k * columns + j] = e[j * lanes + k];
                }
            }
            return log(total) - chosen;
        }
    }

    /// g may be z: the gradient then replaces the logits.
    inline double softmax_cross_entropy(size_t rows, size_t columns, const double* z, const double* y, double* g)
    {
        const double scale = 1.0 / double(rows);
        batch side_by_side(0.0);
        double loss = 0;
        size_t i = 0;
        if (columns <= detail::longest_side_by_side)
        {
            for (; i + batch::size <= rows; i += batch::size)
            {
                const size_t at = i * columns;
                side_by_side += detail::softmax_rows(columns, z + at, y + at, scale, g + at);
            }
        }
        for (; i < rows; ++i)
        {
            const size_t at = i * columns;
            loss += detail::softmax_row(columns, z + at, y + at, scale, g + at);
        }
        return (sum(side_by_side) + loss) * scale;
    }
}
