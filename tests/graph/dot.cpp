// SPDX-License-Identifier: BSD-3-Clause
// Graphs in Graphviz's language.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

namespace ad = xautodiff;

TEST_CASE("a function's graph has a node for each step")
{
    CHECK(ad::to_dot([](auto x) { return ad::sin(x) * x; })
          == "digraph {\n"
             "    graph [ordering=in]\n"
             "    node [shape=box]\n"
             "    s0 [label=\"x\", shape=ellipse]\n"
             "    s1 [label=\"sin\"]\n"
             "    s0 -> s1\n"
             "    s2 [label=\"*\", peripheries=2]\n"
             "    s1 -> s2\n"
             "    s0 -> s2\n"
             "}\n");
}

TEST_CASE("constants are plain text, parameters part of the label, shapes read by dashed arrows")
{
    const std::string dot = ad::to_dot<std::array<std::array<double, 3>, 2>>(
        ad::grad([](auto x) { return ad::sum(ad::square(ad::sum(x * 0.5, 1))); }));
    CHECK(dot.find("[label=\"0.5\", shape=plaintext]") != std::string::npos);
    CHECK(dot.find("[label=\"sum 1\"]") != std::string::npos);
    CHECK(dot.find("[label=\"expand 1\"]") != std::string::npos);
    CHECK(dot.find("[style=dashed]") != std::string::npos);
    CHECK(dot.find("parameters") == std::string::npos);
}

TEST_CASE("an expression of Variables has a graph too")
{
    ad::Variable x(xt::xarray<double>{1, 2}, ad::requires_grad);
    CHECK(ad::to_dot(ad::sum(x * x))
          == "digraph {\n"
             "    graph [ordering=in]\n"
             "    node [shape=box]\n"
             "    s0 [label=\"v0\", shape=ellipse]\n"
             "    s1 [label=\"*\"]\n"
             "    s0 -> s1\n"
             "    s0 -> s1\n"
             "    s2 [label=\"sum\", peripheries=2]\n"
             "    s1 -> s2\n"
             "}\n");
}

namespace
{
    struct quoted
    {
        static constexpr std::string_view name = "say \"\\\"";
        static constexpr auto value(const auto& x) { return x; }
        static constexpr auto partials(const auto&, const auto&) { return std::tuple{1}; }
    };
}

TEST_CASE("labels are quoted")
{
    CHECK(ad::to_dot([](auto x) { return ad::apply<quoted>(x); }).find("[label=\"say \\\"\\\\\\\"\"")
          != std::string::npos);
}
