// SPDX-License-Identifier: BSD-3-Clause
// jacobian, hessian and hvp as constants, on numbers and std::array, and inside other formulas.
#include <xautodiff/core.hpp>

#include <boost/hana/integral_constant.hpp>

namespace ad = xautodiff;
using namespace boost::hana::literals;
using array2 = std::array<double, 2>;
using array3 = std::array<double, 3>;
using matrix2 = std::array<array2, 2>;

namespace
{
    constexpr auto cube = [](auto x) { return x * x * x; };
    constexpr auto squares = [](auto x) { return x * x; };
    constexpr auto along = [](auto x) { return x * array3{1, 2, 3}; };
    constexpr auto sum_of_cubes = [](auto x) { return ad::sum(x * x * x); };
    constexpr auto products = [](auto x) { return std::array{x[0] * x[1], x[1] * x[2]}; };
    constexpr auto three = [](auto x) { return std::tuple{x[0_c] * x[1_c], x[0_c] + x[1_c], x[1_c]}; };
    constexpr auto powers = [](auto x) { return std::array{x * x, x * x}; };
    constexpr auto matrix_square = [](auto x) { return ad::matmul(x, x); };
    constexpr auto of_two = [](auto a, auto b) { return a * b * b; };
}

// Every pairing of ranks: shape(result) + shape(argument).
static_assert(ad::jacobian(cube)(2.0) == 12);
static_assert(ad::jacobian(along)(2.0) == array3{1, 2, 3});
static_assert(ad::jacobian(sum_of_cubes)(array2{1, 2}) == array2{3, 12});
static_assert(ad::jacobian(squares)(array2{1, 2}) == matrix2{array2{2, 0}, array2{0, 4}});
static_assert(ad::jacobian([](auto x) { return ad::sum(x, 0_c); })(std::array{array2{1, 2}, array2{3, 4}, array2{5, 6}})
              == std::array{std::array{array2{1, 0}, array2{1, 0}, array2{1, 0}},
                            std::array{array2{0, 1}, array2{0, 1}, array2{0, 1}}});

// d(x x)/dx_kl = e_k e_l' x + x e_k e_l'.
constexpr auto square_jacobian = ad::jacobian(matrix_square)(matrix2{array2{1, 2}, array2{3, 4}});
static_assert(square_jacobian[0][0] == matrix2{array2{2, 3}, array2{2, 0}});
static_assert(square_jacobian[1][0] == matrix2{array2{3, 0}, array2{5, 3}});

// Several scalar results count as one axis.
static_assert(ad::jacobian(products)(array3{1, 2, 5}) == std::array{array3{2, 1, 0}, array3{0, 5, 2}});
static_assert(ad::jacobian(three)(array2{1, 2}) == std::array{array2{2, 1}, array2{1, 1}, array2{0, 1}});
static_assert(ad::jacobian(powers)(3.0) == array2{6, 6});

// Several arguments; those not asked for may be anything.
static_assert(ad::jacobian<0, 1>(of_two)(2.0, 3.0) == std::tuple{9.0, 12.0});
static_assert(ad::jacobian<1>(of_two)(array2{1, 2}, 3.0) == array2{6, 12});
static_assert(ad::jacobian(of_two)(2.0, 3) == 9);

// Both modes give the same.
template <class F, class... X>
constexpr bool modes_agree(const F& f, const X&... x)
{
    using ad::functional::jacobian_function;
    using ad::functional::mode;
    return jacobian_function<mode::forward, F, 0>{f}(x...) == jacobian_function<mode::reverse, F, 0>{f}(x...);
}
static_assert(modes_agree(cube, 2.0) && modes_agree(along, 2.0) && modes_agree(sum_of_cubes, array2{1, 2}));
static_assert(modes_agree(squares, array2{1, 2}) && modes_agree(products, array3{1, 2, 5}));
static_assert(modes_agree(three, array2{1, 2}) && modes_agree(powers, 3.0));
static_assert(modes_agree(matrix_square, matrix2{array2{1, 2}, array2{3, 4}}));

// The mode is the one with fewer sweeps, where sizes are known.
using ad::array::shape;
using ad::functional::choose_mode;
using ad::functional::mode;
static_assert(choose_mode(mode::automatic, {3}, {2}) == mode::forward);
static_assert(choose_mode(mode::automatic, {2}, {3}) == mode::reverse);
static_assert(choose_mode(mode::automatic, {}, shape::of_rank(1)) == mode::reverse);
static_assert(choose_mode(mode::automatic, shape::of_rank(1), {}) == mode::forward);
static_assert(choose_mode(mode::automatic, shape::of_rank(1), shape::of_rank(1)) == mode::automatic);

// Second derivatives.
static_assert(ad::hessian(cube)(2.0) == 12);
static_assert(ad::hessian(sum_of_cubes)(array2{1, 2}) == matrix2{array2{6, 0}, array2{0, 12}});
static_assert(ad::hessian([](auto x) { return x[0_c] * x[0_c] * x[1_c]; })(array2{3, 5})
              == matrix2{array2{10, 6}, array2{6, 0}});
static_assert(ad::hessian<0, 1>(of_two)(2.0, 3.0) == std::tuple{std::tuple{0.0, 6.0}, std::tuple{6.0, 4.0}});
static_assert(ad::hvp(cube, 2.0, 3.0) == 36);
static_assert(ad::hvp(sum_of_cubes, array2{1, 2}, array2{1, 10}) == array2{6, 120});
static_assert(ad::hvp(of_two, std::tuple{2.0, 3.0}, std::tuple{1.0, 1.0}) == std::tuple{6.0, 10.0});

// Inside another formula.
static_assert(ad::grad(
                  [](auto x)
                  {
                      auto j = ad::jacobian(squares)(x);
                      return ad::sum(j * j);  // sum of (2x)^2
                  })(array2{1, 2})
              == array2{8, 16});
static_assert(ad::grad(
                  [](auto x)
                  {
                      auto j = ad::jacobian(products)(x);
                      return ad::sum(j * j);  // x1^2 + x0^2 + x2^2 + x1^2
                  })(array3{1, 2, 5})
              == array3{2, 8, 10});
static_assert(ad::grad([](auto x) { return ad::sum(ad::jacobian(along)(x) * x * x); })(2.0) == 24);
static_assert(ad::grad([](auto x) { return ad::sum(ad::jacobian(sum_of_cubes)(x)); })(array2{1, 2}) == array2{6, 12});
static_assert(ad::grad(
                  [](auto x)
                  {
                      auto h = ad::hessian(sum_of_cubes)(x);
                      return ad::sum(h * h);  // sum of (6x)^2
                  })(array2{1, 2})
              == array2{72, 144});
static_assert(ad::grad([](auto x) { return ad::hvp(cube, x, x); })(3.0) == 36);
static_assert(ad::hessian([](auto x) { return ad::hessian(cube)(x) * x; })(3.0) == 12);
static_assert(ad::jacobian([](auto x, auto y) { return ad::jacobian([x](auto z) { return x * z * z; })(y); })(2.0, 3.0)
              == 6);
