// SPDX-License-Identifier: BSD-3-Clause
// NumPy's slices in constant expressions: on shapes, on types alone, and on elements.
#include <xautodiff/array/slices.hpp>

namespace ad = xautodiff;
namespace array = xautodiff::array;
using array::encode;
using array::shape;
using array::sliced_shape;

constexpr auto any = array::unknown;

static_assert(sliced_shape({5, 4, 3}, encode()) == shape{5, 4, 3});
static_assert(sliced_shape({5, 4, 3}, encode(ad::range(0, -1), ad::all, 2)) == shape{4, 4});
static_assert(sliced_shape({5, 4, 3}, encode(1)) == shape{4, 3});
static_assert(sliced_shape({5, 4, 3}, encode(-1, -1, -1)) == shape{});
static_assert(sliced_shape({5, 4, 3}, encode(ad::newaxis, ad::ellipsis, 0u)) == shape{1, 5, 4});
static_assert(sliced_shape({5, 4, 3}, encode(0, ad::ellipsis, 0)) == shape{4});
static_assert(sliced_shape({5, 4, 3}, encode(0, 0, 0, ad::ellipsis, ad::newaxis)) == shape{1});
static_assert(sliced_shape({}, encode(ad::newaxis, ad::ellipsis)) == shape{1});

// How many elements a range has: as len(range(5)[start:stop:step]) in Python.
constexpr ad::array::index length(ad::range<> r, ad::array::index extent = 5)
{
    return sliced_shape({extent}, encode(r))[0];
}
static_assert(length({1, ad::end}) == 4 && length({1, ad::end, 2}) == 2 && length({1, ad::end, 3}) == 2
              && length({1, ad::end, 4}) == 1);
static_assert(length({-2, ad::end}) == 2 && length({-9, 2}) == 2 && length({0, 9}) == 5 && length({7, 9}) == 0);
static_assert(length({3, 1}) == 0 && length({3, -9}) == 0 && length({ad::end, ad::end}) == 0);
static_assert(length({-1, ad::end, -1}) == 5 && length({ad::end, ad::end, -2}) == 3 && length({9, 1, -1}) == 3);
static_assert(length({3, 0, -2}) == 2 && length({3, -9, -1}) == 4 && length({1, 3, -1}) == 0
              && length({-9, ad::end, -1}) == 0);
static_assert(length({0, ad::end}, 0) == 0 && length({-1, ad::end, -1}, 0) == 0);
static_assert(length({0, ad::end, std::numeric_limits<std::ptrdiff_t>::max()}) == 1);
static_assert(length({4, ad::end, std::numeric_limits<std::ptrdiff_t>::min()}) == 1);

// Unknown extents stay unknown; an unknown rank too.
static_assert(sliced_shape({any, 4, any}, encode(ad::range(0, 2), ad::newaxis, 3)) == shape{any, 1, any});
static_assert(sliced_shape(shape::of_rank(any), encode(0, ad::newaxis)) == shape::of_rank(any));

// What types alone tell.
using seven = std::integral_constant<int, 7>;
static_assert(array::axes_removed<int> == 1 && array::axes_removed<seven> == 1
              && array::axes_removed<ad::range<>> == 0);
static_assert(array::axes_added<ad::newaxis_t> == 1 && array::axes_added<int> == 0
              && array::axes_added<ad::all_t> == 0);
static_assert(sliced_shape({5, 4, 3}, array::encode_types<int, ad::all_t, ad::range<>>()) == shape{4, any});
static_assert(sliced_shape({5, 4, 9}, array::encode_types<ad::newaxis_t, ad::ellipsis_t, seven>()) == shape{1, 5, 4});
static_assert(encode(seven{}) == encode(7) && array::encode_types<seven>() == encode(7));
static_assert(!array::slice<bool> && !array::slice<double> && !array::slice<const char*>
              && array::slice<const ad::range<>&>);

// Elements.
constexpr int element(const array::parameters& p, int row, int column)
{
    const int data[12]{0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23};
    const auto v = array::sliced(array::array_ref<const int>(data, {3, 4}), p);
    return v.data[row * v.stride[0] + column * v.stride[1]];
}
static_assert(element(encode(), 2, 3) == 23);
static_assert(element(encode(ad::range(-1, ad::end, -1), ad::range(1, ad::end, 2)), 0, 1) == 23);
static_assert(element(encode(ad::range(-1, ad::end, -1), ad::range(1, ad::end, 2)), 2, 0) == 1);
static_assert(element(encode(ad::all, -1), 1, 0) == 13);

constexpr bool strides_of_single_elements_are_zero()
{
    const int data[12]{};
    const array::array_ref<const int> a(data, {3, 4});
    return array::sliced(a, encode(ad::range(2, 3), ad::range(0, 4, 2))).stride == array::strides{0, 2}
           && array::sliced(a, encode(ad::range(3, 3))).data == data;
}
static_assert(strides_of_single_elements_are_zero());

constexpr bool steps_beyond_the_axis_do_not_overflow()
{
    const int data[12]{};
    const array::array_ref<const int> a(data, {3, 4});
    const auto v = array::sliced(a, encode(ad::range(1, ad::end, std::numeric_limits<std::ptrdiff_t>::max())));
    return v.data == data + 4 && v.shape == shape{1, 4} && v.stride == array::strides{0, 1};
}
static_assert(steps_beyond_the_axis_do_not_overflow());
