// SPDX-License-Identifier: BSD-3-Clause
// format_tensor gives, character by character, what PyTorch printed for the cases of tests/oracle/print_cases.txt.
#include <xautodiff/io/tensor_format.hpp>

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <string>

#include "../oracle/cases.hpp"

namespace io = xautodiff::io;

TEST_CASE("tensors print as PyTorch prints them")
{
    const auto cases = xautodiff::oracle::read_print_cases(XAUTODIFF_TEST_DATA "/print_cases.txt");
    CHECK(cases.size() > 120);
    for (const auto& expected : cases)
    {
        CAPTURE(expected.name);
        const std::string text = io::format_tensor({.data = expected.values.values.data(),
                                                    .extents = expected.values.extents,
                                                    .requires_grad = expected.requires_grad,
                                                    .grad_fn = expected.grad_fn,
                                                    .single_precision = expected.single_precision});
        CHECK(text == expected.text);
    }
}

TEST_CASE("the texts that the tutorials promise")
{
    const std::array<double, 4> ones{1, 1, 1, 1};
    const std::array<std::ptrdiff_t, 2> square{2, 2};
    CHECK(io::format_tensor({.data = ones.data(), .extents = square, .requires_grad = true})
          == "tensor([[1., 1.],\n        [1., 1.]], requires_grad=True)");

    const double sum = 36;
    CHECK(io::format_tensor({.data = &sum, .requires_grad = true, .grad_fn = "SumBackward0"})
          == "tensor(36., grad_fn=<SumBackward0>)");

    const std::array<std::ptrdiff_t, 1> three{3};
    const std::array<double, 3> fixed{0.6, 6, 60};
    CHECK(io::format_tensor({.data = fixed.data(), .extents = three}) == "tensor([ 0.6000,  6.0000, 60.0000])");

    const std::array<double, 3> scientific{51.2, 512, 0.0512};
    CHECK(io::format_tensor({.data = scientific.data(), .extents = three})
          == "tensor([5.1200e+01, 5.1200e+02, 5.1200e-02])");
}
