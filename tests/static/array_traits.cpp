// SPDX-License-Identifier: BSD-3-Clause
// The traits of scalars and std::array.
#include <xautodiff/array/traits.hpp>

namespace array = xautodiff::array;
using array::family;
using array::shape;
using array::traits;

using matrix = std::array<std::array<float, 3>, 2>;
using cube = std::array<std::array<std::array<int, 4>, 1>, 2>;

static_assert(traits<double>::static_shape == shape{});
static_assert(traits<std::array<double, 3>>::static_shape == shape{3});
static_assert(traits<matrix>::static_shape == shape{2, 3});
static_assert(traits<cube>::static_shape == shape{2, 1, 4});
static_assert(std::same_as<traits<matrix>::value_type, float> && std::same_as<traits<bool>::value_type, bool>);
static_assert(traits<matrix>::container_family == family::standard && traits<int>::container_family == family::scalar);
static_assert(array::common_family(family::standard, family::scalar) == family::standard);
static_assert(array::common_family(family::standard, family::xtensor) == family::xtensor);

static_assert(array::array_like<matrix> && array::array_like<const matrix&> && !array::array_like<double>);
static_assert(!array::array_like<std::array<const char*, 2>> && !array::container<const char*>);
static_assert(array::scalar_value<bool> && array::scalar_value<const int&> && !array::scalar_value<double*>);
static_assert(array::floating_container<float&> && array::floating_container<matrix>
              && !array::floating_container<cube>);

static_assert(std::same_as<array::container_t<family::scalar, float, shape{}>, float>);
static_assert(std::same_as<array::container_t<family::standard, float, shape{}>, float>);
static_assert(std::same_as<array::container_t<family::standard, bool, shape{5}>, std::array<bool, 5>>);
static_assert(std::same_as<array::container_t<family::standard, float, shape{2, 3}>, matrix>);
static_assert(std::same_as<array::container_t<family::standard, int, shape{2, 1, 4}>, cube>);

constexpr bool rows_go_to_one_block_and_back()
{
    const matrix m{{{1, 2, 3}, {4, 5, 6}}};
    float block[6]{};
    traits<matrix>::load(m, block);
    matrix back{};
    traits<matrix>::store(back, block);
    return block[3] == 4 && back == m;
}
static_assert(rows_go_to_one_block_and_back());

constexpr bool refs_reach_elements()
{
    std::array<int, 3> a{1, 2, 3};
    int s = 4;
    traits<std::array<int, 3>>::ref(a).data[1] = 7;
    *traits<int>::ref(s).data = 8;
    traits<std::array<int, 3>>::resize(a, {3});
    const auto r = traits<matrix>::ref(matrix{});
    return a[1] == 7 && s == 8 && r.stride == array::strides{3, 1};
}
static_assert(refs_reach_elements());
