# SPDX-License-Identifier: BSD-3-Clause
"""What PyTorch prints for a range of tensors. Run it to write print_cases.txt beside it."""

import math
import random

import torch

from case_file import CaseFile, array, escape

DESCRIPTION = """
Keys: "values" the array; "requires_grad" 0 or 1; "grad_fn" the name of the tensor's function, left out if there is
none; "single_precision" 1 where the tensor was float32, else 0; "text" what str() gave, a text."""

inf, nan = math.inf, math.nan
torch.set_default_dtype(torch.float64)
cases = CaseFile(__file__, DESCRIPTION)
rng = random.Random(20220713)


def add(name, values, *, grad=False, via=None, single=False, shape=None):
    tensor = torch.tensor(values, dtype=torch.float32 if single else torch.float64)
    if shape is not None:
        tensor = tensor.reshape(shape)
    tensor.requires_grad_(grad or via is not None)
    if via is not None:
        tensor = via(tensor)
    fields = [("values", array(tensor)), ("requires_grad", int(tensor.requires_grad))]
    if tensor.grad_fn is not None:
        fields.append(("grad_fn", type(tensor.grad_fn).__name__))
    fields += [("single_precision", int(single)), ("text", escape(str(tensor)))]
    cases.case(name, *fields)


def clone(x):
    return x.clone()


def function_with_a_long_name(x):
    return torch.nn.functional.binary_cross_entropy_with_logits(x, torch.zeros_like(x), reduction="none")


def numbers(count, low=-1.0, high=1.0):
    return [rng.uniform(low, high) for _ in range(count)]


# What the tutorials print.
add("ones_2x2_leaf", [[1.0, 1.0], [1.0, 1.0]], grad=True)
add("scalar_sum", [36.0], via=torch.sum)
add("tutorial_fixed", [0.6, 6.0, 60.0])
add("tutorial_scientific", [51.2, 512.0, 0.0512])
add("tutorial_one_element", [30.0], via=clone)

# Rank 0.
for i, value in enumerate([0.0, -0.0, 1.0, -3.0, 0.5, -0.125, 1e8, 1e8 + 1, 1.5e8, 1e-4, 9.9e-5, 1e300, 5e-324, inf, -inf, nan,
                           123456.0, 12345.678, 2.675, 0.99999, -1e-5, 1 / 3]):
    add(f"scalar_{i}", value)
add("scalar_leaf", 2.5, grad=True)
add("scalar_node", -2.5, via=clone)
add("scalar_single", 0.1, single=True)

# Where each notation begins and ends.
add("ratio_1000_integral", [1.0, 1000.0])
add("ratio_1001_integral", [1.0, 1001.0])
add("ratio_1000_fixed", [0.5, 500.0])
add("ratio_above_1000_fixed", [0.5, 500.0001])
add("largest_1e8_integral", [1e8, 2e7])
add("largest_above_1e8_integral", [1e8 + 1, 2e7])
add("largest_1e8_fixed", [1e8, 99999999.5])
add("largest_above_1e8_fixed", [100000000.5, 99999999.5])
add("smallest_1e_4", [1e-4, 2e-4])
add("smallest_below_1e_4", [0.99e-4, 2e-4])
add("ratio_overflows", [5e-324, 1e308])
add("three_digit_exponent", [1e-200, 2.5e-201, -7e-200])
add("three_and_two_digit_exponents", [1e-101, 1e-98])
add("rounds_up_a_digit", [9.99996, 0.5])
add("rounds_half", [0.00025, 0.00035, 0.03125, 0.15625])
add("one_fraction", [1.0, 2.0, 3.5])
add("negative_and_positive", [-1.0, 22.0, -333.0])
add("negative_fixed", [-1.5, 22.25, -333.125])

# Values that have no say in notation and width.
add("zeros", [0.0, 0.0, 0.0])
add("negative_zeros", [0.0, -0.0])
add("negative_zero_fixed", [-0.0, 0.5])
add("negative_zero_wide", [-0.0, 100.0])
add("negative_zero_scientific", [-0.0, 1e-9, 1.0])
add("only_nan", [nan, nan])
add("nan_sign", [math.copysign(nan, -1.0), 1.0])
add("nan_zero", [nan, 0.0, inf])
add("nan_integral", [nan, 1.0])
add("infinities_integral", [1.0, inf, -inf])
add("infinities_fixed", [1.5, inf, -inf, nan])
add("infinities_scientific", [1e-9, inf, -inf, nan, 0.0])

# Empty.
for shape in [(0,), (0, 3), (3, 0), (2, 0, 4), (1, 0)]:
    add("empty_" + "x".join(map(str, shape)), [], shape=shape)
add("empty_leaf", [], grad=True)
add("empty_matrix_node", [], shape=(0, 3), via=clone)
add("empty_single", [], single=True)
add("empty_matrix_single_leaf", [], shape=(2, 0), single=True, grad=True)
add("empty_all_suffixes_wrap", [], shape=(0, 123456, 12345678, 12345678), single=True, via=function_with_a_long_name)

# Shapes and line breaks.
for shape in [(1,), (1, 1), (3, 1), (1, 3), (2, 2, 2), (1, 1, 1, 1), (2, 1, 2, 3), (2, 1, 1, 2, 1, 2)]:
    count = math.prod(shape)
    add("shape_" + "x".join(map(str, shape)), numbers(count), shape=shape)
    add("shape_integral_" + "x".join(map(str, shape)), [float(i) for i in range(count)], shape=shape, via=clone)
add("wraps_integral", [float(i) for i in range(50)])
add("wraps_fixed", numbers(20))
add("wraps_fixed_exactly", numbers(9, 0.1, 0.9))
add("wraps_rows", numbers(24), shape=(2, 12), grad=True)
add("wraps_deep_rows", numbers(48), shape=(2, 2, 1, 12), via=clone)
add("wraps_scientific", [10.0 ** i for i in range(-6, 10)], via=clone)

def row(length):
    """Values that print as "1., 1., nan" of that length; the nans, being wider than the ones, set it to the column."""
    ones, nans = divmod(length + 2, 4)
    return [1.0] * (ones - nans) + [nan] * nans


def function_named(length):
    """A function whose suffix grad_fn=<...> has that length."""
    name = "F" * (length - len("grad_fn=<Backward>"))
    members = {"forward": staticmethod(lambda ctx, x: x.clone()), "backward": staticmethod(lambda ctx, g: g)}
    return type(name, (torch.autograd.Function,), members).apply


# Where a suffix still fits: last lines of every length about the limit, of one and of two rows.
for name, suffix, options in [("leaf", len("requires_grad=True"), {"grad": True}),
                              ("node", len("grad_fn=<CloneBackward0>"), {"via": clone})]:
    for spare in range(0, 7):
        for rows in (1, 2):
            values = row(80 - suffix - spare - len("tensor(") - 2 * rows)
            add(f"suffix_{name}_{rows}_rows_{spare}_spare", values if rows == 1 else [values] * rows, **options)
for spare in range(-1, 4):
    # After "tensor(1.2500, dtype=torch.float32" and after "       dtype=torch.float32" on a line of its own.
    add(f"second_suffix_same_line_{spare + 1}", 1.25, single=True, via=function_named(80 - 34 - 2 - spare))
    add(f"second_suffix_next_line_{spare + 1}", row(60), single=True, via=function_named(80 - 26 - 2 - spare))
    # After "tensor([], size=(0, 3), dtype=torch.float32".
    add(f"third_suffix_{spare + 1}", [], shape=(0, 3), single=True, via=function_named(80 - 43 - 2 - spare))
add("suffixes_all", numbers(3), single=True, via=clone)
add("suffixes_one_wraps", numbers(4), single=True, via=clone)
add("suffixes_both_wrap", numbers(7), single=True, via=clone)
add("suffix_long_name", numbers(5), via=function_with_a_long_name)
add("suffix_single_leaf", numbers(6), single=True, grad=True)

# Float values.
add("single_fixed", [0.1, 0.2, 1 / 3], single=True)
add("single_integral", [1.0, 16777216.0], single=True)
add("single_scientific", [1e-38, 3e38, 1e-45], single=True)
add("single_smallest", [1e-4, 0.5e-1], single=True)

# Summaries: more than 1000 values. Hidden values change neither notation nor width.
def ramp(count):
    return [float(i) for i in range(count)]


add("whole_1000", ramp(1000))
add("summary_1001", ramp(1001))
add("summary_hidden_values", [1.0] * 500 + [0.123456789e12] + [2.0] * 500, via=clone)
add("summary_7x144", ramp(1008), shape=(7, 144), grad=True)
add("summary_6x167", ramp(1002), shape=(6, 167))
add("summary_1001x1", ramp(1001), shape=(1001, 1), via=clone)
add("summary_1x1001", [i / 8 for i in ramp(1001)], shape=(1, 1001), grad=True)
add("summary_8x2x64", ramp(1024), shape=(8, 2, 64))
add("summary_7x7x3x7", [i % 50 - 25.0 for i in ramp(1029)], shape=(7, 7, 3, 7), via=clone)
add("summary_wraps", [(-10.0) ** (i % 7) / 3 for i in range(1001)], grad=True)
add("summary_wraps_rows", [(-10.0) ** (i % 7) / 3 for i in range(1002)], shape=(2, 501), single=True, via=clone)

# Random shapes, magnitudes and flags.
for i in range(48):
    shape = [rng.choice([1, 1, 2, 2, 3, 4, 7, 13]) for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3]))]
    spread = rng.choice([0, 1, 2, 3, 4, 8, 30])
    centre = rng.choice([-5, -3, 0, 0, 1, 4, 7])
    digits = rng.choice([0, 1, 3, 20])
    values = []
    for _ in range(math.prod(shape)):
        value = round(rng.uniform(-9.99, 9.99) * 10.0 ** (centre + rng.uniform(-spread, spread) / 2), digits)
        values.append(rng.choice([value] * 20 + [0.0, -0.0, nan, inf, -inf]))
    via = rng.choice([None, None, clone, function_with_a_long_name])
    add(f"random_{i}", values, shape=shape, grad=rng.choice([False, True]), via=via, single=rng.choice([False, False, True]))

cases.write()
