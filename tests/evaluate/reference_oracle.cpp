// SPDX-License-Identifier: BSD-3-Clause
// The rules of op/, as the reference evaluator runs them, give PyTorch's values and gradients: to a few units in the last
// place, infinities, nan and the signs of zeros included.
#include <xautodiff/evaluate/reference.hpp>

#include <doctest/doctest.h>

#include "../oracle/check_values.hpp"
#include "../oracle/op_nodes.hpp"

namespace oracle = xautodiff::oracle;
namespace reference = xautodiff::evaluate::reference;
using dense = reference::dense<double>;

namespace
{
    constexpr oracle::tolerance allowed{1e-14};
}

TEST_CASE("every operation has PyTorch's value and gradients")
{
    const auto cases = oracle::read_op_cases(XAUTODIFF_TEST_DATA "/op_cases.txt");
    CHECK(cases.size() > 500);
    for (const oracle::op_case& c : cases)
    {
        CAPTURE(c.name);
        // Always four, of which an operation reads the first few.
        std::array<dense, 4> a;
        for (std::size_t i = 0; i < c.arguments.size(); ++i)
        {
            a[i] = reference::to_dense<double>(oracle::ref(c.arguments[i]));
        }
        const auto check = [&](const auto& node)
        {
            oracle::check_values(reference::value(node, std::tie(a[0], a[1], a[2], a[3])).ref(), c.output, allowed);
            const auto gradient = reference::gradient(node, reference::to_dense<double>(oracle::ref(c.seed)),
                                                      std::tie(a[0], a[1], a[2], a[3]));
            for (std::size_t i = 0; i < c.arguments.size(); ++i)
            {
                CAPTURE(i);
                if (const auto wanted = oracle::expected_gradient(c, i))
                {
                    oracle::check_values(gradient.input[i].ref(), *wanted, allowed);
                }
            }
        };
        oracle::for_each_node<dense>(c, check);
    }
}
