// SPDX-License-Identifier: BSD-3-Clause
// ad::formula: what a function, or its gradient, computes, as text.
#pragma once

#include <xautodiff/functional/readable.hpp>
#include <xautodiff/graph/formula.hpp>

namespace xautodiff
{
    namespace functional
    {
        template <class F, class... C>
        constexpr graph::text formula_text(const F& f)
        {
            return graph::write_formula(graph::with_constants_folded(read_function<C...>(f)));
        }

        template <class F, class... C>
        struct formula_of_type
        {
            static constexpr std::size_t size() { return formula_text<F, C...>(F{}).size(); }
        };

        /// The text in static storage.
        template <class F, class... C>
        inline constexpr auto constant_formula = []
        {
            std::array<char, formula_of_type<F, C...>::size()> out{};
            const graph::text t = formula_text<F, C...>(F{});
            std::copy_n(t.view().data(), out.size(), out.data());
            return out;
        }();

        /// Found where the formula's size is a constant: by overloading, since clang 16 does not see it in a requirement.
        template <class Formula, std::size_t = Formula::size()>
        constexpr bool is_constant(int)
        {
            return true;
        }

        template <class Formula>
        constexpr bool is_constant(...)
        {
            return false;
        }

        template <class F, class... C>
        constexpr bool has_constant_formula()
        {
            if constexpr (is_stateless<F>)
            {
                return is_constant<formula_of_type<F, C...>>(0);
            }
            else
            {
                return false;
            }
        }
    }

    /// What f computes: `formula([](auto x) { return ad::sin(x) * x; })` is "sin(x) * x", `formula(ad::grad(...))` of the same
    /// "sin(x) + x * cos(x)".
    ///
    /// The arguments are called x, y, z, x3, x4, ... and are numbers, unless their types are given: `formula<std::array<double,
    /// 3>>(f)`. What is read more than once is named first: "t0 = x + 2; t0 * t0". Several results stand in parentheses;
    /// those of value_and_grad are "value = sin(x); grad = cos(x)".
    /// Constants are written as their values (std::array and xtensor ones as c0, c1, ...) and what they alone decide is worked
    /// out. Numbers are the shortest that read back the same: exact for double and float, a long double as the nearest double.
    ///
    /// For a callable without captures the result is a constant: a std::string_view. Otherwise it is a std::string.
    template <class... C, class F>
    constexpr auto formula(const F& f)
        requires(!expression_like<F>)
    {
        if constexpr (functional::has_constant_formula<F, C...>())
        {
            const auto& characters = functional::constant_formula<F, C...>;
            return std::string_view(characters.data(), characters.size());
        }
        else
        {
            return functional::formula_text<F, C...>(f).string();
        }
    }

    /// What an expression computes; Variables are called v0, v1, ...
    template <class E>
    std::string formula(const E& e)
        requires expression_like<E>
    {
        const auto nodes = functional::returned_as_nodes<functional::reading<E>>(e).nodes;
        return graph::write_formula(graph::with_constants_folded(functional::read_graph(nodes))).string();
    }
}
