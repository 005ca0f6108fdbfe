// SPDX-License-Identifier: BSD-3-Clause
// What all reductions to a shape share: the result has extent 1 where the operand has more, or lacks leading axes.
#pragma once

#include <xautodiff/array/array_ref.hpp>

#include <string>

namespace xautodiff::array
{
    namespace detail
    {
        [[noreturn, gnu::cold]] inline void throw_reduction(const shape& from, const shape& to)
        {
            throw shape_error(
                message("shape %s cannot be reduced to shape %s", to_string(from).c_str(), to_string(to).c_str()));
        }

        /// The result of a reduction seen at the operand's shape, with stride 0 along what is reduced.
        template <class T>
        constexpr array_ref<T> reduction_target(const array_ref<T>& out, const shape& from)
        {
            const int missing = from.rank - out.shape.rank;
            for (int d = 0; d < out.shape.rank; ++d)
            {
                if (missing < 0 || (out.shape[d] != 1 && out.shape[d] != from[d + missing]))
                {
                    throw_reduction(from, out.shape);
                }
            }
            array_ref<T> target(out.data, from, {});
            for (int d = missing; d < from.rank; ++d)
            {
                // An extent of 1 that the operand has too is kept, at stride 0.
                target.stride[static_cast<std::size_t>(d)] =
                    out.shape[d - missing] == 1 ? 0 : out.stride[static_cast<std::size_t>(d - missing)];
            }
            return target;
        }

        /// The axes of an operand, sorted into those that a reduction keeps and those that it takes away.
        struct reduction_axes
        {
            shape kept{};
            shape reduced{};
            strides kept_in{};
            strides kept_out{};
            strides reduced_in{};

            constexpr reduction_axes(const shape& out, const shape& in, const strides& out_stride,
                                     const strides& in_stride)
            {
                const int missing = in.rank - out.rank;
                for (int d = 0; d < in.rank; ++d)
                {
                    const auto at = static_cast<std::size_t>(d);
                    if (in[d] != 1 && (d < missing || out[d - missing] != in[d]))
                    {
                        reduced_in[static_cast<std::size_t>(reduced.rank)] = in_stride[at];
                        reduced.push_back(in[d]);
                    }
                    else
                    {
                        kept_in[static_cast<std::size_t>(kept.rank)] = in_stride[at];
                        kept_out[static_cast<std::size_t>(kept.rank)] = out_stride[at];
                        kept.push_back(in[d]);
                    }
                }
            }
        };
    }
}
