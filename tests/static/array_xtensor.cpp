// SPDX-License-Identifier: BSD-3-Clause
// What the types of xtensor's containers tell, and which containers hold results.
#include <xautodiff/array/xtensor.hpp>

#include <vector>

namespace array = xautodiff::array;
using array::container_t;
using array::family;
using array::shape;
using array::traits;

constexpr auto any = array::unknown;
using matrix = xt::xtensor_fixed<float, xt::xshape<2, 3>>;

static_assert(traits<xt::xarray<double>>::static_shape == shape::of_rank(any));
static_assert(traits<xt::xtensor<double, 2>>::static_shape == shape{any, any});
static_assert(traits<xt::xtensor<double, 0>>::static_shape == shape{});
static_assert(traits<matrix>::static_shape == shape{2, 3});
static_assert(traits<xt::xarray_adaptor<std::vector<double>>>::static_shape == shape::of_rank(any));
static_assert(traits<xt::xtensor_adaptor<std::vector<double>, 1>>::static_shape == shape{any});
static_assert(std::same_as<traits<matrix>::value_type, float>);
static_assert(std::same_as<traits<xt::xtensor_adaptor<const std::vector<double>&, 1>>::value_type, double>);
static_assert(traits<matrix>::container_family == family::xtensor);

static_assert(array::array_like<xt::xarray<double>> && array::array_like<const matrix&>);
static_assert(array::floating_container<xt::xarray<float>&> && !array::floating_container<xt::xarray<int>>);
static_assert(!array::array_like<std::vector<double>>);

static_assert(array::xtensor_expression<xt::xarray<double>&> && array::xtensor_expression<const matrix>);
static_assert(array::xtensor_expression<decltype(std::declval<matrix&>() + 1)>
              && array::xtensor_expression<xt::xscalar<double>>);
static_assert(!array::xtensor_expression<double> && !array::xtensor_expression<std::array<double, 2>>);

static_assert(std::same_as<container_t<family::xtensor, float, shape{2, 3}>, matrix>);
static_assert(std::same_as<container_t<family::xtensor, double, shape{2, any}>, xt::xtensor<double, 2>>);
static_assert(std::same_as<container_t<family::xtensor, double, shape::of_rank(any)>, xt::xarray<double>>);
static_assert(std::same_as<container_t<family::xtensor, double, shape{}>, double>);
static_assert(std::same_as<container_t<family::standard, double, shape{2}>, std::array<double, 2>>);
