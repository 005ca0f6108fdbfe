// SPDX-License-Identifier: BSD-3-Clause
// Ceres' Jet: forward mode, 8 tangents at a time.
#include <ceres/jet.h>

#include "scalar_rows.hpp"

namespace
{
    struct ceres_jet
    {
        static double value(const auto& n) { return n.a; }

        template <int Inputs, class F>
        static auto bind(F f, std::size_t n, bool)
        {
            constexpr int width = Inputs ? Inputs : 8;
            using number = ceres::Jet<double, width>;
            return [f, inputs = std::vector<number>(n)](const peers::numbers& at, peers::numbers& gradient) mutable
            {
                return peers::forward_in_passes<width>(
                    at, gradient, inputs,
                    [](double x, int tangent) { return tangent < 0 ? number(x) : number(x, tangent); },
                    [](const number& result, double* out, std::size_t count)
                    {
                        std::copy_n(result.v.data(), count, out);
                        return result.a;
                    },
                    f);
            };
        }
    };
}

void measure::add_rows()
{
    const peers::scalar_rows<ceres_jet> rows("ceres", {.inputs = 1000, .iterations = 1000000});
    rows.add();
    rows.add_black_scholes(100000);
}
