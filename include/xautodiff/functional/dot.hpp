// SPDX-License-Identifier: BSD-3-Clause
// ad::to_dot: the graph of a function or an expression, for Graphviz.
#pragma once

#include <xautodiff/functional/readable.hpp>
#include <xautodiff/graph/dot.hpp>

namespace xautodiff
{
    /// The graph that is run for f, or for `ad::grad(f)`, as Graphviz text: `dot -Tsvg` makes a picture of it. Arguments are
    /// numbers unless their types are given, as for ad::formula.
    template <class... C, class F>
    std::string to_dot(const F& f)
        requires(!expression_like<F>)
    {
        return graph::write_dot(functional::read_function<C...>(f)).string();
    }

    /// The graph that is run for an expression.
    template <class E>
    std::string to_dot(const E& e)
        requires expression_like<E>
    {
        const auto nodes = functional::returned_as_nodes<functional::reading<E>>(e).nodes;
        return graph::write_dot(functional::read_graph(nodes)).string();
    }
}
