# SPDX-License-Identifier: BSD-3-Clause
"""What PyTorch says when it is used wrongly. Run it to write error_cases.txt beside it."""

import warnings

import torch

from case_file import CaseFile, escape, plain

DESCRIPTION = """
Keys: "code" the Python that provoked it, a text; "type" the exception's or warning's class; "text" its words, a text
(without "(Triggered internally ...)", which names the build)."""

torch.set_default_dtype(torch.float64)
cases = CaseFile(__file__, DESCRIPTION)

CASES = {
    # backward
    "backward_non_scalar": "x = torch.ones(2, 2, requires_grad=True)\n(x + 2).backward()",
    "backward_non_scalar_vector": "x = torch.ones(3, requires_grad=True)\n(x * 2).backward()",
    "backward_empty": "x = torch.ones(0, requires_grad=True)\n(x * 2).backward()",
    "grad_non_scalar": "x = torch.ones(3, requires_grad=True)\ntorch.autograd.grad(x * 2, x)",
    "backward_seed_shape": "x = torch.ones(2, 2, requires_grad=True)\n(x + 2).backward(torch.ones(2))",
    "backward_seed_shape_scalar": "x = torch.ones(2, 2, requires_grad=True)\n(x + 2).backward(torch.tensor(1.0))",
    "backward_seed_for_scalar": "x = torch.ones(2, 2, requires_grad=True)\n(x + 2).sum().backward(torch.ones(2))",
    "backward_seed_one_element": "x = torch.ones(2, 2, requires_grad=True)\n(x + 2).sum().backward(torch.ones(1))",
    "backward_no_requires_grad": "x = torch.ones(2)\nx.sum().backward()",
    "backward_no_requires_grad_leaf": "x = torch.tensor(1.0)\nx.backward()",
    "backward_detached": "x = torch.ones(2, requires_grad=True)\nx.sum().detach().backward()",
    "backward_no_grad": "x = torch.ones(2, requires_grad=True)\nwith torch.no_grad():\n    y = x.sum()\ny.backward()",
    "backward_twice": "x = torch.ones(2, requires_grad=True)\ny = (x * x).sum()\ny.backward()\ny.backward()",
    "grad_twice": "x = torch.ones(2, requires_grad=True)\ny = (x * x).sum()\ntorch.autograd.grad(y, x)\ntorch.autograd.grad(y, x)",
    "grad_of_constant": "x = torch.ones(2)\ny = torch.ones(2, requires_grad=True)\ntorch.autograd.grad(y.sum(), x)",
    "grad_unused": "x = torch.ones(2, requires_grad=True)\ny = torch.ones(2, requires_grad=True)\ntorch.autograd.grad(y.sum(), x)",
    "grad_of_gradient_without_graph": "x = torch.ones(2, requires_grad=True)\n(g,) = torch.autograd.grad((x * x).sum(), x)\n"
                                      "torch.autograd.grad(g.sum(), x)",
    # changes in place
    "modified_leaf": "x = torch.ones(2, requires_grad=True)\ny = (x * x).sum()\nwith torch.no_grad():\n    x.mul_(2)\ny.backward()",
    "modified_leaf_twice": "x = torch.ones(2, 3, requires_grad=True)\ny = (x * x).sum()\nwith torch.no_grad():\n    x.mul_(2)\n"
                           "    x.add_(1)\ny.backward()",
    "modified_constant": "x = torch.ones(2, requires_grad=True)\nc = torch.ones(2)\ny = (x * c).sum()\nc.add_(1)\ny.backward()",
    "modified_result": "x = torch.ones(2, requires_grad=True)\ny = x.exp()\ny.add_(1)\ny.sum().backward()",
    "modified_intermediate": "x = torch.ones(2, requires_grad=True)\ny = x + 1\nz = y * y\ny.add_(1)\nz.sum().backward()",
    "modified_scalar": "x = torch.tensor(2.0, requires_grad=True)\ny = x * x\nwith torch.no_grad():\n    x.mul_(2)\ny.backward()",
    "modified_single_precision": "x = torch.ones(2, dtype=torch.float32, requires_grad=True)\ny = (x * x).sum()\n"
                                 "with torch.no_grad():\n    x.mul_(2)\ny.backward()",
    "in_place_on_leaf": "x = torch.ones(2, requires_grad=True)\nx.add_(1)",
    "in_place_on_view_of_leaf": "x = torch.ones(2, requires_grad=True)\nx[0] = 3.0",
    # flags
    "integer_leaf": "x = torch.tensor([1, 2], requires_grad=True)",
    "integer_requires_grad_": "x = torch.tensor([1, 2])\nx.requires_grad_()",
    "boolean_leaf": "x = torch.tensor([True], requires_grad=True)",
    "requires_grad_off_non_leaf": "x = torch.ones(2, requires_grad=True)\ny = x * 2\ny.requires_grad_(False)",
    "requires_grad_attribute_off_non_leaf": "x = torch.ones(2, requires_grad=True)\ny = x * 2\ny.requires_grad = False",
    "detach_view": "x = torch.ones(2, requires_grad=True)\ny = x.view(2)\ny.detach_()",
    "detach_slice": "x = torch.ones(2, requires_grad=True)\ny = (x * 2)[0:1]\ny.detach_()",
    "grad_of_non_leaf": "x = torch.ones(2, requires_grad=True)\ny = x * 2\ny.sum().backward()\ny.grad",
    "retain_grad_no_requires_grad": "x = torch.ones(2)\nx.retain_grad()",
    "hook_no_requires_grad": "x = torch.ones(2)\nx.register_hook(lambda g: g)",
    "hook_changes_shape": "x = torch.ones(2, requires_grad=True)\nx.register_hook(lambda g: g.sum().reshape(1, 1))\nx.sum().backward()",
    "numpy_of_requires_grad": "x = torch.ones(2, requires_grad=True)\nx.numpy()",
    "item_of_several": "x = torch.ones(2)\nx.item()",
    "item_of_empty": "x = torch.ones(0)\nx.item()",
    "bool_of_several": "x = torch.ones(2)\nbool(x)",
    # shapes
    "broadcast_3_2": "torch.ones(3) + torch.ones(2)",
    "broadcast_2x3_4x1x2": "torch.ones(2, 3) * torch.ones(4, 1, 2)",
    "broadcast_3x2_2x2": "torch.ones(3, 2) - torch.ones(2, 2)",
    "broadcast_two_mismatches": "torch.ones(2, 3) + torch.ones(4, 5)",
    "broadcast_0_2": "torch.ones(0) + torch.ones(2)",
    "broadcast_maximum": "torch.maximum(torch.ones(3), torch.ones(2))",
    "broadcast_pow": "torch.ones(3) ** torch.ones(2)",
    "broadcast_where": "torch.where(torch.ones(3) > 0, torch.ones(2), torch.tensor(0.0))",
    "dot_sizes": "torch.dot(torch.ones(3), torch.ones(2))",
    "dot_ranks": "torch.dot(torch.ones(3, 1), torch.ones(3))",
    "dot_scalar": "torch.dot(torch.tensor(1.0), torch.ones(3))",
    "matmul_1d_1d": "torch.ones(3) @ torch.ones(2)",
    "matmul_2d_1d": "torch.ones(2, 3) @ torch.ones(2)",
    "matmul_1d_2d": "torch.ones(2) @ torch.ones(3, 2)",
    "matmul_2d_2d": "torch.ones(2, 3) @ torch.ones(2, 3)",
    "matmul_scalar_left": "torch.tensor(1.0) @ torch.ones(3)",
    "matmul_scalar_right": "torch.ones(2, 3) @ torch.tensor(1.0)",
    "reshape_size": "torch.ones(2, 3).reshape(4, 2)",
    "reshape_one_axis": "torch.ones(2, 3).reshape(5)",
    "reshape_scalar": "torch.ones(2, 3).reshape(())",
    "reshape_inferred": "torch.ones(2, 3).reshape(4, -1)",
    "reshape_two_inferred": "torch.ones(2, 3).reshape(-1, -1)",
    "reshape_negative": "torch.ones(2, 3).reshape(-2, 3)",
    "reshape_inferred_empty": "torch.ones(0, 3).reshape(0, -1)",
    "transpose_count": "torch.ones(2, 3).permute(0)",
    "transpose_repeated": "torch.ones(2, 3).permute(0, 0)",
    "transpose_range": "torch.ones(2, 3).permute(0, 2)",
    "view_index": "torch.ones(5)[5]",
    "view_index_negative": "torch.ones(5)[-6]",
    "view_index_second_axis": "torch.ones(3, 4)[1, 4]",
    "view_index_of_empty": "torch.ones(0)[0]",
    "view_too_many": "torch.ones(5)[0, 0]",
    "view_of_scalar": "torch.tensor(1.0)[0]",
    "view_step_negative": "torch.ones(5)[4:0:-1]",
    "view_step_zero": "torch.ones(5)[0:4:0]",
    "sum_axis": "torch.ones(2, 3).sum(2)",
    "sum_axis_negative": "torch.ones(2, 3).sum(-3)",
    "sum_axis_of_scalar": "torch.tensor(1.0).sum(1)",
    "sum_axis_repeated": "torch.ones(2, 3).sum((0, 0))",
    "sum_axis_repeated_negative": "torch.ones(2, 3).sum((1, -1))",
    "mean_axis": "torch.ones(2, 3).mean(2)",
    "amax_axis": "torch.amax(torch.ones(2, 3), (2,))",
    "amax_axis_repeated": "torch.amax(torch.ones(2, 3), (0, 0))",
    "amax_empty": "torch.amax(torch.ones(0), ())",
    "amax_empty_axis": "torch.amax(torch.ones(0, 3), (0,))",
    "norm_l2_axis": "torch.linalg.vector_norm(torch.ones(2, 3), 2, (2,))",
    "gradient_assigned_shape": "x = torch.ones(2, requires_grad=True)\nx.grad = torch.ones(3)",
}

for name, code in CASES.items():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            exec(code, {"torch": torch})
        except Exception as error:  # every kind is of interest
            cases.case(name, ("code", escape(code)), ("type", type(error).__name__), ("text", escape(plain(str(error)))))
        else:
            print(f"PyTorch accepts {name}")

cases.write()
