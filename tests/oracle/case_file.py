# SPDX-License-Identifier: BSD-3-Clause
"""Writes the plain-text case files that tests/oracle/cases.hpp reads."""

import math
import pathlib
import re

FORMAT = """\
A case is a line "case NAME", then lines "KEY REST"; it ends at the next "case" or the end of the file.
Empty lines, and lines that begin with #, are comments. KEYs may repeat; their order has a meaning then.
An array is RANK EXTENT... VALUE..., row major: "2 1 3 0.5 1.0 nan" is [[0.5, 1, nan]], "0 7.0" the scalar 7.
A value is the shortest text that reads back as the same double, or inf, -inf, nan.
A text is the rest of its line, in which \\n stands for a new line and \\\\ for one backslash."""


def number(value):
    value = float(value)
    return "nan" if math.isnan(value) else repr(value)


def array(tensor):
    """The text of a tensor's shape and values."""
    tensor = tensor.detach().double().clone()  # the zeros of some second derivatives have no memory before
    words = [str(tensor.dim())] + [str(n) for n in tensor.shape]
    return " ".join(words + [number(v) for v in tensor.reshape(-1).tolist()])


def escape(text):
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def plain(text):
    """Without the addresses, build paths and class spellings that differ from run to run and machine to machine."""
    text = re.sub(r" object at 0x[0-9a-f]+", "", text)
    return re.sub(r" \(Triggered internally.*", "", text, flags=re.S)


class CaseFile:
    def __init__(self, script, description):
        self.path = pathlib.Path(script).with_suffix(".txt")
        name = pathlib.Path(script).name
        head = f"Written by tests/oracle/{name}, which says what is in it, with PyTorch 1.13. Do not edit.\n"
        self.lines = ["# " + line for line in (head + description.strip() + "\n" + FORMAT).splitlines()]
        self.names = set()

    def case(self, name, *fields):
        assert name not in self.names and " " not in name, name
        self.names.add(name)
        self.lines += ["", f"case {name}"] + [f"{key} {rest}".rstrip() for key, rest in fields]

    def write(self):
        self.path.write_text("\n".join(self.lines) + "\n")
        print(f"{self.path.name}: {len(self.names)} cases")
