// SPDX-License-Identifier: BSD-3-Clause
// The parameters of an operation as a user writes them: `range(0, -1), all`, `{0, 1}, keep_dims`.
#pragma once

#include <xautodiff/array/slices.hpp>
#include <xautodiff/graph/simplify.hpp>
#include <xautodiff/graph/text.hpp>

namespace xautodiff::graph
{
    namespace detail
    {
        /// Puts a comma between this and what came before.
        constexpr text& separate(text& t)
        {
            if (t.size() != 0)
            {
                t += ", ";
            }
            return t;
        }

        constexpr text slices_text(const array::parameters& p)
        {
            text out;
            const auto append_stop = [&out](array::index stop)
            {
                if (stop == bound(end).value)
                {
                    out += "end";
                }
                else
                {
                    out.append_integer(stop);
                }
            };
            for (int i = 0; i < p.count; i += 4)
            {
                separate(out);
                switch (static_cast<array::slice_kind>(p[i]))
                {
                case array::slice_kind::all:
                    out += "all";
                    break;
                case array::slice_kind::newaxis:
                    out += "newaxis";
                    break;
                case array::slice_kind::ellipsis:
                    out += "ellipsis";
                    break;
                case array::slice_kind::range:
                    out += "range(";
                    out.append_integer(p[i + 1]) += ", ";
                    append_stop(p[i + 2]);
                    if (p[i + 3] != 1)
                    {
                        out += ", ";
                        out.append_integer(p[i + 3]);
                    }
                    out += ')';
                    break;
                default:
                    out.append_integer(p[i + 1]);
                }
            }
            return out;
        }

        constexpr text list_text(const array::parameters& p, int begin)
        {
            text out;
            for (int i = begin; i < p.count; ++i)
            {
                separate(out).append_integer(p[i]);
            }
            return out;
        }
    }

    /// An operation's name as a user writes it.
    constexpr std::string_view written_name(const operation& op) { return op.name == "sum_over" ? "sum" : op.name; }

    /// Without the separator to the operands; empty where the user writes none.
    constexpr text parameter_text(const operation& op, const array::parameters& p)
    {
        if (op.name == "view" || op.name == "unview")
        {
            return detail::slices_text(p);
        }
        const bool reduces = op.name == "sum_over" || op.name == "amax" || op.name == "expand";
        const text list = detail::list_text(p, reduces ? 1 : 0);
        text out;
        if (p.count - (reduces ? 1 : 0) == 1 && reduces)
        {
            out += list.view();
        }
        else if (list.size() != 0)
        {
            out += '{';
            (out += list.view()) += '}';
        }
        if (reduces && array::keeps_dims(p))
        {
            detail::separate(out) += "keep_dims";
        }
        return out;
    }
}
