#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Holds what the compilers have to do for some programs under the numbers in gate.json, by counts and not by time.

usage: gate.py [--update]    --update writes today's counts into gate.json, to be committed with the reason for the change.

Two counts, of a program that is parsed and instantiated but not optimised:

- clang's: how many types and declarations there are in the end (-Xclang -print-stats). Every template instantiation adds to
  them. It repeats to the last digit.
- g++'s: MiB that its collector handed out (-ftime-report, the last number of TOTAL). This counts the evaluation of constant
  expressions too, in which the graphs are computed. It repeats to the MiB whatever the machine's load.

A program that the stated numbers give as null is known not to compile. Neither count depends on time, so the gate means the same on a busy machine. A count may be GROWTH above the stated one.
From 100 steps to 400 it may not grow faster than linearly, but for LINEAR.
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import programs

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include"
LIMITS = HERE / "gate.json"
GROWTH, LINEAR = 1.02, 1.1


def sources():
    return {
        "headers": programs.headers(programs.ARRAY),
        "W3": (HERE / "w3" / "ours.cpp").read_text(),
        "number, 100 steps": programs.with_steps(programs.NUMBER, 100),
        "number, 400 steps": programs.with_steps(programs.NUMBER, 400),
        "array, 100 steps": programs.with_steps(programs.ARRAY, 100),
        "number headers": programs.headers(programs.NUMBER),
        "10 statements": programs.with_statements(10),
    }


def run(command, source):
    with tempfile.TemporaryDirectory() as folder:
        # The same name in each run: a file's name is part of what is compiled.
        (pathlib.Path(folder) / "program.cpp").write_text(source)
        done = subprocess.run([*command, "-std=c++20", "-fsyntax-only", "-I", str(INCLUDE), "program.cpp"], cwd=folder,
                              capture_output=True, text=True, check=False)
    if done.returncode:
        first = next((line for line in done.stderr.splitlines() if "error" in line), "failed")
        print(f"gate.py: {command[0]}: {first[:200]}", file=sys.stderr)
        return None
    return done.stderr


def clang_count(clang, source):
    # As the CMake target does.
    text = run([clang, "-fconstexpr-steps=16777216", "-Xclang", "-print-stats"], source)
    if text is None:
        return None
    counts = re.findall(r"^\s*(\d+) (?:types|decls) total\.$", text, re.MULTILINE)
    if len(counts) != 2:
        sys.exit("gate.py: this clang does not print the statistics that are counted")
    return sum(int(c) for c in counts)


def gcc_count(gcc, source):
    text = run([gcc, "-ftime-report"], source)
    if text is None:
        return None
    match = re.search(r"^ TOTAL\s*:.*?(\d+)M\s*$", text, re.MULTILINE)
    if not match:
        sys.exit("gate.py: this g++ does not report the memory that is counted")
    return int(match[1])


def main():
    update = sys.argv[1:] == ["--update"]
    tools = {}
    if gcc := shutil.which("g++"):
        tools["g++"] = lambda source: gcc_count(gcc, source)
    if clang := shutil.which("clang++-16"):
        tools["clang"] = lambda source: clang_count(clang, source)
    limits = json.loads(LIMITS.read_text()) if LIMITS.exists() else {}
    found, failed = {}, []
    for name, source in sources().items():
        found[name] = {tool: count(source) for tool, count in tools.items()}
        for tool, count in found[name].items():
            is_stated = tool in limits.get(name, {})
            limit = limits.get(name, {}).get(tool)
            print(f"{name}, {tool}: {count or 'does not compile'}, stated {limit or ('does not compile' if is_stated else 'nothing')}")
            if update:
                continue
            if not is_stated:
                failed.append(f"{name}, {tool}: no number is stated")
            elif count is None and limit is not None:
                failed.append(f"{name}, {tool}: does not compile")
            elif count is not None and limit is not None and count > limit * GROWTH:
                failed.append(f"{name}, {tool}: {count} is more than {limit} by over {GROWTH - 1:.0%}")
    for tool in tools:
        base, short, long = (found[n][tool] for n in ("number headers", "number, 100 steps", "number, 400 steps"))
        if base and short and long and long - base > 4 * LINEAR * (short - base):
            failed.append(f"{tool}: 400 steps take {(long - base) / (short - base):.1f} times what 100 take")
    if update:
        LIMITS.write_text(json.dumps(found, indent=4) + "\n")
    for line in failed:
        print("gate.py:", line, file=sys.stderr)
    sys.exit(1 if failed else 0)


main()
