// SPDX-License-Identifier: BSD-3-Clause
// Eigen's AutoDiffScalar: forward mode, 8 tangents at a time.
#include <Eigen/Core>
// It wants what comes before it.
#include <unsupported/Eigen/AutoDiff>

#include "scalar_rows.hpp"

namespace
{
    struct eigen
    {
        static double value(const auto& n) { return n.value(); }

        template <int Inputs, class F>
        static auto bind(F f, std::size_t n, bool)
        {
            constexpr int width = Inputs ? Inputs : 8;
            using number = Eigen::AutoDiffScalar<Eigen::Matrix<double, width, 1>>;
            return [f, inputs = std::vector<number>(n)](const peers::numbers& at, peers::numbers& gradient) mutable
            {
                return peers::forward_in_passes<width>(
                    at, gradient, inputs,
                    [](double x, int tangent)
                    {
                        number made(x);
                        made.derivatives().setZero();
                        if (tangent >= 0)
                        {
                            made.derivatives()[tangent] = 1;
                        }
                        return made;
                    },
                    [](const number& result, double* out, std::size_t count)
                    {
                        std::copy_n(result.derivatives().data(), count, out);
                        return result.value();
                    },
                    f);
            };
        }
    };
}

void measure::add_rows() { peers::scalar_rows<eigen>("eigen", {.inputs = 1000, .iterations = 1000000}).add(); }
