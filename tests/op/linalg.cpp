// SPDX-License-Identifier: BSD-3-Clause
// Linear equations, inverses and determinants: values against what they mean, derivatives of both modes to second order.
#include <xautodiff/linalg.hpp>

#include <doctest/doctest.h>

namespace ad = xautodiff;
using matrix = xt::xtensor<double, 2>;
using vector = xt::xtensor<double, 1>;

namespace
{
    const matrix a{{2.0, -1.0, 0.5}, {0.3, 1.7, -0.4}, {-0.6, 0.2, 1.1}};
    const matrix needs_exchange{{0.0, 2.0, 1.0}, {1.0, 0.0, -1.0}, {3.0, 1.0, 0.0}};
    const vector b{1.0, -2.0, 0.5};
    const matrix two{{1.0, 0.4}, {-2.0, 0.1}, {0.5, -0.7}};

    constexpr auto solve = [](auto x, auto y) { return ad::solve(x, y); };
    constexpr auto determinant = [](auto x) { return ad::det(x); };
    constexpr auto log_determinant = [](auto x) { return ad::logdet(x); };

    template <class Error>
    std::string text_of(auto f)
    {
        try
        {
            f();
        }
        catch (const Error& e)
        {
            return e.what();
        }
        return "no error";
    }
}

TEST_CASE("solutions solve their equations")
{
    for (const matrix& m : {a, needs_exchange})
    {
        const vector x = ad::solve(ad::Variable(m), b).data();
        CHECK(xt::allclose(xt::linalg::dot(m, x), b, 1e-14, 1e-14));
        const matrix y = ad::solve(ad::Variable(m), two).data();
        CHECK(xt::allclose(xt::linalg::dot(m, y), two, 1e-14, 1e-14));
    }
    const xt::xtensor<float, 2> narrow = a;
    CHECK(xt::allclose(ad::solve(ad::Variable(narrow), b).data(), xt::linalg::solve(a, b), 1e-5, 1e-5));
}

TEST_CASE("operands of any layout")
{
    const matrix transposed_a = xt::transpose(a);
    const xt::xtensor<double, 2, xt::layout_type::column_major> columns = a;
    const vector x = xt::linalg::solve(a, b);
    CHECK(xt::allclose(ad::solve(ad::Variable(columns), b).data(), x));
    CHECK(xt::allclose(ad::solve(ad::transpose(ad::Variable(transposed_a)), b).data(), x));
    const xt::xarray<double> dynamic_a = a, dynamic_b = b;
    CHECK(xt::allclose(ad::solve(ad::Variable(dynamic_a), dynamic_b).data(), x));
}

TEST_CASE("inverse, determinant and its logarithm")
{
    for (const matrix& m : {a, needs_exchange})
    {
        CHECK(xt::allclose(xt::linalg::dot(m, ad::inv(ad::Variable(m)).data()), xt::eye(3), 1e-14, 1e-14));
        CHECK(ad::det(ad::Variable(m)).item() == doctest::Approx(xt::linalg::det(m)).epsilon(1e-14));
    }
    CHECK(ad::det(ad::Variable(needs_exchange)).item() == doctest::Approx(-5.0));
    CHECK(ad::logdet(ad::Variable(a)).item() == doctest::Approx(std::log(xt::linalg::det(a))).epsilon(1e-14));
    CHECK(std::isnan(ad::logdet(ad::Variable(needs_exchange)).item()));
    const matrix large = 1e200 * a;
    CHECK(ad::logdet(ad::Variable(large)).item()
          == doctest::Approx(ad::logdet(ad::Variable(a)).item() + 600 * std::log(10.0)).epsilon(1e-14));
    const matrix singular{{1.0, 2.0}, {2.0, 4.0}};
    CHECK(ad::det(ad::Variable(singular)).item() == 0);
    CHECK(ad::logdet(ad::Variable(singular)).item() == -std::numeric_limits<double>::infinity());
}

TEST_CASE("the gradients that the formulas say")
{
    const vector g{0.3, 1.0, -0.2};
    const auto weighted = [&](auto m, auto y) { return ad::sum(ad::solve(m, y) * g); };
    const auto [to_a, to_b] = ad::grad<0, 1>(weighted)(a, b);
    const vector expected_b = xt::linalg::solve(xt::transpose(a), g);
    const vector x = xt::linalg::solve(a, b);
    CHECK(xt::allclose(to_b, expected_b, 1e-14, 1e-14));
    CHECK(xt::allclose(to_a, -xt::linalg::outer(expected_b, x), 1e-14, 1e-14));
    CHECK(xt::allclose(ad::grad(log_determinant)(a), xt::transpose(xt::linalg::inv(a)), 1e-14, 1e-14));
}

// Each operation by itself: tests/law/array_linalg.cpp.
TEST_CASE("derivatives to second order, by both operands, where rows are exchanged")
{
    const auto report = ad::check_grads(solve, needs_exchange, two);
    INFO(report.message);
    CHECK(report.ok);
}

TEST_CASE("std::array")
{
    const std::array<std::array<double, 2>, 2> m{{{2.0, 1.0}, {1.0, 3.0}}};
    const std::array<double, 2> y{1.0, -2.0};
    const auto g = ad::grad([](auto p, auto q) { return ad::sum(ad::solve(p, q)); })(m, y);
    // The solution is (1, -1); its sum changes with y by (0.4, 0.2).
    CHECK(g[0][0] == doctest::Approx(-0.4));
    CHECK(g[0][1] == doctest::Approx(0.4));
    CHECK(g[1][0] == doctest::Approx(-0.2));
    CHECK(g[1][1] == doctest::Approx(0.2));
}

TEST_CASE("Variables record them")
{
    ad::Variable m(a, ad::requires_grad);
    ad::Variable x = ad::solve(m, b);
    CHECK(x.grad_fn().name() == "LinalgSolveExBackward0");
    ad::Variable l = ad::logdet(m) + ad::sum(x);
    l.backward();
    const auto expected = ad::grad([](auto p) { return ad::logdet(p) + ad::sum(ad::solve(p, b)); })(a);
    CHECK(xt::allclose(m.grad(), expected, 1e-14, 1e-14));
}

TEST_CASE("what cannot be solved is said")
{
    const matrix wide{{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}, singular{{1.0, 2.0}, {2.0, 4.0}};
    const vector pair{1.0, 2.0};
    CHECK(text_of<ad::shape_error>([&] { ad::solve(ad::Variable(wide), pair).data(); })
          == "linalg.solve: A must be batches of square matrices, but they are 2 by 3 matrices");
    CHECK(text_of<ad::shape_error>([&] { ad::solve(ad::Variable(singular), b).data(); })
          == "linalg.solve: Incompatible shapes of A and B for the equation AX = B (2x2 and 3x1)");
    CHECK(text_of<ad::shape_error>([&] { ad::det(ad::Variable(wide)).data(); })
          == "linalg.det: A must be batches of square matrices, but they are 2 by 3 matrices");
    CHECK(text_of<ad::singular_matrix>([&] { ad::solve(ad::Variable(singular), pair).data(); })
          == "linalg.solve: The solver failed because the input matrix is singular.");
    CHECK(text_of<ad::singular_matrix>([&] { ad::inv(ad::Variable(singular)).data(); })
          == "linalg.inv: The inversion could not be completed because the input matrix is singular.");
    CHECK(text_of<ad::singular_matrix>([&] { ad::grad(determinant)(singular); })
          == "linalg.inv: The inversion could not be completed because the input matrix is singular.");
}
