// SPDX-License-Identifier: BSD-3-Clause
// A few rows of a matrix at a time: their products with a vector w, and what they add to Xᵀ r while they are still in the
// cache. Two calls of gemv read the matrix twice.
#pragma once

#include <utility>

#include "vector_math.hpp"

namespace hand
{
    class row_block
    {
    public:
        static constexpr size_t rows = 8;

        /// w and transposed (which is set to 0, and complete after finish()) have one element per column.
        row_block(size_t columns, const double* w, double* transposed)
            : m_columns(columns), m_whole(columns / batch::size * batch::size), m_w(w), m_transposed(transposed)
        {
            // Columns that do not fill a batch are computed in a batch that overlaps the one before, where w counts as 0
            // and what would be added is thrown away.
            if (has_overlap())
            {
                for (size_t lane = 0; lane < batch::size; ++lane)
                {
                    const size_t j = columns - batch::size + lane;
                    m_w_overlap[lane] = j < m_whole ? 0 : w[j];
                }
            }
            for (size_t j = 0; j < columns; ++j)
            {
                transposed[j] = 0;
            }
        }

        /// z[k] = row k times w, for all rows of a block that begins at X.
        void multiply(const double* X, double* z) const
        {
            each_row([&]<size_t... K>(std::index_sequence<K...>) { multiply_rows<K...>(X, z); });
        }

        /// Adds row k times r[k], for all rows of a block.
        void add_transposed(const double* X, const double* r)
        {
            each_row([&]<size_t... K>(std::index_sequence<K...>) { add_rows<K...>(X, r); });
        }

        void multiply_one(const double* x, double& z) const { multiply_rows<0>(x, &z); }
        void add_one(const double* x, double r) { add_rows<0>(x, &r); }

        void finish()
        {
            if (has_overlap())
            {
                for (size_t j = m_whole; j < m_columns; ++j)
                {
                    m_transposed[j] = m_overlap[j - (m_columns - batch::size)];
                }
            }
        }

    private:
        size_t m_columns, m_whole;
        const double* m_w;
        double* m_transposed;
        alignas(64) double m_w_overlap[batch::size] = {};
        alignas(64) double m_overlap[batch::size] = {};

        bool has_overlap() const { return m_whole != 0 && m_whole != m_columns; }

        template <class F>
        static void each_row(F f)
        {
            f(std::make_index_sequence<rows>{});
        }

        template <size_t... K>
        void multiply_rows(const double* X, double* z) const
        {
            batch total[] = {batch(0.0 * double(K))...};
            for (size_t j = 0; j < m_whole; j += batch::size)
            {
                const batch w = load(m_w + j);
                ((total[K] = fma(load(X + K * m_columns + j), w, total[K])), ...);
            }
            if (has_overlap())
            {
                const double* last = X + m_columns - batch::size;
                const batch w = load(m_w_overlap);
                ((total[K] = fma(load(last + K * m_columns), w, total[K])), ...);
            }
            ((z[K] = sum(total[K])), ...);
            for (size_t j = has_overlap() ? m_columns : m_whole; j < m_columns; ++j)
            {
                ((z[K] += X[K * m_columns + j] * m_w[j]), ...);
            }
        }

        template <size_t... K>
        void add_rows(const double* X, const double* r)
        {
            const batch factor[] = {batch(r[K])...};
            const auto add = [&](const double* x, double* to)
            {
                // Two chains of additions.
                batch chain[2] = {load(to), batch(0.0)};
                ((chain[K % 2] = fma(factor[K], load(x + K * m_columns), chain[K % 2])), ...);
                store(to, chain[0] + chain[1]);
            };
            for (size_t j = 0; j < m_whole; j += batch::size)
            {
                add(X + j, m_transposed + j);
            }
            if (has_overlap())
            {
                add(X + m_columns - batch::size, m_overlap);
            }
            else
            {
                for (size_t j = m_whole; j < m_columns; ++j)
                {
                    ((m_transposed[j] += r[K] * X[K * m_columns + j]), ...);
                }
            }
        }
    };
}
