// SPDX-License-Identifier: BSD-3-Clause
// The kernels in constant expressions, where a compiler refuses any pointer that leaves its array.
#include <xautodiff/array/axes.hpp>
#include <xautodiff/array/kernels.hpp>
#include <xautodiff/array/slices.hpp>

namespace ad = xautodiff;
namespace array = xautodiff::array;
using array::array_ref;
using array::shape;

template <std::size_t N>
constexpr std::array<double, N> counted()
{
    std::array<double, N> out{};
    for (std::size_t i = 0; i < N; ++i)
    {
        out[i] = static_cast<double>(i);
    }
    return out;
}

using numbers = std::array<double, 6>;

constexpr numbers copy_of(const array::parameters& slices, const shape& s)
{
    const auto in = counted<12>();
    numbers out{};
    array::copy(array_ref<double>(out.data(), s), array::sliced(array_ref<const double>(in.data(), {3, 4}), slices));
    return out;
}
static_assert(copy_of(array::encode(ad::range(0, 2), ad::range(-1, ad::end, -2)), {2, 2}) == numbers{3, 1, 7, 5});
static_assert(copy_of(array::encode(ad::all, 2), {2, 3}) == numbers{2, 6, 10, 2, 6, 10});
static_assert(copy_of(array::encode(ad::all, ad::range(1, 2)), {3, 2}) == numbers{1, 1, 5, 5, 9, 9});
static_assert(copy_of(array::encode(2, 3), {}) == numbers{11});
static_assert(copy_of(array::encode(ad::range(3, 3)), {0, 4}) == numbers{});

constexpr numbers transposed_copy()
{
    const auto in = counted<6>();
    numbers out{};
    array::copy(array_ref<double>(out.data(), {3, 2}),
                array::transposed(array_ref<const double>(in.data(), {2, 3}), {}));
    return out;
}
static_assert(transposed_copy() == numbers{0, 3, 1, 4, 2, 5});

constexpr numbers sum_of(const shape& to)
{
    const auto in = counted<24>();
    numbers out{};
    array::sum_to(array_ref<double>(out.data(), to), array_ref<const double>(in.data(), {2, 3, 4}));
    return out;
}
static_assert(sum_of({}) == numbers{276});
static_assert(sum_of({1, 1, 1}) == numbers{276});
static_assert(sum_of({4}) == numbers{60, 66, 72, 78});
static_assert(sum_of({3, 1}) == numbers{60, 92, 124});
static_assert(sum_of({2, 1, 1}) == numbers{66, 210});
static_assert(sum_of({2, 3, 1}) == numbers{6, 22, 38, 54, 70, 86});

constexpr double long_sum()
{
    const auto in = counted<1000>();
    double out = 1;
    array::sum_to(array_ref<double>(&out, {}), array_ref<const double>(in.data(), {1000}));
    return out;
}
static_assert(long_sum() == 499500);

constexpr numbers column_sums()
{
    const auto in = counted<300>();
    numbers out{1, 1, 1};
    array::sum_to(array_ref<double>(out.data(), {3}), array_ref<const double>(in.data(), {100, 3}));
    return out;
}
static_assert(column_sums() == numbers{14850, 14950, 15050});

constexpr numbers max_of(const shape& to)
{
    const std::array<int, 6> in{-5, 3, -7, -1, -9, -2};
    numbers out{};
    array::max_to(array_ref<double>(out.data(), to), array_ref<const int>(in.data(), {2, 3}));
    return out;
}
static_assert(max_of({}) == numbers{3} && max_of({3}) == numbers{-1, 3, -2} && max_of({2, 1}) == numbers{3, -1});

constexpr numbers product(bool transpose_a, bool transpose_b, bool accumulate)
{
    const auto a = counted<6>();
    const auto b = counted<6>();
    numbers out{1, 1, 1, 1};
    array::matmul(array_ref<double>(out.data(), {2, 2}),
                  array_ref<const double>(a.data(), transpose_a ? shape{3, 2} : shape{2, 3}),
                  array_ref<const double>(b.data(), transpose_b ? shape{2, 3} : shape{3, 2}), transpose_a, transpose_b,
                  accumulate);
    return out;
}
static_assert(product(false, false, false) == numbers{10, 13, 28, 40});
static_assert(product(false, false, true) == numbers{11, 14, 29, 41});
static_assert(product(true, false, false) == numbers{20, 26, 26, 35});
static_assert(product(false, true, false) == numbers{5, 14, 14, 50});
static_assert(product(true, true, false) == numbers{10, 28, 13, 40});

constexpr bool fill_and_add()
{
    numbers a{};
    const array_ref<double> r(a.data(), {2, 3});
    const std::array<double, 3> b{1, 2, 3};
    array::fill(r, 2);
    array::add_to(r, array_ref<const double>(b.data(), {3}));
    array::add_to(r, array_ref<const double>(b.data(), {}));
    return a == numbers{4, 5, 6, 4, 5, 6};
}
static_assert(fill_and_add());

// The shapes of products.
constexpr auto any = array::unknown;
static_assert(array::matmul_shape({2, 3}, {3, 4}) == shape{2, 4});
static_assert(array::matmul_shape({2, 3}, {3}) == shape{2});
static_assert(array::matmul_shape({3}, {3, 4}) == shape{4});
static_assert(array::matmul_shape({3}, {3}) == shape{});
static_assert(array::matmul_shape({any, 3}, {any, any}) == shape{any, any});
static_assert(array::matmul_shape({2, 0}, {0, 4}) == shape{2, 4});
static_assert(array::matmul_shape(shape::of_rank(any), {3, 4}) == shape::of_rank(any));

constexpr bool vectors_are_matrices_of_one_row_or_column()
{
    const auto d = counted<6>();
    const array_ref<const double> v(d.data(), {3});
    const array_ref<const double> m(d.data(), {3, 2});
    const auto out = array::product_matrix(array_ref<const double>(d.data(), {2}), v.shape, m.shape);
    const auto is = [](const array::matrix_ref<const double>& x, array::index rows, array::index columns,
                       array::index row_stride, array::index column_stride) {
        return x.rows == rows && x.columns == columns && x.row_stride == row_stride && x.column_stride == column_stride;
    };
    return is(array::left_matrix(v), 1, 3, 0, 1) && is(array::right_matrix(v), 3, 1, 1, 0)
           && is(array::left_matrix(m), 3, 2, 2, 1) && is(out, 1, 2, 0, 1);
}
static_assert(vectors_are_matrices_of_one_row_or_column());
