# SPDX-License-Identifier: BSD-3-Clause
"""The autograd tutorials in PyTorch, as interactive sessions. Run it to write tutorials.txt beside it."""

import ast
import contextlib
import io
import pathlib
import warnings

import torch

from case_file import plain

TUTORIALS = {
    "1. A first gradient": """
a = torch.ones(2, 2, requires_grad=True)
a
print(a.data)
print(a.grad)
print(a.grad_fn)
b = a + 2
print(b)
print(b.grad_fn)
c = b ** 2
print(c)
print(c.grad_fn)
out = c.sum()
print(out)
print(out.grad_fn)
out.backward()
print(a.grad)
print(b.grad, c.grad, out.grad)
print(a.grad_fn)
""",
    "2. The seed of a vector": """
x = torch.ones(3, requires_grad=True)
y = x ** 2
z = y * 3
print(x, y, z)
z.backward(torch.tensor([0.1, 1.0, 10.0]))
x.grad
""",
    "3. A mean": """
x = torch.ones(2, 2, requires_grad=True)
y = x + 2
print(y)
z = y * y * 3
out = z.mean()
print(z, out)
print(out.grad_fn)
out.backward()
print(x.grad)
x.grad = None
out = (y * y * 3).mean()
out.backward(torch.tensor(1.0))
print(x.grad)
""",
    "4. A loop that depends on data": """
def double_until_long(x):
    y = x * 2
    doublings = 0
    while y.data.norm() < 1000:
        y = y * 2
        doublings += 1
    return y, doublings

x = torch.tensor([-132.2659, 457.3291, -950.7308]) / 1024
x.requires_grad_()
y, doublings = double_until_long(x)
print(doublings)
print(y)
v = torch.tensor([0.1, 1.0, 0.0001])
y.backward(v)
print(x.grad)
x.grad.tolist()
x = torch.tensor([-1154.3105, 195.3638, -919.3580]) / 512
x.requires_grad_()
y, doublings = double_until_long(x)
print(doublings)
print(y)
y.backward(v)
print(x.grad)
generator = torch.Generator().manual_seed(3)
x = torch.randn(3, generator=generator, requires_grad=True)
y, doublings = double_until_long(x)
y.backward(v)
print(torch.equal(x.grad, v * 2 ** (doublings + 1)))
""",
    "5. One element, and the graph of functions": """
x = torch.tensor([3.0], requires_grad=True)
y = x ** 3 + 3
print(y)
print(y.grad_fn)
print(y.grad_fn.next_functions)
power = y.grad_fn.next_functions[0][0]
print(power.next_functions)
leaf = power.next_functions[0][0]
print(leaf.next_functions)
print(leaf.name(), power.name(), y.grad_fn.name())
y.backward()
print(x.grad)
z = torch.tensor([5.0])
print(z.requires_grad)
x.grad.zero_()
print(x.grad)
""",
    "6. An operand without a gradient": """
x1 = torch.ones(2, requires_grad=True)
x2 = torch.ones(2)
y = x1 * 2 + x2
print(y)
print(x1.requires_grad, x2.requires_grad, y.requires_grad)
y.backward(torch.tensor([1.0, 1.0]))
print(x1.grad)
print(x2.grad)
""",
    "7. Inner values, and detaching": """
x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
x1 = x + 2
x2 = x - 2
print(x1, x2)
x3 = x1 * x2
print(x3)
y = x3.sum()
print(y)
y.backward()
print(x.grad)
print(x3.grad)
print(x.is_leaf, x3.is_leaf)
d = x1.detach()
print(d)
print(d.requires_grad, d.is_leaf, d.grad_fn)
print(x1.requires_grad)
x1.detach_()
print(x1)
print(x1.requires_grad, x1.is_leaf, x1.grad_fn)
x3 = x1 * (x - 2)
x3.sum().backward()
print(x.grad)
x.view(4).detach_()
""",
    "8. A chain": """
x = torch.ones(2, 2, requires_grad=True)
y = x ** 2
z = y * 3
w = z ** 3
print(w)
out = w.sum()
print(out)
out.backward()
print(x.grad)
""",
    "9. What is recorded": """
a = torch.randn(2, 2, generator=torch.Generator().manual_seed(1))
a = (a * 3) / (a - 1)
print(a.requires_grad)
a.requires_grad_(True)
print(a.requires_grad)
b = (a * a).sum()
print(b.grad_fn)
x = torch.ones(2, 2, requires_grad=True)
print(x.requires_grad)
print((x ** 2).requires_grad)
with torch.no_grad():
    print((x ** 2).requires_grad)

print(x.sum())
print(x.sqrt())
print(x ** 2)
print(x.sum().grad_fn, x.sqrt().grad_fn, (x ** 2).grad_fn)
""",
    "10. Errors": """
x = torch.ones(3, requires_grad=True)
(x * 2).backward()
x + torch.ones(2)
y = (x * x).sum()
y.backward()
y.backward()
torch.ones(3).sum().backward()
torch.tensor([1, 2], requires_grad=True)
y = (x * x).sum()
with torch.no_grad():
    x.mul_(2)

y.backward()
""",
}

HEAD = """\
# Written by tests/oracle/tutorials.py with PyTorch 1.13 and float64 as its default dtype. Do not edit.
# A line "== TITLE" begins a session. Lines ">>> " and "... " are what was typed, all others, up to the empty line that
# ends the session, what PyTorch printed, exactly, but for the addresses in <AddBackward0 object at 0x...>, left out.
"""


def session(source):
    """What an interactive interpreter would show."""
    scope = {"torch": torch}
    shown = []
    for statement in ast.parse(source).body:
        typed = ast.get_source_segment(source, statement).splitlines()
        shown += [("... " if i else ">>> ") + line for i, line in enumerate(typed)]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            try:
                exec(compile(ast.Interactive([statement]), "session", "single"), scope)
            except Exception as error:  # shown as the interpreter does, without the traceback
                print(f"{type(error).__name__}: {error}")
        shown += plain(printed.getvalue()).splitlines()
    return shown


torch.set_default_dtype(torch.float64)
warnings.simplefilter("ignore")  # reading .grad of an inner value warns; error_cases.txt has the text
lines = [HEAD]
for title, source in TUTORIALS.items():
    lines += [f"== {title}", *session(source), ""]
path = pathlib.Path(__file__).with_suffix(".txt")
path.write_text("\n".join(lines))
print(f"{path.name}: {len(TUTORIALS)} sessions")
