// SPDX-License-Identifier: BSD-3-Clause
// A container for elements of any shape, so that what runs on it need not be compiled for each container.
#pragma once

#include <xautodiff/array/parameters.hpp>
#include <xautodiff/array/traits.hpp>

#include <optional>
#include <vector>

namespace xautodiff::variable
{
    /// Elements of any shape, or an operation's parameters.
    struct erased_array
    {
        array::shape shape;
        std::vector<double> data;
        std::optional<array::parameters> parameters;
    };
}

namespace xautodiff::array
{
    template <>
    struct traits<variable::erased_array>
    {
        using value_type = double;
        static constexpr shape static_shape = shape::of_rank(unknown);
        static constexpr family container_family = family::standard;

        static array_ref<const double> ref(const variable::erased_array& a) { return {a.data.data(), a.shape}; }
        static array_ref<double> ref(variable::erased_array& a) { return {a.data.data(), a.shape}; }
        static void resize(variable::erased_array& a, const shape& s)
        {
            a.shape = s;
            a.data.resize(std::size_t(s.size()));
        }
    };
}
