#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""How long formulas take to compile, by size and compiler, and W3 in one file beside the same with other libraries.

usage: measure.py [--quick] [DOCS]    Prints tables; with DOCS, also writes them into DOCS/performance.md.

Seconds are those of the processor, not of the clock; MiB the compiler's largest process.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import programs

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include"
BEGIN, END = "<!-- compile time: begin -->", "<!-- compile time: end -->"
FLAGS = ["-std=c++20", "-O3", "-march=native", "-c"]
# What W3 may take, and 100 steps above the headers.
W3_SECONDS, W3_MEBIBYTES, STEPS_SECONDS = 2.7, 315, 1.5
LIMIT_SECONDS = 120


def compilers():
    clang = shutil.which("clang++-16") or shutil.which("clang++")
    return {name: path for name, path in (("g++", shutil.which("g++")), ("clang", clang)) if path}


def compile_once(compiler, source, flags=()):
    """(seconds, MiB, KiB of object file), or None if it fails or takes too long."""
    with tempfile.TemporaryDirectory() as folder:
        path, out = pathlib.Path(folder) / "program.cpp", pathlib.Path(folder) / "program.o"
        path.write_text(source)
        command = [compiler, *FLAGS, "-I", str(INCLUDE), *flags, str(path), "-o", str(out)]
        process = subprocess.Popen(["timeout", str(LIMIT_SECONDS), *command], stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = status
        if status:
            return None
        return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, out.stat().st_size / 1024


def best_of(repetitions, *arguments):
    runs = [r for _ in range(repetitions) if (r := compile_once(*arguments))]
    return min(runs) if runs else None


def cells(found):
    return ["–"] * 3 if found is None else [f"{found[0]:.2f}", f"{found[1]:.0f}", f"{found[2]:.0f}"]


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(r) + " |" for r in rows]) + "\n"


def series(repetitions, quick):
    sizes = {
        "steps": (programs.with_steps, [20, 100] if quick else [10, 50, 100, 200, 400]),
        "nesting": (programs.with_nesting, [20] if quick else [10, 50, 100]),
        "sharing": (programs.with_sharing, [8] if quick else [8, 16, 20]),
    }
    rows, above = [], {}
    for kind, argument in (("number", programs.NUMBER), ("array", programs.ARRAY)):
        alone = {name: best_of(repetitions, path, programs.headers(argument)) for name, path in compilers().items()}
        rows.append([kind, "headers", ""] + [c for found in alone.values() for c in cells(found)])
        for name, (write, each) in sizes.items():
            for size in each:
                found = {c: best_of(repetitions, path, write(argument, size)) for c, path in compilers().items()}
                rows.append([kind, name, str(size)] + [c for f in found.values() for c in cells(f)])
                if name == "steps" and size == 100 and found.get("g++") and alone.get("g++"):
                    above[kind] = found["g++"][0] - alone["g++"][0]
    head = ["of", "series", "size"] + [f"{c}: {unit}" for c in compilers() for unit in ("s", "MiB", "KiB object")]
    text = table(head, rows)
    for kind, seconds in above.items():
        text += f"\n100 steps on {kind}s, above the headers: {seconds:.2f} s, at most {STEPS_SECONDS}: "
        text += "yes.\n" if seconds <= STEPS_SECONDS else "**no**.\n"
    return text


def one_file(repetitions):
    includes = {
        "torch": ["-I/usr/include/torch/csrc/api/include"],
        "sacado": ["-I/usr/include/trilinos"],
        "eigen": ["-I/usr/include/eigen3"],
    }
    names = {"hand": "a loop, no library", "xtensor": "xtensor alone, gradient written out", "ours": "ours",
             "eigen": "Eigen's AutoDiffScalar", "sacado": "Sacado", "torch": "libtorch"}
    rows, ours = [], None
    for name, title in names.items():
        found = best_of(repetitions, compilers()["g++"], (HERE / "w3" / f"{name}.cpp").read_text(), includes.get(name, []))
        ours = found if name == "ours" else ours
        rows.append([title] + cells(found))
    text = table(["W3 in one file, g++", "s", "MiB", "KiB object"], rows)
    if ours:
        holds = ours[0] <= W3_SECONDS and ours[1] <= W3_MEBIBYTES
        text += f"\nOurs at most {W3_SECONDS} s and {W3_MEBIBYTES} MiB: {'yes' if holds else '**no**'}.\n"
    return text


def main():
    arguments = [a for a in sys.argv[1:] if a != "--quick"]
    quick = "--quick" in sys.argv
    repetitions = 1 if quick else 3
    text = one_file(repetitions) + "\n" + series(repetitions, quick)
    print(text)
    if arguments:
        page = pathlib.Path(arguments[0]) / "performance.md"
        before, rest = page.read_text().split(BEGIN)
        page.write_text(before + BEGIN + "\n\n" + text + "\n" + END + rest.split(END)[1])


main()
