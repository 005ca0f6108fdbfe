// SPDX-License-Identifier: BSD-3-Clause
// What is asked of an entry before it passes its adjoint on: whether it may, and whether it still can.
#pragma once

#include <xautodiff/variable/function.hpp>

#include <cstdint>
#include <string>

namespace xautodiff::variable
{
    [[noreturn]] inline void throw_modified(const node_base& x, std::uint64_t expected, bool is_resized = false)
    {
        const std::string which =
            x.is_leaf() ? std::string() : message(", which is output %u of %s,", result_of(x), name_of(x).c_str());
        throw error(
            message("one of the variables needed for gradient computation has been modified by an inplace operation: "
                    "[%s]%s is at version %llu; expected version %llu instead. Hint: %s; change it before that "
                    "statement or after backward(), or give the statement a copy.",
                    x.type().container->describe(x).c_str(), which.c_str(), 0ull + version_of(x), 0ull + expected,
                    is_resized ? "its shape was changed through mutable_data() after the statement that it is an "
                                 "operand of"
                               : "it was changed through mutable_data(), or in place under no_grad, after the "
                                 "statement that reads it"));
    }

    /// Throws where an operand whose value the wanted adjoints read was changed since the statement ran, or the shape of any.
    inline void require_unchanged(const node_base& n, std::uint64_t wanted)
    {
        const node_type& type = n.type();
        const operand* o = operands_of(n);
        const bool is_scalar = type.kind != statement_kind::expression;
        const std::uint64_t* versions = reinterpret_cast<const std::uint64_t*>(o + type.operands);
        for (unsigned k = 0; k < type.operands; ++k)
        {
            const std::uint64_t seen = !is_scalar ? o[k].version : n.has(flag::has_versions) ? versions[k] : 0;
            const std::uint32_t expected = std::uint32_t(seen);
            const node_base& x = *o[k].node();
            if (std::uint32_t(version_of(x)) == expected) [[likely]]
            {
                continue;
            }
            if ((type.uses[k].read_for & wanted) != 0)
            {
                throw_modified(x, expected);
            }
            if (!is_scalar && wanted != 0 && shape_mark_of(x) != (seen & ~version_bits))
            {
                throw_modified(x, expected, true);
            }
        }
    }

    /// The adjoints of a statement that have somewhere to go, as bits (all from the 64th on share one).
    constexpr std::uint64_t adjoint_bit(unsigned output) { return std::uint64_t(1) << (output < 63 ? output : 63); }

    inline std::uint64_t wanted_adjoints(const node_base& n)
    {
        const node_type& type = n.type();
        const operand* o = operands_of(n);
        std::uint64_t out = 0;
        for (unsigned k = 0; k < type.operands; ++k)
        {
            out |= target_of(o[k]) != nullptr ? adjoint_bit(type.uses[k].output) : 0;
        }
        return out;
    }

    /// Whether the adjoints of a statement that have somewhere to go need a value that it reads.
    inline bool reads_for_wanted(const node_base& n)
    {
        const std::uint64_t reads = n.type().reads;
        return reads != 0 && (reads & wanted_adjoints(n)) != 0;
    }

    /// Whether a backward pass that did not retain the graph has used up what the entry's own needs.
    inline bool is_spent(const node_base& n) { return n.has(flag::spent) && n.type().reads != 0; }

    [[noreturn]] inline void throw_spent()
    {
        throw error("Trying to backward through the graph a second time (or directly access saved "
                    "tensors after they have already been freed). Saved intermediate values of the "
                    "graph are freed when you call .backward() or autograd.grad(). Specify "
                    "retain_graph=True if you need to backward through the graph a second time or if "
                    "you need to access saved tensors after calling backward.");
    }

    inline void require_unspent(const node_base& n)
    {
        if (is_spent(n)) [[unlikely]]
        {
            throw_spent();
        }
    }

    inline void require_own_gradient(const node_base& n)
    {
        if (n.has(flag::has_side) && n.side->stands_in)
        {
            throw error(
                "this graph reaches a leaf of another thread, which still runs: gradients are accumulated by the "
                "thread that made the leaf; take them with ad::grad(y, x)");
        }
    }
}
