# SPDX-License-Identifier: BSD-3-Clause
"""Values and derivatives of every operation, by PyTorch in float64. Run it to write op_cases.txt beside it."""

import itertools
import math
import random

import numpy
import torch

from case_file import CaseFile, array

DESCRIPTION = """
Keys: "operation" its name in the library; "argument" an array, one line per operand; "parameters" integers, see below;
"output" the value; "grad_fn" PyTorch's name of the result's function, left out where PyTorch spells the operation with
several; "seed" the array v that was sent backward; "gradient" one line per argument, of sum(v * output), or none for a
mask's operands and for numbers that PyTorch takes as plain numbers. Some cases also have, one line per argument,
"direction" arrays d and "second": the gradients of sum over arguments of sum(gradient * d), or none.
Parameters: sum, mean, amax, norm_l2: KEEPDIMS AXIS...; no axis means all. reshape: the new shape. transpose: the
permutation. view: four for each axis, KIND A B C: 0 i _ _ is the index i; 1 a b c is range(a, b, c);
2 _ _ _ is all; 3 a _ c is from a to the end, by c. clamp: none; its bounds are arguments 1 and 2.
where_less and so on: arguments a b x y, the value is x where a < b and else y."""

inf, nan = math.inf, math.nan
torch.set_default_dtype(torch.float64)
cases = CaseFile(__file__, DESCRIPTION)
rng = random.Random(20220714)


def uniform(*shape, low=-2.0, high=2.0):
    count = math.prod(shape)
    return torch.tensor([round(rng.uniform(low, high), 3) for _ in range(count)]).reshape(shape)


def add(name, operation, function, *arguments, parameters=(), seed=None, second=False, fixed=(), grad_fn=True):
    """`fixed`: positions of arguments that take no gradient."""
    arguments = [torch.as_tensor(a, dtype=torch.float64).clone() for a in arguments]
    active = [a.requires_grad_() for i, a in enumerate(arguments) if i not in fixed]
    output = function(*arguments)
    seed = uniform(*output.shape, low=0.5) if seed is None else torch.as_tensor(seed).expand(output.shape)
    gradients = torch.autograd.grad(output, active, seed, create_graph=second)

    def per_argument(values):
        values = iter(values)
        return ["none" if i in fixed else array(next(values)) for i in range(len(arguments))]

    fields = [("operation", operation)] + [("argument", array(a)) for a in arguments]
    if parameters:
        fields.append(("parameters", " ".join(map(str, parameters))))
    fields.append(("output", array(output)))
    if grad_fn:
        fields.append(("grad_fn", type(output.grad_fn).__name__))
    fields.append(("seed", array(seed)))
    fields += [("gradient", text) for text in per_argument(gradients)]
    if second:
        directions = [uniform(*a.shape) for a in arguments]
        along = (g * d for g, d in zip(gradients, (d for i, d in enumerate(directions) if i not in fixed)))
        total = sum(term.sum() for term in along)
        if total.requires_grad:
            rows = torch.autograd.grad(total, active, allow_unused=True)
            rows = [torch.zeros_like(a) if row is None else row for a, row in zip(active, rows)]
        else:  # the operation is linear
            rows = [torch.zeros_like(a) for a in active]
        fields += [("direction", array(d)) for d in directions]
        fields += [("second", text) for text in per_argument(rows)]
    cases.case(name, *fields)


# ---- Elementwise, one argument.
UNARY = {
    "negate": (torch.neg, (-2, 2), [0.0, -0.0, inf, nan]),
    "square": (torch.square, (-2, 2), [0.0, -0.0, 1e200, -inf, nan]),
    "sqrt": (torch.sqrt, (0.1, 4), [0.0, 4.0, -1.0, inf, nan]),
    "exp": (torch.exp, (-2, 2), [0.0, 709.0, 710.0, -745.0, -746.0, -inf, nan]),
    "expm1": (torch.expm1, (-2, 2), [0.0, -0.0, 1e-10, -1e-17, 710.0, -50.0, -inf, nan]),
    "log": (torch.log, (0.1, 4), [0.0, 1.0, -1.0, 5e-324, inf, nan]),
    "log1p": (torch.log1p, (-0.9, 4), [0.0, -0.0, 1e-10, 1e-17, -1.0, -2.0, inf, nan]),
    "sin": (torch.sin, (-4, 4), [0.0, -0.0, 1e6, inf, nan]),
    "cos": (torch.cos, (-4, 4), [0.0, 1e6, -inf, nan]),
    "tan": (torch.tan, (-1.4, 1.4), [0.0, -0.0, 3.0, inf, nan]),
    "tanh": (torch.tanh, (-2, 2), [0.0, -0.0, 1e-10, 20.0, -800.0, inf, nan]),
    "sigmoid": (torch.sigmoid, (-4, 4), [0.0, 40.0, -40.0, 710.0, -710.0, -1000.0, inf, -inf, nan]),
    "erf": (torch.erf, (-2, 2), [0.0, -0.0, 1e-10, 6.0, -30.0, inf, nan]),
    "erfc": (torch.erfc, (-2, 2), [0.0, 6.0, 20.0, -30.0, inf, -inf, nan]),
}
for name, (function, (low, high), special) in UNARY.items():
    add(f"{name}_scalar", name, function, uniform(low=low, high=high), second=True)
    add(f"{name}_vector", name, function, uniform(5, low=low, high=high), second=True)
    add(f"{name}_matrix", name, function, uniform(2, 3, low=low, high=high), second=True)
    add(f"{name}_empty", name, function, torch.zeros(0))
    add(f"{name}_special", name, function, special, seed=1.0)

# Kinks.
add("abs_vector", "abs", torch.abs, uniform(5), second=True)
add("abs_kink", "abs", torch.abs, [0.0, -0.0, -1.0, 2.0, inf, -inf, nan], seed=3.0)
add("relu_vector", "relu", torch.relu, uniform(5))
add("relu_kink", "relu", torch.relu, [0.0, -0.0, -1.0, 2.0, inf, -inf, nan], seed=3.0)
clamp_points = [-1.5, -1.0, -0.5, 0.0, 0.5, 0.75, 2.0, inf, -inf, nan]
add("clamp_bounds", "clamp", lambda x, low, high: torch.clamp(x, low.item(), high.item()), clamp_points, -1.0, 0.75,
    seed=3.0, fixed=(1, 2))

# ---- Elementwise, two arguments; broadcasting as NumPy's.
BINARY = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "divide": torch.div,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "pow": torch.pow,
}
PAIRS = [((), ()), ((3,), (3,)), ((2, 3), (2, 3)), ((3, 1), (1, 4)), ((3,), (2, 3)), ((2, 3), (3,)), ((), (2, 2)), ((2, 2), ()),
         ((1,), (3,)), ((2, 1), (3,)), ((1, 1), (2,)), ((2, 1, 3), (4, 1)), ((4,), (2, 1, 1)), ((1, 2, 1), (2, 1, 3)),
         ((0,), (0,)), ((0,), ()), ((0,), (1,)), ((0, 3), (3,)), ((2, 1), (0,)), ((1, 0), (3, 1))]


def pair_name(first, second):
    return "_and_".join("x".join(map(str, shape)) or "scalar" for shape in (first, second))


for name, function in BINARY.items():
    low = 0.2 if name == "pow" else -2.0
    for first, second in PAIRS:
        a, b = uniform(*first, low=low), uniform(*second)
        if name == "divide":
            b = torch.where(b.abs() < 0.25, b + 1.0, b)
        add(f"{name}_{pair_name(first, second)}", name, function, a, b, second=math.prod(first) * math.prod(second) > 0)

values = [0.0, -0.0, 1.0, -2.0, inf, -inf, nan]
grid = list(itertools.product(values, values))
for name in ("add", "subtract", "multiply", "divide", "maximum", "minimum"):
    add(f"{name}_special", name, BINARY[name], [a for a, _ in grid], [b for _, b in grid], seed=3.0)
add("maximum_ties", "maximum", torch.maximum, [1.0, 2.0, -3.0], [[1.0], [2.0]])
add("minimum_ties", "minimum", torch.minimum, [1.0, 2.0, -3.0], [[1.0], [2.0]])

# pow: both operands take a gradient, then either alone.
POWERS = {"zero_zero": (0.0, 0.0), "zero_two": (0.0, 2.0), "two_zero": (2.0, 0.0), "negative_three": (-2.0, 3.0),
          "zero_half": (0.0, 0.5), "negative_half": (-2.0, 0.5), "zero_negative": (0.0, -1.0), "negative_zero": (-2.0, 0.0),
          "negative_negative": (-2.0, -3.0), "zero_one": (0.0, 1.0), "one_inf": (1.0, inf), "two_inf": (2.0, inf),
          "half_inf": (0.5, inf), "inf_zero": (inf, 0.0), "inf_half": (inf, 0.5), "nan_zero": (nan, 0.0), "zero_nan": (0.0, nan),
          "two_nan": (2.0, nan), "minus_zero_three": (-0.0, 3.0), "zero_inf": (0.0, inf), "one_nan": (1.0, nan)}
for name, (base, exponent) in POWERS.items():
    add(f"pow_{name}", "pow", torch.pow, base, exponent, seed=3.0)
    add(f"pow_{name}_plain_exponent", "pow", lambda x, n: x ** n.item(), base, exponent, seed=3.0, fixed=(1,))
    add(f"pow_{name}_plain_base", "pow", lambda x, n: x.item() ** n, base, exponent, seed=3.0, fixed=(0,))
for exponent in (0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5, -0.5, 2.5):
    low = -2.0 if exponent.is_integer() else 0.2
    add(f"pow_matrix_exponent_{exponent}", "pow", lambda x, n: x ** n.item(), uniform(2, 3, low=low), exponent, second=True,
        fixed=(1,))
add("pow_matrix_base_2", "pow", lambda x, n: x.item() ** n, 2.0, uniform(2, 3), second=True, fixed=(0,))

# A plain number on either side. PyTorch does not always name these as it does for two tensors.
PLAIN = {"add": lambda a, b: a + b, "subtract": lambda a, b: a - b, "multiply": lambda a, b: a * b, "divide": lambda a, b: a / b}
for name, function in PLAIN.items():
    add(f"{name}_plain_right", name, lambda a, b: function(a, b.item()), uniform(2, 2, low=0.5), 3.0, fixed=(1,), second=True)
    add(f"{name}_plain_left", name, lambda a, b: function(a.item(), b), 3.0, uniform(2, 2, low=0.5), fixed=(0,), second=True)

# where, with comparisons as masks.
COMPARISONS = {"less": torch.lt, "less_equal": torch.le, "greater": torch.gt, "greater_equal": torch.ge, "equal": torch.eq,
               "not_equal": torch.ne}
for name, compare in COMPARISONS.items():
    def select(a, b, x, y):
        return torch.where(compare(a, b), x, y)

    a, b = [0.0, -0.0, 1.0, 2.0, nan, inf, -inf], [0.0, 0.0, 2.0, 1.0, nan, inf, 1.0]
    add(f"where_{name}", f"where_{name}", select, a, b, uniform(7), uniform(7), fixed=(0, 1), second=True)
    add(f"where_{name}_broadcast", f"where_{name}", select, uniform(3, 1), uniform(2), 7.0, uniform(2, 1, 2), fixed=(0, 1))
    add(f"where_{name}_scalar", f"where_{name}", select, 1.0, 1.0, 5.0, -5.0, fixed=(0, 1))
    add(f"where_{name}_unselected_nan", f"where_{name}", select, [0.0, 1.0, 2.0], 1.0, [nan, 1.0, inf], [2.0, nan, -inf],
        fixed=(0, 1))

# ---- Reductions.
REDUCTIONS = {
    "sum": lambda x, axes, keep: x.sum(axes, keepdim=keep),
    "mean": lambda x, axes, keep: x.mean(axes, keepdim=keep),
    "amax": lambda x, axes, keep: torch.amax(x, axes, keepdim=keep),
    "norm_l2": lambda x, axes, keep: torch.linalg.vector_norm(x, 2, axes, keepdim=keep),
}
WHOLE = {"sum": lambda x: x.sum(), "mean": lambda x: x.mean(), "amax": lambda x: torch.amax(x, tuple(range(x.dim()))),
         "norm_l2": lambda x: x.norm()}
for name, function in REDUCTIONS.items():
    for shape in [(), (1,), (4,), (2, 3), (2, 3, 4)]:
        text = "x".join(map(str, shape)) or "scalar"
        add(f"{name}_{text}_all", name, WHOLE[name], uniform(*shape), parameters=(0,), second=True)
        if shape:
            every_axis = tuple(range(len(shape)))
            add(f"{name}_{text}_all_keepdims", name, lambda x: function(x, every_axis, True), uniform(*shape), parameters=(1,))
    for shape, axes in [((4,), (0,)), ((2, 3), (0,)), ((2, 3), (1,)), ((2, 3), (0, 1)), ((2, 3, 4), (1,)), ((2, 3, 4), (0, 2)),
                        ((2, 3, 4), (2, 1)), ((2, 3), (-1,)), ((2, 3, 4), (-3, 2)), ((1, 3), (0,))]:
        for keep in (False, True):
            text = "x".join(map(str, shape)) + "_axes_" + "_".join(map(str, axes)) + ("_keepdims" if keep else "")
            add(f"{name}_{text}", name, lambda x: function(x, axes, keep), uniform(*shape), parameters=(int(keep), *axes),
                second=not keep)
    if name != "amax":
        add(f"{name}_empty", name, WHOLE[name], torch.zeros(0), parameters=(0,))
        add(f"{name}_empty_axis", name, lambda x: function(x, (0,), False), torch.zeros(0, 3), parameters=(0, 0))
    add(f"{name}_empty_result", name, lambda x: function(x, (1,), False), torch.zeros(0, 3), parameters=(0, 1))
    add(f"{name}_special", name, lambda x: function(x, (1,), False),
        [[1.0, inf, 2.0], [1.0, nan, 2.0], [inf, -inf, 1.0], [inf, inf, 1.0], [nan, nan, inf], [-inf, -inf, -inf]],
        parameters=(0, 1), seed=3.0)

add("amax_ties", "amax", WHOLE["amax"], [[1.0, 3.0], [3.0, 3.0]], parameters=(0,), seed=6.0)
add("amax_ties_axis", "amax", lambda x: torch.amax(x, (1,)), [[2.0, 2.0, 1.0], [0.0, -0.0, -1.0], [1.0, 1.0, 1.0]],
    parameters=(0, 1), seed=6.0)
add("amax_ties_keepdims", "amax", lambda x: torch.amax(x, (0,), keepdim=True), [[2.0, 2.0, 1.0], [2.0, 1.0, 1.0]],
    parameters=(1, 0), seed=[[6.0, 4.0, 2.0]])
add("norm_l2_zero", "norm_l2", WHOLE["norm_l2"], [0.0, 0.0, 0.0], parameters=(0,), seed=3.0)
add("norm_l2_zero_scalar", "norm_l2", WHOLE["norm_l2"], 0.0, parameters=(0,), seed=3.0)
add("norm_l2_zero_row", "norm_l2", lambda x: REDUCTIONS["norm_l2"](x, (1,), False), [[3.0, 4.0], [0.0, 0.0]], parameters=(0, 1),
    seed=3.0)
add("norm_l2_huge", "norm_l2", WHOLE["norm_l2"], [3e160, 4e160], parameters=(0,), seed=1.0)
add("norm_l2_tiny", "norm_l2", WHOLE["norm_l2"], [3e-170, 4e-170], parameters=(0,), seed=1.0)

# ---- Shapes.
for shape, to in [((6,), (2, 3)), ((2, 3), (6,)), ((2, 3), (3, 2)), ((2, 3), (3, -1)), ((2, 3), (-1,)), ((), (1,)), ((1,), ()),
                  ((2, 3, 4), (4, 1, 6)), ((0, 3), (3, 0)), ((2, 3), (2, 3))]:
    text = "_to_".join("x".join(map(str, s)) or "scalar" for s in (shape, to))
    add(f"reshape_{text}", "reshape", lambda x: x.reshape(to), uniform(*shape), parameters=to)
for shape, permutation in [((), ()), ((3,), (0,)), ((2, 3), (1, 0)), ((2, 3), (0, 1)), ((2, 3, 4), (2, 1, 0)), ((2, 3, 4), (1, 2, 0)),
                           ((2, 3, 4), (0, 2, 1)), ((0, 3), (1, 0)), ((2, 3, 4), (-1, 0, 1))]:
    text = ("x".join(map(str, shape)) or "scalar") + "".join(f"_{p}" for p in permutation)
    add(f"transpose_{text}", "transpose", lambda x: x.permute(permutation), uniform(*shape), parameters=permutation)


def index(i):
    return i, (0, i, 0, 0)


def span(start, stop, step=1):
    return slice(start, stop, step), (1, start, stop, step)


def to_end(start, step=1):
    return slice(start, None, step), (3, start, 0, step)


everything = slice(None), (2, 0, 0, 0)
VIEWS = {
    "index": ((5,), index(2)),
    "index_last": ((5,), index(-1)),
    "index_first_negative": ((5,), index(-5)),
    "range": ((5,), span(1, 3)),
    "range_to_last": ((5,), span(0, -1)),
    "range_negative": ((5,), span(-3, -1)),
    "range_too_long": ((5,), span(2, 9)),
    "range_too_low": ((5,), span(-9, 2)),
    "range_beyond": ((5,), span(7, 9)),
    "range_empty": ((5,), span(3, 1)),
    "range_step": ((5,), span(0, 5, 2)),
    "range_step_inexact": ((5,), span(1, 5, 3)),
    "range_backwards": ((5,), span(4, 0, -1)),
    "range_backwards_step": ((5,), span(4, 0, -2)),
    "range_backwards_negative": ((5,), span(-1, -4, -1)),
    "range_to_end": ((5,), to_end(1)),
    "range_negative_to_end": ((5,), to_end(-2)),
    "range_to_end_step": ((5,), to_end(1, 2)),
    "all": ((5,), everything),
    "element": ((3, 4), index(1), index(-2)),
    "row": ((3, 4), index(1), everything),
    "row_short": ((3, 4), index(1)),
    "column": ((3, 4), everything, index(3)),
    "block": ((3, 4), span(0, -1), span(1, 3)),
    "block_step": ((3, 4), span(0, 3, 2), to_end(1, 2)),
    "mixed": ((4, 2, 5), span(0, -1), everything, index(3)),
    "mixed_short": ((4, 2, 5), span(1, 3), index(0)),
    "mixed_backwards": ((4, 2, 5), index(-1), everything, span(4, 1, -2)),
    "empty_block": ((3, 4), span(2, 2), everything),
    "of_empty": ((0, 3), everything, index(1)),
}
for name, (shape, *items) in VIEWS.items():
    elements = numpy.arange(math.prod(shape)).reshape(shape)[tuple(i for i, _ in items)]
    places = torch.from_numpy(numpy.array(elements))
    forwards = all(not isinstance(i, slice) or (i.step or 1) > 0 for i, _ in items)
    x = uniform(*shape)

    def gather(x):
        return x.reshape(-1)[places]  # PyTorch has no negative steps: NumPy says which elements it is

    def cut(x):
        return x[tuple(i for i, _ in items)]

    assert not forwards or torch.equal(gather(x), cut(x))
    add(f"view_{name}", "view", cut if forwards else gather, x, parameters=[p for _, item in items for p in item],
        grad_fn=forwards and len(items) == 1)

# ---- Products.
for name, operation, function, pairs in [
    ("dot", "dot", torch.dot, [((1,), (1,)), ((3,), (3,)), ((0,), (0,)), ((17,), (17,))]),
    ("matmul", "matmul", torch.matmul, [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((1, 1), (1, 1)), ((3, 1), (1, 4)),
                                       ((1, 3), (3, 1)), ((1, 3), (3,)), ((3,), (3, 1)), ((5, 7), (7, 6)), ((0,), (0,)), ((2, 0), (0,)),
                                       ((0, 3), (3,)), ((0,), (0, 3)), ((2, 0), (0, 3)), ((0, 3), (3, 2)), ((2, 3), (3, 0))]),
]:
    for first, second in pairs:
        add(f"{name}_{pair_name(first, second)}", operation, function, uniform(*first), uniform(*second),
            second=math.prod(first) * math.prod(second) > 0)
add("dot_special", "dot", torch.dot, [0.0, inf, 1.0], [1.0, 1.0, nan], seed=2.0)
add("matmul_special", "matmul", torch.matmul, [[0.0, 1.0], [inf, 1.0], [nan, 0.0]], [[1.0, 0.0], [0.0, -1.0]], seed=2.0)

cases.write()
