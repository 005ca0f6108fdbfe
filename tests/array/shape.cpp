// SPDX-License-Identifier: BSD-3-Clause
#include <xautodiff/array/axes.hpp>

#include <doctest/doctest.h>

namespace array = xautodiff::array;
using array::encode_axes;
using array::encode_order;
using array::encode_shape;
using array::shape;
using xautodiff::shape_error;

TEST_CASE("shapes are written as PyTorch writes them")
{
    CHECK(to_string(shape{}) == "[]");
    CHECK(to_string(shape{2}) == "[2]");
    CHECK(to_string(shape{2, 0, 3}) == "[2, 0, 3]");
}

TEST_CASE("shapes that do not broadcast are reported with sizes and dimension")
{
    CHECK_THROWS_WITH_AS(array::broadcast({3}, {2}),
                         "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 0",
                         shape_error);
    CHECK_THROWS_WITH_AS(array::broadcast({4, 3}, {5, 1, 2}),
                         "The size of tensor a (3) must match the size of tensor b (2) at non-singleton dimension 2",
                         shape_error);
    CHECK_THROWS_AS(array::broadcast({0}, {2}), shape_error);
}

TEST_CASE("more than 8 dimensions are refused")
{
    CHECK_THROWS_WITH_AS((shape{1, 1, 1, 1, 1, 1, 1, 1, 1}), "an array has at most 8 dimensions here", shape_error);
}

TEST_CASE("contiguity")
{
    const double data[24]{};
    using ref = array::array_ref<const double>;
    CHECK(ref(data, {2, 3, 4}).is_contiguous());
    CHECK(ref(data, {}).is_contiguous());
    CHECK(ref(data, {2, 1, 4}, {4, 99, 1}).is_contiguous());
    CHECK(ref(data, {0, 4}, {7, 7}).is_contiguous());
    CHECK_FALSE(ref(data, {4, 3}, {1, 4}).is_contiguous());
    CHECK_FALSE(ref(data, {2, 3}, {4, 1}).is_contiguous());
    CHECK_FALSE(ref(data, {3}, {0}).is_contiguous());
}

TEST_CASE("axes of a reduction that are not there, or named twice")
{
    CHECK_THROWS_WITH_AS(array::reduced_shape({2, 3}, encode_axes(false, 2)),
                         "Dimension out of range (expected to be in range of [-2, 1], but got 2)", shape_error);
    CHECK_THROWS_WITH_AS(array::reduced_shape({2, 3}, encode_axes(true, -3)),
                         "Dimension out of range (expected to be in range of [-2, 1], but got -3)", shape_error);
    CHECK_THROWS_WITH_AS(array::reduced_shape({}, encode_axes(false, 1)),
                         "Dimension out of range (expected to be in range of [-1, 0], but got 1)", shape_error);
    CHECK_THROWS_WITH_AS(array::reduced_shape({2, 3}, encode_axes(false, 0, -2)),
                         "dim 0 appears multiple times in the list of dims", shape_error);
}

TEST_CASE("orders that are no permutation")
{
    CHECK_THROWS_WITH_AS(
        array::transposed_shape({2, 3}, encode_order(0, 1, 2)),
        "permute: number of dimensions in the tensor input does not match the length of the desired ordering "
        "of dimensions i.e. input.dim() = 2 is not equal to len(dims) = 3",
        shape_error);
    CHECK_THROWS_WITH_AS(array::transposed_shape({2, 3}, encode_order(1, -1)),
                         "permute(): duplicate dims are not allowed.", shape_error);
    CHECK_THROWS_WITH_AS(array::transposed_shape({2, 3}, encode_order(0, 2)),
                         "Dimension out of range (expected to be in range of [-2, 1], but got 2)", shape_error);
}

TEST_CASE("reshapes that do not fit")
{
    CHECK_THROWS_WITH_AS(array::reshaped_shape({2, 3}, encode_shape(4, 2)),
                         "shape '[4, 2]' is invalid for input of size 6", shape_error);
    CHECK_THROWS_WITH_AS(array::reshaped_shape({2, 3}, encode_shape(-1, 4)),
                         "shape '[-1, 4]' is invalid for input of size 6", shape_error);
    CHECK_THROWS_WITH_AS(array::reshaped_shape({2, 3}, encode_shape()), "shape '[]' is invalid for input of size 6",
                         shape_error);
    CHECK_THROWS_WITH_AS(array::reshaped_shape({2, 3}, encode_shape(0, -1)),
                         "shape '[0, -1]' is invalid for input of size 6", shape_error);
    CHECK_THROWS_WITH_AS(array::reshaped_shape({2, 3}, encode_shape(-1, -1)), "only one dimension can be inferred",
                         shape_error);
    CHECK_THROWS_WITH_AS(array::reshaped_shape({2, 3}, encode_shape(-2, 3)), "invalid shape dimension -2", shape_error);
    CHECK_THROWS_WITH_AS(
        array::reshaped_shape({0}, encode_shape(0, -1)),
        "cannot reshape tensor of 0 elements into shape [0, -1] because the unspecified dimension size -1 can be "
        "any value and is ambiguous",
        shape_error);
}
