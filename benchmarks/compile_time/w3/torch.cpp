// SPDX-License-Identifier: BSD-3-Clause
#include <torch/torch.h>

#include <cstdio>

int main()
{
    const torch::Tensor y = torch::tensor({1., -1., 1., -1.}, torch::kFloat64);
    const torch::Tensor s = torch::tensor({0.5, 0.25, -1.5, 2.}, torch::kFloat64).set_requires_grad(true);
    const torch::Tensor value = torch::log1p(torch::exp(-y * s)).sum() + 0.5 * (s * s).sum();
    value.backward();
    std::printf("%g %g\n", value.item<double>(), s.grad()[0].item<double>());
}
