// SPDX-License-Identifier: BSD-3-Clause
// Variables and expressions on streams, as PyTorch prints tensors.
#pragma once

#include <xautodiff/io/tensor_format.hpp>
#include <xautodiff/variable/backward.hpp>

#include <ostream>
#include <span>
#include <string>
#include <vector>

namespace xautodiff
{
    namespace io
    {
        template <class C>
        std::string format(const C& container, bool requires_grad, const std::string& grad_fn)
        {
            const auto elements = array::traits<C>::ref(container);
            std::vector<double> values(std::size_t(elements.size()));
            array::copy(array::array_ref<double>(values.data(), elements.shape), elements);
            tensor_description d;
            d.data = values.data();
            d.extents = std::span<const std::ptrdiff_t>(elements.shape.extent.data(), std::size_t(elements.shape.rank));
            d.requires_grad = requires_grad;
            d.grad_fn = grad_fn;
            d.single_precision = std::same_as<typename array::traits<C>::value_type, float>;
            return format_tensor(d);
        }
    }

    /// The text that PyTorch prints for a tensor: of a Variable or an expression, with its flag or grad_fn, ...
    template <expression::has_node X>
    std::string to_string(const X& x)
    {
        const auto function = x.grad_fn();
        return io::format(x.data(), x.requires_grad() && !function, function ? function.name() : std::string());
    }

    /// ... or of plain data, such as x.grad().
    template <array::container C>
    std::string to_string(const C& container)
    {
        return io::format(container, false, "");
    }

    template <expression::has_node X>
    std::ostream& operator<<(std::ostream& out, const X& x)
    {
        return out << to_string(x);
    }

    namespace io
    {
        /// Any of xtensor's containers, as a text.
        struct printed_array
        {
            std::string text;

            template <array::container C>
                requires(array::traits<C>::container_family == array::family::xtensor)
            printed_array(const C& container) : text(to_string(container))
            {
            }
        };
    }

    /// `<AddBackward0>`, or None.
    inline std::ostream& operator<<(std::ostream& out, const function& f)
    {
        return f ? out << '<' << f.name() << '>' : out << "None";
    }

    /// As Python prints a tuple of pairs: `((<PowBackward0>, 0), (None, 0))`.
    inline std::ostream& operator<<(std::ostream& out, const std::vector<next_function>& functions)
    {
        out << '(';
        for (const next_function& f : functions)
        {
            out << (&f == &functions.front() ? "(" : ", (") << f.function << ", " << f.index << ')';
        }
        return out << (functions.size() == 1 ? ",)" : ")");
    }
}

// Plain arrays, such as x.grad(), print in the same way. The operator is reached by a conversion, so that xtensor's own
// (xio.hpp), where it is included, comes first.
namespace xt
{
    inline std::ostream& operator<<(std::ostream& out, const xautodiff::io::printed_array& a) { return out << a.text; }
}
