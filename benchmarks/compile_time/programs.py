# SPDX-License-Identifier: BSD-3-Clause
"""Programs to compile: formulas of a given size, written out as C++, each with its value and gradient."""

TEMPLATE = """#include <xautodiff/{header}>
namespace ad = xautodiff;
auto compute({argument} x, {argument} y)
{{
    return ad::value_and_grad<0, 1>([](auto x, auto y)
    {{
{body}        return {result};
    }})(x, y);
}}
"""
ARRAY, NUMBER = "const xt::xtensor<double, 1>&", "double"


def headers(argument):
    """Nothing but what every other program includes."""
    return f"#include <xautodiff/{header_for(argument)}>\n"


def header_for(argument):
    return "core.hpp" if argument == NUMBER else "xautodiff.hpp"


def program(argument, lines, result):
    body = "".join(f"        const auto {line};\n" for line in lines)
    if argument == ARRAY:
        result = f"ad::sum({result})"
    return TEMPLATE.format(header=header_for(argument), argument=argument, body=body, result=result)


def with_steps(argument, steps):
    """A sum of terms sin(c x) y, each of four steps with its addition. The terms are added in pairs, so that the nesting
    grows as the logarithm of their number."""
    count = max(1, steps // 4)
    lines = [f"s{i} = ad::sin({i + 1}.0 * x) * y" for i in range(count)]
    level, names = 0, [f"s{i}" for i in range(count)]
    while len(names) > 1:
        level += 1
        sums = []
        for i in range(0, len(names) - 1, 2):
            sums.append(f"p{level}_{i}")
            lines.append(f"{sums[-1]} = {names[i]} + {names[i + 1]}")
        names = sums + names[len(sums) * 2:]
    return program(argument, lines, names[0])


def with_nesting(argument, depth):
    """sin(sin(... x y))."""
    lines = ["s0 = x * y"] + [f"s{i} = ad::sin(s{i - 1})" for i in range(1, depth)]
    return program(argument, lines, f"s{depth - 1}")


def with_sharing(argument, depth):
    """Squares of squares: the formula written out would have 2^depth leaves."""
    lines = ["s0 = x * y"] + [f"s{i} = s{i - 1} * s{i - 1}" for i in range(1, depth)]
    return program(argument, lines, f"s{depth - 1}")


STATEMENTS = """#include <xautodiff/xautodiff.hpp>
namespace ad = xautodiff;
void record(ad::Variable<xt::xarray<double>> y, const ad::Variable<xt::xarray<double>>& x)
{{
{body}    ad::Variable total = ad::sum(y);
    total.backward();
}}
"""


def with_statements(count):
    """Statements on arrays, each with another formula of two or three operations."""
    functions = ("sin", "exp", "tanh", "log1p", "sqrt", "cos", "erf", "abs", "sigmoid", "square")
    forms = ("y = ad::{f}(y) * x;", "y = y - ad::{f}(x);", "y = ad::{f}(x * y) + y;")
    body = "".join(f"    {forms[i % len(forms)].format(f=functions[i % len(functions)])}\n"
                   for i in range(count))
    return STATEMENTS.format(body=body)
