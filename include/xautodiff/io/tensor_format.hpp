// SPDX-License-Identifier: BSD-3-Clause
// The text of a tensor as PyTorch 1.13 prints it with float64 as its default dtype.
// Needs the standard library only, so that it can be tested against PyTorch's own output without any array type.
#pragma once

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace xautodiff::io
{
    /// What there is to print. `data` holds the product of `extents` values, row major and contiguous.
    struct tensor_description
    {
        const double* data = nullptr;
        std::span<const std::ptrdiff_t> extents = {};
        bool requires_grad = false;
        std::string_view grad_fn = {};  ///< e.g. "AddBackward0"; empty if there is none. Hides `requires_grad`.
        bool single_precision = false;  ///< the values were float: prints `dtype=torch.float32`
    };

    namespace detail
    {
        // PyTorch's default print options.
        inline constexpr std::ptrdiff_t edge_items = 3;
        inline constexpr std::ptrdiff_t largest_whole_print = 1000;
        inline constexpr std::size_t line_width = 80;
        inline constexpr int precision = 4;

        /// One notation and one width for all numbers of a tensor.
        class number_format
        {
        public:
            // Only nonzero finite values decide: zeros, infinities and nans may overflow the width, as in PyTorch.
            explicit number_format(std::span<const double> values)
            {
                double smallest = std::numeric_limits<double>::infinity();
                double largest = 0;
                bool integral = true;
                for (double value : values)
                {
                    if (decides(value))
                    {
                        smallest = std::min(smallest, std::abs(value));
                        largest = std::max(largest, std::abs(value));
                        integral = integral && value == std::ceil(value);
                    }
                }
                if (largest == 0)
                {
                    return;
                }
                if (largest / smallest > 1000.0 || largest > 1e8 || smallest < 1e-4)
                {
                    m_notation = notation::scientific;
                }
                else
                {
                    m_notation = integral ? notation::integral : notation::fixed;
                }
                for (double value : values)
                {
                    if (decides(value))
                    {
                        m_width = std::max(m_width, digits(value).size());
                    }
                }
            }

            std::size_t width() const { return m_width; }

            std::string operator()(double value) const
            {
                std::string text = digits(value);
                if (text.size() < m_width)
                {
                    text.insert(0, m_width - text.size(), ' ');
                }
                return text;
            }

        private:
            enum class notation
            {
                integral,
                fixed,
                scientific
            };

            static bool decides(double value) { return std::isfinite(value) && value != 0; }

            std::string digits(double value) const
            {
                if (std::isnan(value))
                {
                    return "nan";  // whatever its sign bit
                }
                if (std::isinf(value))
                {
                    return value < 0 ? "-inf" : "inf";
                }
                // std::to_chars, since printf's decimal point depends on the locale. Non-scientific values are below 1e8.
                std::array<char, 32> buffer;
                const auto style =
                    m_notation == notation::scientific ? std::chars_format::scientific : std::chars_format::fixed;
                const int decimals = m_notation == notation::integral ? 0 : precision;
                const auto end =
                    std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, style, decimals).ptr;
                std::string text(buffer.data(), end);
                if (m_notation == notation::integral)
                {
                    text += '.';
                }
                return text;
            }

            notation m_notation = notation::integral;
            std::size_t m_width = 1;
        };

        /// The brackets, line breaks and ellipses around the numbers.
        class tensor_layout
        {
        public:
            tensor_layout(const double* data, std::span<const std::ptrdiff_t> extents) : m_extents(extents)
            {
                std::ptrdiff_t size = 1;
                for (std::ptrdiff_t extent : extents)
                {
                    size *= extent;
                }
                m_summarized = size > largest_whole_print;
                if (size != 0)
                {
                    collect(data, 0, size);
                }
            }

            /// The text, whose first character stands in column `indent`.
            std::string text(std::size_t indent) const
            {
                if (m_shown.empty())
                {
                    return "[]";
                }
                const number_format format(m_shown);
                auto next = m_shown.begin();
                return m_extents.empty() ? format(*next) : slice(0, indent, format, next);
            }

            bool empty() const { return m_shown.empty(); }

        private:
            using cursor = std::vector<double>::const_iterator;

            bool has_gap(std::size_t axis) const { return m_summarized && m_extents[axis] > 2 * edge_items; }

            std::ptrdiff_t shown_extent(std::size_t axis) const
            {
                return has_gap(axis) ? 2 * edge_items : m_extents[axis];
            }

            // Hidden values have no say in notation and width, so those that are shown are gathered first.
            void collect(const double* data, std::size_t axis, std::ptrdiff_t size)
            {
                if (axis == m_extents.size())
                {
                    m_shown.push_back(*data);
                    return;
                }
                const std::ptrdiff_t stride = size / m_extents[axis];
                const std::ptrdiff_t hidden = m_extents[axis] - shown_extent(axis);
                for (std::ptrdiff_t i = 0; i < shown_extent(axis); ++i)
                {
                    const std::ptrdiff_t index = i < edge_items ? i : i + hidden;
                    collect(data + index * stride, axis + 1, stride);
                }
            }

            std::string slice(std::size_t axis, std::size_t indent, const number_format& format, cursor& next) const
            {
                const std::size_t axes_left = m_extents.size() - axis;
                const bool is_row = axes_left == 1;
                std::vector<std::string> items;
                for (std::ptrdiff_t i = 0; i < shown_extent(axis); ++i)
                {
                    if (i == edge_items && has_gap(axis))
                    {
                        items.emplace_back(is_row ? " ..." : "...");
                    }
                    items.push_back(is_row ? format(*next++) : slice(axis + 1, indent + 1, format, next));
                }

                const std::size_t room = line_width > indent ? line_width - indent : 0;
                const std::size_t per_line = is_row ? std::max<std::size_t>(1, room / (format.width() + 2)) : 1;
                const std::string line_break =
                    "," + std::string(is_row ? 1 : axes_left - 1, '\n') + std::string(indent + 1, ' ');
                std::string result = "[";
                for (std::size_t i = 0; i < items.size(); ++i)
                {
                    if (i != 0)
                    {
                        result += i % per_line == 0 ? line_break : ", ";
                    }
                    result += items[i];
                }
                return result + "]";
            }

            std::span<const std::ptrdiff_t> m_extents;
            bool m_summarized = false;
            std::vector<double> m_shown;
        };

        inline std::string size_suffix(std::span<const std::ptrdiff_t> extents)
        {
            std::string text = "size=(";
            for (std::size_t i = 0; i < extents.size(); ++i)
            {
                text += (i == 0 ? "" : ", ") + std::to_string(extents[i]);
            }
            return text + ")";
        }
    }

    /// The text PyTorch prints for such a tensor, e.g. `tensor([1., 2.], requires_grad=True)`, without a final newline.
    inline std::string format_tensor(const tensor_description& tensor)
    {
        const std::string_view prefix = "tensor(";
        const detail::tensor_layout layout(tensor.data, tensor.extents);

        std::vector<std::string> suffixes;
        if (layout.empty() && tensor.extents.size() != 1)
        {
            suffixes.push_back(detail::size_suffix(tensor.extents));
        }
        if (tensor.single_precision)
        {
            suffixes.emplace_back("dtype=torch.float32");
        }
        if (!tensor.grad_fn.empty())
        {
            suffixes.push_back("grad_fn=<" + std::string(tensor.grad_fn) + ">");
        }
        else if (tensor.requires_grad)
        {
            suffixes.emplace_back("requires_grad=True");
        }

        std::string text = std::string(prefix) + layout.text(prefix.size());
        // PyTorch counts two columns too many on the line that the numbers leave off at; so must we to break where it does.
        const std::size_t newline = text.rfind('\n');
        std::size_t column = text.size() + 2 - (newline == std::string::npos ? 0 : newline + 1);
        for (const std::string& suffix : suffixes)
        {
            if (column + suffix.size() + 2 > detail::line_width)
            {
                text += ",\n" + std::string(prefix.size(), ' ') + suffix;
                column = prefix.size() + suffix.size();
            }
            else
            {
                text += ", " + suffix;
                column += suffix.size() + 2;
            }
        }
        return text + ")";
    }
}
