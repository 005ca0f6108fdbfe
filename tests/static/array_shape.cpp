// SPDX-License-Identifier: BSD-3-Clause
// Shapes, reductions, transpositions and reshapes in constant expressions, with what is unknown in them.
#include <xautodiff/array/axes.hpp>

namespace array = xautodiff::array;
using array::shape;

constexpr auto any = array::unknown;
constexpr shape any_rank = shape::of_rank(array::unknown);

// Broadcasting.
static_assert(array::broadcast({3, 1}, {4}) == shape{3, 4});
static_assert(array::broadcast({}, {2, 0}) == shape{2, 0});
static_assert(array::broadcast({1}, {0}) == shape{0});
static_assert(array::broadcast({any, 3}, {4, 1}) == shape{4, 3});
static_assert(array::broadcast({any}, {1}) == shape{any});
static_assert(array::broadcast({2, 3}, any_rank) == any_rank);

// Row-major strides, 0 where the extent is 1.
static_assert(array::contiguous_strides({2, 1, 3}) == array::strides{3, 0, 1});

// Reductions.
static_assert(array::reduced_shape({2, 3, 4}, array::encode_axes(false)) == shape{});
static_assert(array::reduced_shape({2, 3, 4}, array::encode_axes(true)) == shape{1, 1, 1});
static_assert(array::reduced_shape({2, 3, 4}, array::encode_axes(false, 1)) == shape{2, 4});
static_assert(array::reduced_shape({2, 3, 4}, array::encode_axes(false, -1, 0)) == shape{3});
static_assert(array::reduced_shape({2, 3, 4}, array::encode_axes(true, -1, 0)) == shape{1, 3, 1});
static_assert(array::reduced_shape({2, any, 4}, array::encode_axes(false, 0)) == shape{any, 4});
static_assert(array::reduced_shape({2, any, 4}, array::encode_axes(false, 1)) == shape{2, 4});
static_assert(array::reduced_shape(any_rank, array::encode_axes(false)) == shape{});
static_assert(array::reduced_shape(any_rank, array::encode_axes(true)) == any_rank);
static_assert(array::reduced_shape({}, array::encode_axes(false, -1)) == shape{});
static_assert(array::reduced_count({2, 3, 4}, array::encode_axes(false, 0, 2)) == 8);
static_assert(array::reduced_count({2, 0}, array::encode_axes(false)) == 0);
static_assert(array::reduced_count({}, array::encode_axes(true)) == 1);

// A reduced array seen against the full shape again.
constexpr bool unsqueezed_with(bool keepdims)
{
    const double data[12]{};
    const auto p = array::encode_axes(keepdims, 1);
    const shape full{3, 5, 4};
    const auto u = array::unsqueezed(array::array_ref<const double>(data, array::reduced_shape(full, p)), full, p);
    return u.shape == shape{3, 1, 4} && u.stride == array::strides{4, 0, 1};
}
static_assert(unsqueezed_with(false) && unsqueezed_with(true));

// Transpositions.
constexpr auto cycle = array::encode_order(2, 0, -2);
static_assert(array::transposed_shape({2, 3, 4}, {}) == shape{4, 3, 2});
static_assert(array::transposed_shape({2, 3, 4}, cycle) == shape{4, 2, 3});
static_assert(array::untransposed_shape({4, 2, 3}, cycle) == shape{2, 3, 4});
static_assert(array::transposed_shape({}, {}) == shape{});
static_assert(array::transposed_shape({any, 2}, {}) == shape{2, any});
static_assert(array::transposed_shape(any_rank, {}) == any_rank);
static_assert(array::transposed_shape(any_rank, cycle) == shape{any, any, any});

constexpr bool transposing_is_undone()
{
    const int data[24]{};
    const array::array_ref<const int> a(data, {2, 3, 4});
    const auto t = array::transposed(a, cycle);
    const auto back = array::untransposed(t, cycle);
    return t.shape == shape{4, 2, 3} && t.stride == array::strides{1, 12, 4} && back.shape == a.shape
           && back.stride == a.stride;
}
static_assert(transposing_is_undone());

// Reshapes.
static_assert(array::reshaped_shape({2, 3}, array::encode_shape(3, -1)) == shape{3, 2});
static_assert(array::reshaped_shape({2, 3}, array::encode_shape(6)) == shape{6});
static_assert(array::reshaped_shape({1, 1}, array::encode_shape()) == shape{});
static_assert(array::reshaped_shape({}, array::encode_shape(-1)) == shape{1});
static_assert(array::reshaped_shape({0, 3}, array::encode_shape(-1, 2)) == shape{0, 2});
static_assert(array::reshaped_shape({any, 3}, array::encode_shape(-1, 2)) == shape{any, 2});
static_assert(array::reshaped_shape(any_rank, array::encode_shape(4, 2)) == shape{4, 2});
