// SPDX-License-Identifier: BSD-3-Clause
// A first gradient: the sum of (a + 2)^2 over a matrix of ones, differentiated.
#include <xautodiff/io.hpp>

#include <iostream>

namespace ad = xautodiff;
using namespace boost::hana::literals;

// The same as a formula. Its graph is a type, so the compiler can read, differentiate and evaluate it: a + 2 is computed
// once, its square is a multiplication, and the derivative is as one would write it.
constexpr auto formula = [](auto a) { return ad::sum(ad::pow(a + 2_c, 2_c)); };

using matrix = std::array<std::array<double, 2>, 2>;
constexpr matrix ones{{{1, 1}, {1, 1}}};
static_assert(ad::formula<matrix>(formula) == "t0 = x + 2; sum(t0 * t0)");
static_assert(ad::formula<matrix>(ad::grad(formula)) == "2 * (x + 2)");
static_assert(ad::value_and_grad(formula)(ones).value == 36);
static_assert(ad::grad(formula)(ones) == matrix{{{6, 6}, {6, 6}}});

int main()
{
    // A leaf that asks for its gradient. It was not computed: it has no gradient yet, and no function that made it.
    ad::Variable a(xt::ones<double>({2, 2}), ad::requires_grad);
    std::cout << std::boolalpha;
    std::cout << a << '\n' << a.data() << '\n' << a.has_grad() << ' ' << a.grad_fn() << "\n\n";

    // Each step runs at once and goes on record.
    ad::Variable b = a + 2;
    std::cout << b << '\n' << b.grad_fn() << '\n';
    ad::Variable c = ad::pow(b, 2);
    std::cout << c << '\n' << c.grad_fn() << '\n';
    ad::Variable out = ad::sum(c);
    std::cout << out << '\n' << out.grad_fn() << "\n\n";

    // Back along the record. Only the leaf keeps its gradient, and a leaf it stays.
    out.backward();
    std::cout << a.grad() << '\n';
    std::cout << b.has_grad() << ' ' << c.has_grad() << ' ' << out.has_grad() << '\n';
    std::cout << a.grad_fn() << "\n\n";

    // The formula takes Variables too. It is then one expression: one record, one fused loop each way.
    a.zero_grad();
    formula(a).backward();
    std::cout << formula(a) << '\n' << a.grad() << '\n';
}
