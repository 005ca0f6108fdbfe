// SPDX-License-Identifier: BSD-3-Clause
// The statements that programs are made of, as plain loops over any kind of number: what the library's results are held
// against. Nothing of the library is used here.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <vector>

namespace fuzz
{
    /// v + a e + b f + ab ef with e² = f² = 0: a value, two directional derivatives, and the second derivative in both.
    struct hyper
    {
        double v = 0, a = 0, b = 0, ab = 0;

        hyper() = default;
        hyper(double value) : v(value) {}
        hyper(double value, double first, double second, double both) : v(value), a(first), b(second), ab(both) {}

        friend hyper operator+(const hyper& x, const hyper& y)
        {
            return {x.v + y.v, x.a + y.a, x.b + y.b, x.ab + y.ab};
        }
        friend hyper operator-(const hyper& x, const hyper& y)
        {
            return {x.v - y.v, x.a - y.a, x.b - y.b, x.ab - y.ab};
        }
        friend hyper operator*(const hyper& x, const hyper& y)
        {
            return {x.v * y.v, x.a * y.v + x.v * y.a, x.b * y.v + x.v * y.b,
                    x.ab * y.v + x.a * y.b + x.b * y.a + x.v * y.ab};
        }
    };

    inline double value_of(double x) { return x; }
    inline double value_of(const hyper& x) { return x.v; }

    /// f(x), given what f and its first two derivatives are there.
    inline double with_derivatives(double, double f, double, double) { return f; }
    inline hyper with_derivatives(const hyper& x, double f, double first, double second)
    {
        return {f, first * x.a, first * x.b, first * x.ab + second * x.a * x.b};
    }

    template <class N>
    N sine(const N& x)
    {
        const double v = value_of(x);
        return with_derivatives(x, std::sin(v), std::cos(v), -std::sin(v));
    }

    template <class N>
    N exponential(const N& x)
    {
        const double y = std::exp(value_of(x));
        return with_derivatives(x, y, y, y);
    }

    template <class N>
    N hyperbolic_tangent(const N& x)
    {
        const double y = std::tanh(value_of(x)), slope = 1 - y * y;
        return with_derivatives(x, y, slope, -2 * y * slope);
    }

    template <class N>
    N reciprocal(const N& x)
    {
        const double y = 1 / value_of(x);
        return with_derivatives(x, y, -y * y, 2 * y * y * y);
    }

    /// Where both are equal, each has half a part.
    template <class N>
    N larger_of(const N& x, const N& y)
    {
        const double v = value_of(x), w = value_of(y);
        return v > w ? x : v < w ? y : N(0.5) * x + N(0.5) * y;
    }

    /// One or two dimensions or none; an array without one of them has one element along it. All broadcast: there are 1 or
    /// 2 rows and 1 or 3 columns.
    struct extents
    {
        std::size_t rank = 0, rows = 1, columns = 1;

        std::size_t size() const { return rows * columns; }
        friend bool operator==(const extents&, const extents&) = default;
    };

    inline extents broadcast(const extents& x, const extents& y)
    {
        return {std::max(x.rank, y.rank), std::max(x.rows, y.rows), std::max(x.columns, y.columns)};
    }

    enum class kind
    {
        add,       ///< x + y
        multiply,  ///< x * y
        larger,    ///< maximum(x, y)
        scaled,    ///< x - c * y
        quotient,  ///< x / (y * y + 1)
        mixed,     ///< sin(x) * c + 0.5 * x * y
        bell,      ///< exp(-x * x)
        again,     ///< as mixed, but computed again in the backward pass
        soft,      ///< tanh(x) * c + x * y
        rows,      ///< sum(x, 0)
        columns,   ///< mean(x, 1), the dimension kept
        first,     ///< view(x, range(0, 1))
        total,     ///< sum(x)
        inner,     ///< sum(x * y)
        pair,      ///< x * y and x * x * y: what a user's operation of two results computes
        part       ///< one of them
    };

    struct statement_facts
    {
        const char* text;
        std::size_t operands;
        /// For each operand: the operands, as bits, whose values its adjoint is computed from; and whether a constant is.
        std::array<unsigned, 2> reads;
        std::array<bool, 2> reads_constant;
    };

    inline const statement_facts& facts_of(kind k)
    {
        static const statement_facts all[]{{"x + y", 2, {0, 0}, {}},
                                           {"x * y", 2, {0b10, 0b01}, {}},
                                           {"maximum(x, y)", 2, {0b11, 0b11}, {}},
                                           {"x - c * y", 2, {0, 0}, {false, true}},
                                           {"x / (y * y + 1)", 2, {0b10, 0b11}, {}},
                                           {"sin(x) * c + 0.5 * x * y", 2, {0b11, 0b01}, {}},
                                           {"exp(-x * x)", 1, {0b01}, {}},
                                           {"checkpoint(sin(x) * c + 0.5 * x * y)", 2, {0b11, 0b11}, {true, true}},
                                           {"tanh(x) * c + x * y", 2, {0b11, 0b01}, {}},
                                           {"sum(x, 0)", 1, {}, {}},
                                           {"mean(x, 1, keep_dims)", 1, {}, {}},
                                           {"view(x, range(0, 1))", 1, {}, {}},
                                           {"sum(x)", 1, {}, {}},
                                           {"sum(x * y)", 2, {0b10, 0b01}, {}},
                                           {"pair", 2, {0b11, 0b11}, {}},
                                           {"part", 1, {}, {}}};
        return all[std::size_t(k)];
    }

    inline extents result_extents(kind k, const extents& x, const extents& y)
    {
        switch (k)
        {
        case kind::rows:
            return {x.rank - 1, 1, x.rank == 2 ? x.columns : 1};
        case kind::columns:
            return {2, x.rows, 1};
        case kind::first:
            return {x.rank, 1, x.rank == 1 ? 1 : x.columns};
        case kind::total:
        case kind::inner:
        case kind::part:
            return {};
        case kind::pair:
            return {1, 1, 2};
        default:
            return facts_of(k).operands == 1 ? x : broadcast(x, y);
        }
    }

    template <class N>
    struct elements
    {
        extents shape;
        std::vector<N> values;

        /// Of a shape that this broadcasts to.
        const N& at(std::size_t row, std::size_t column) const
        {
            return values[(shape.rows == 1 ? 0 : row) * shape.columns + (shape.columns == 1 ? 0 : column)];
        }
    };

    template <class N>
    N element_of(kind k, double c, const N& x, const N& y)
    {
        switch (k)
        {
        case kind::add:
            return x + y;
        case kind::multiply:
            return x * y;
        case kind::larger:
            return larger_of(x, y);
        case kind::scaled:
            return x - N(c) * y;
        case kind::quotient:
            return x * reciprocal(y * y + N(1));
        case kind::mixed:
        case kind::again:
            return sine(x) * N(c) + N(0.5) * x * y;
        case kind::bell:
            return exponential(N(-1) * x * x);
        default:
            return hyperbolic_tangent(x) * N(c) + x * y;
        }
    }

    /// What a statement computes. One of a single operand is given it twice.
    template <class N>
    elements<N> compute(kind k, double c, const elements<N>& x, const elements<N>& y)
    {
        elements<N> out{result_extents(k, x.shape, y.shape), {}};
        out.values.resize(out.shape.size());
        if (k < kind::rows)
        {
            for (std::size_t i = 0; i < out.values.size(); ++i)
            {
                const std::size_t row = i / out.shape.columns, column = i % out.shape.columns;
                out.values[i] = element_of(k, c, x.at(row, column), y.at(row, column));
            }
            return out;
        }
        if (k == kind::pair)
        {
            out.values = {x.values[0] * y.values[0], x.values[0] * x.values[0] * y.values[0]};
            return out;
        }
        if (k == kind::part)
        {
            out.values[0] = x.values[std::size_t(c)];
            return out;
        }
        if (k == kind::first)
        {
            std::copy_n(x.values.begin(), out.values.size(), out.values.begin());
            return out;
        }
        const extents all = k == kind::inner ? broadcast(x.shape, y.shape) : x.shape;
        for (std::size_t i = 0; i < all.size(); ++i)
        {
            const std::size_t row = i / all.columns, column = i % all.columns;
            N& to = out.values[k == kind::rows ? i % out.values.size() : k == kind::columns ? row : 0];
            to = to + (k == kind::inner ? x.at(row, column) * y.at(row, column) : x.at(row, column));
        }
        if (k == kind::columns)
        {
            for (N& v : out.values)
            {
                v = v * N(1.0 / double(all.columns));
            }
        }
        return out;
    }
}
