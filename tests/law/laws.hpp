// SPDX-License-Identifier: BSD-3-Clause
// What has to hold for every operation, whatever it computes.
#pragma once

#include <xautodiff/evaluate/reference.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

namespace xautodiff::law
{
    using dense = evaluate::reference::dense<double>;
    using values = std::vector<dense>;

    /// What the graph path gives for arguments x, tangents t and a seed w.
    struct graph_results
    {
        dense value;
        dense tangent;
        values adjoints;
        values along_forward;  ///< the derivatives of the adjoints along t, in forward mode
        values along_reverse;  ///< the same, in reverse mode
    };

    /// The reference evaluator on the same expression.
    struct reference_functions
    {
        std::function<dense(const values& x)> value;
        std::function<dense(const values& x, const values& t)> tangent;
        std::function<values(const values& x, const dense& w)> adjoints;
    };

    /// Numbers of no pattern, of both signs, none near 0.
    inline dense direction(const array::shape& s, int which)
    {
        dense out(s);
        for (array::index i = 0; i < s.size(); ++i)
        {
            const double x = std::sin(1.3 * double(i) + 2.1 * which + 0.7);
            out.ref().data[i] = x + (x < 0 ? -0.2 : 0.2);
        }
        return out;
    }

    inline double inner(const dense& a, const dense& b)
    {
        double sum = 0;
        for (std::size_t i = 0; i < a.elements().size(); ++i)
        {
            sum += a.elements()[i] * b.elements()[i];
        }
        return sum;
    }

    inline double inner(const values& a, const values& b)
    {
        double sum = 0;
        for (std::size_t i = 0; i < a.size(); ++i)
        {
            sum += inner(a[i], b[i]);
        }
        return sum;
    }

    inline values shifted(const values& x, double h, const values& t)
    {
        values out;
        for (std::size_t i = 0; i < x.size(); ++i)
        {
            out.push_back(x[i] + h * t[i]);
        }
        return out;
    }

    /// df/dh at h = 0 by differences of fourth order.
    inline dense difference(const std::function<dense(double h)>& f)
    {
        const double h = 1.0 / 512;
        return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
    }

    /// Fails where they differ, and where one is not finite.
    inline void check_near(const dense& a, const dense& b, double tolerance)
    {
        REQUIRE(to_string(a.shape()) == to_string(b.shape()));
        double scale = 1;
        double error = 0;
        for (std::size_t i = 0; i < a.elements().size(); ++i)
        {
            const double e = a.elements()[i], f = b.elements()[i];
            REQUIRE(std::isfinite(e));
            REQUIRE(std::isfinite(f));
            scale = std::max({scale, std::abs(e), std::abs(f)});
            error = std::max(error, std::abs(e - f));
        }
        CHECK(error <= tolerance * scale);
    }

    inline void check_near(const values& a, const values& b, double tolerance)
    {
        REQUIRE(a.size() == b.size());
        for (std::size_t i = 0; i < a.size(); ++i)
        {
            CAPTURE(i);
            check_near(a[i], b[i], tolerance);
        }
    }

    inline void check_laws(const graph_results& graph, const reference_functions& reference, const values& x,
                           const values& t, const dense& w)
    {
        constexpr double rounding = 1e-13, truncation = 1e-9;

        // The graph computes what the nested type says.
        check_near(graph.value, reference.value(x), rounding);
        check_near(graph.adjoints, reference.adjoints(x, w), rounding);
        check_near(graph.tangent, reference.tangent(x, t), rounding);

        // Both modes agree with differences, and with one another.
        check_near(graph.tangent, difference([&](double h) { return reference.value(shifted(x, h, t)); }), truncation);
        const double forward = inner(graph.tangent, w);
        CHECK(std::abs(forward - inner(graph.adjoints, t)) <= rounding * (1 + std::abs(forward)));

        // So they do at second order.
        check_near(graph.along_forward, graph.along_reverse, rounding);
        for (std::size_t i = 0; i < x.size(); ++i)
        {
            CAPTURE(i);
            const auto adjoint_at = [&](double h) { return reference.adjoints(shifted(x, h, t), w)[i]; };
            check_near(graph.along_forward[i], difference(adjoint_at), truncation);
        }
    }
}
