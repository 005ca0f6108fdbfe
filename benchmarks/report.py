#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""From the benchmarks' results to docs/performance.md: tables between its two markers, and plots (with matplotlib).

usage: report.py RESULTS DOCS    RESULTS holds one JSON file per program, as `./dev bench` leaves them in build/.

A program's rows are named workload/size/contender. All ratios are of medians of CPU times within one program, to the best
contender there whose name begins with "hand".
"""

import json
import math
import pathlib
import platform
import re
import statistics
import subprocess
import sys

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"

# What is to hold, by row. A number is the largest ratio; a pair, the largest ratio to that contender by hand.
RATIOS = {
    "W1_calls/100000": 1.05,
    "W1/1000000": 1.15,
    "W2/1000": 1.05,
    "W2/100000": 1.05,
    "W2/10000000": 1.05,
    "W3/1000": 1.15,
    "W3/100000": 1.15,
    "W3/1000000": 1.15,
    "W4/10000x100": 1.15,
    "W5/256": 1.10,
    "W6/1000000": (1.2, "hand_tape"),
    "doublings/1000000": 1.1,
    "W8/1000": 1.15,
    "W8/100000": 1.15,
    "W8/4000000": 1.15,
    "normal/2000x200": 1.15,
    "softmax/256x10": 1.15,
    "softmax/2000x1000": 1.15,
    "quadratic/50": 1.10,
    "quadratic/500": 1.10,
    "log_density/50": 1.10,
    "log_density/500": 1.10,
}
# Rows of 8 elements: nanoseconds above the loop by hand.
OVERHEAD = 30
SMALL = ["W1/8", "W2/8", "W3/8", "W4/4x2", "W8/8", "normal/4x2", "softmax/4x2", "quadratic/8", "log_density/8"]
# Half the bytes: how much faster float is to be than double.
FLOAT = 1.7
# The tutorial's loop: how much faster than libtorch.
FASTER_THAN_TORCH = 10
# A recorded statement on three elements: nanoseconds above the loop by hand, by row.
STATEMENT = {"statements/1000": 150}
# Two threads: how much faster than one, by row.
THREADS = {"W3_threads/1000000": 1.7}
# Peak memory: above the loop by hand.
MEMORY = 1.05

WHAT = {
    "W1_calls": "Black–Scholes and 5 sensitivities, one call at a time",
    "W1": "Black–Scholes and 5 sensitivities, over arrays",
    "W2": "mean((x w - y)² + 0.1 w²)",
    "W2_float": "W2 in float",
    "W3": "sum(log1p(exp(-y s))) + ½ sum(s²)",
    "W3_float": "W3 in float",
    "W3_threads": "W3 in several threads",
    "W4": "logistic regression",
    "W5": "tanh perceptron 64 → 128 → 10",
    "W6": "s = sin(s) 1.0001 + 0.5 s x, recorded",
    "W7": "the tutorial's doubling, recorded",
    "statements": "y = y c on 3 elements, recorded",
    "statements_and_back": "the same and back",
    "doublings": "10 doublings of an array, recorded",
    "chain": "50 statements of 4 operations, recorded",
    "W8": "Rosenbrock through two views",
    "normal": "broadcast normal likelihood",
    "softmax": "softmax cross-entropy over rows",
    "quadratic": "xᵀAx - bᵀx",
    "log_density": "normal log-density",
}
PEERS = ["torch", "sacado", "adolc", "eigen", "ceres"]
PACKAGES = ["g++-12", "libc6", "libxtensor-dev", "libxsimd-dev", "libopenblas0-pthread", "libsleef3", "libtorch-dev",
            "libtrilinos-sacado-dev", "libadolc-dev", "libeigen3-dev", "libceres-dev"]


class Results:
    """times[row][program][contender] in ns, the same for other counters, and the context of one of the programs."""

    def __init__(self, folder):
        samples, self.allocations, self.mebibytes, self.context = {}, {}, {}, {}
        for path in sorted(folder.glob("*.json")):
            document = json.loads(path.read_text())
            self.context = self.context or document["context"]
            for run in document["benchmarks"]:
                if run["run_type"] != "iteration":
                    continue
                name, by_wall_clock = re.subn(r"/real_time$", "", run["run_name"])
                row, contender = re.sub(r"/(iterations|repeats):\d+", "", name).rsplit("/", 1)
                key = (row, path.stem, contender)
                if "mebibytes" in run:
                    self.mebibytes.setdefault(row, {})[contender] = run["mebibytes"]
                    continue
                time = run["real_time" if by_wall_clock else "cpu_time"]
                samples.setdefault(key, []).append(time * {"ns": 1, "us": 1e3, "ms": 1e6}[run["time_unit"]])
                self.allocations[row, contender] = int(run["allocations"])
        self.repetitions = max((len(s) for s in samples.values()), default=0)
        self.times = {}
        for (row, program, contender), s in samples.items():
            self.times.setdefault(row, {}).setdefault(program, {})[contender] = statistics.median(s)

    def program_of(self, row, contender):
        return next((t for t in self.times.get(row, {}).values() if contender in t), None)

    def ratio(self, row, contender, to=None):
        """Of the contender's time to the best (or a named) one by hand in the same program; None if it was not run."""
        times = self.program_of(row, contender)
        if not times:
            return None
        by_hand = [t for name, t in times.items() if (name == to if to else name.startswith("hand"))]
        return times[contender] / min(by_hand) if by_hand else None

    def best_by_hand(self, row):
        times = self.program_of(row, "ours") or next(iter(self.times[row].values()))
        return min((t, name) for name, t in times.items() if name.startswith("hand"))


def duration(ns):
    for unit, scale in (("ns", 1), ("µs", 1e3), ("ms", 1e6)):
        if ns < 1000 * scale:
            return f"{ns / scale:.3g} {unit}"
    return f"{ns / 1e9:.3g} s"


def number(ratio):
    return "–" if ratio is None else f"{ratio:.2f}" if ratio < 10 else f"{ratio:.0f}"


def verdict(holds):
    return "yes" if holds else "**no**"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(r) + " |" for r in rows]) + "\n"


def order(row):
    """By workload in the order of WHAT, then by size."""
    workload, size = row.split("/", 1)
    return list(WHAT).index(workload), math.prod(int(n) for n in re.findall(r"\d+", size))


def goals(results):
    rows, held = [], 0
    for row, goal in RATIOS.items():
        if row not in results.times:
            continue
        limit, reference = goal if isinstance(goal, tuple) else (goal, None)
        ratio = results.ratio(row, "ours", reference)
        time, name = results.best_by_hand(row)
        if reference:
            name, time = reference, results.program_of(row, "ours")[reference]
        ours = results.program_of(row, "ours")
        peers = sorted((r, p) for p in PEERS if (r := results.ratio(row, p)) is not None)
        holds = ratio is not None and ratio <= limit
        held += holds
        workload, size = row.split("/", 1)
        rows.append([WHAT[workload], size, f"{duration(time)} ({name})", duration(ours["ours"]) if ours else "–",
                     number(ratio), f"{limit:.2f}", verdict(holds),
                     f"{number(peers[0][0])} {peers[0][1]}" if peers else "–",
                     str(results.allocations.get((row, "ours"), "–"))])
    text = (f"Value and full gradient; {held} of {len(rows)} rows hold.\n\n"
            + table(["workload", "size", "by hand", "ours", "ratio", "at most", "holds", "best peer",
                     "allocations per call"], rows))
    if both := results.ratio("W4/10000x100", "ours", "hand_gemv"):
        text += f"\nLogistic regression to two calls of gemv: {number(both)}, at most 1.00: {verdict(both <= 1)}.\n"
    ours, torch = results.ratio("W7/3", "ours"), results.ratio("W7/3", "torch")
    if ours and torch:
        text += (f"\nThe tutorial's loop is {torch / ours:.3g} times as fast as libtorch's, at least "
                 f"{FASTER_THAN_TORCH}: {verdict(torch / ours >= FASTER_THAN_TORCH)}.\n")
    return text


def small(results):
    rows = []
    for row in SMALL:
        times = results.program_of(row, "ours")
        if times:
            by_hand, _ = results.best_by_hand(row)
            above = times["ours"] - by_hand
            workload, size = row.split("/", 1)
            rows.append([WHAT[workload], size, duration(by_hand), duration(times["ours"]), f"{above:.0f} ns",
                         f"{OVERHEAD} ns", verdict(above <= OVERHEAD)])
    return table(["8 elements", "size", "by hand", "ours", "above", "at most", "holds"], rows)


def floats(results):
    rows = []
    for row in sorted((r for r in results.times if "_float/" in r), key=order):
        single, double = results.program_of(row, "ours"), results.program_of(row.replace("_float", ""), "ours")
        if single and double:
            gain = double["ours"] / single["ours"]
            by_hand = double["hand"] / single["hand"]
            rows.append([row.replace("_float", ""), f"{gain:.2f}", f"{by_hand:.2f}", f"{FLOAT}", verdict(gain >= FLOAT)])
    return table(["float faster than double", "ours", "by hand", "at least", "holds"], rows)


def threads(results):
    rows = []
    for row in sorted((r for r in results.times if "_threads/" in r), key=order):
        times = results.program_of(row, "two")
        gain, least = times["one"] / times["two"], THREADS.get(row)
        rows.append([row, duration(times["one"]), duration(times["two"]), f"{gain:.2f}", f"{least or '–'}",
                     "–" if least is None else verdict(gain >= least)])
    return table(["several threads (oneTBB)", "one", "two", "faster", "at least", "holds"], rows)


def statements(results):
    rows = []
    for row in sorted((r for r in results.times if r.startswith("statements")), key=order):
        if times := results.program_of(row, "ours"):
            workload, count = row.split("/", 1)
            above, most = (times["ours"] - times["hand"]) / int(count), STATEMENT.get(row)
            rows.append([WHAT[workload], f"{above:.0f} ns", f"{most} ns" if most else "–",
                         verdict(above <= most) if most else "–"])
    return table(["a statement", "above by hand", "at most", "holds"], rows)


def memory(results):
    rows = []
    for row, by in results.mebibytes.items():
        ratio = by["ours"] / by["hand"] if "ours" in by else None
        rows.append([row, f"{by['hand']:.0f} MiB" if "hand" in by else "–", f"{by.get('ours', math.nan):.0f} MiB",
                     number(ratio), f"{MEMORY:.2f}", verdict(ratio is not None and ratio <= MEMORY),
                     f"{by['torch']:.0f} MiB" if "torch" in by else "–"])
    return table(["peak memory", "by hand", "ours", "ratio", "at most", "holds", "libtorch"], rows)


def peers(results):
    present = [p for p in PEERS if any(results.ratio(r, p) for r in results.times)]
    rows = [[WHAT[r.split("/", 1)[0]], r.split("/", 1)[1], number(results.ratio(r, "ours"))]
            + [number(results.ratio(r, p)) for p in present]
            for r in sorted(results.times, key=order) if any(results.ratio(r, p) for p in present)]
    ahead = [f"{p} in {WHAT[r.split('/', 1)[0]]}, {r.split('/', 1)[1]} ({number(theirs)} to {number(ours)})"
             for r in sorted(results.times, key=order) for p in present
             if (theirs := results.ratio(r, p)) and (ours := results.ratio(r, "ours")) and theirs < ours]
    text = table(["ratio to the best by hand", "size", "ours"] + present, rows)
    return text + ("\nAhead of ours: " + "; ".join(ahead) + ".\n" if ahead else "\nNo peer is ahead of ours.\n")


def output_of(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def machine(results):
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.processor()) if platform.system() == "Linux" else ""
    context = results.context
    caches = ", ".join(f"L{c['level']} {c['type'].lower()} {c['size'] // 1024} KiB" for c in context.get("caches", []))
    versions = ", ".join(f"{p} {v}" for p in PACKAGES
                         if (v := output_of("dpkg-query", "-W", "-f", "${Version}", p)))
    return (f"{model}, {context['num_cpus']} processors, {caches}. {context.get('compiler', '')}, "
            f"`{context.get('flags', '').strip()}`; one thread; median of {results.repetitions} interleaved repetitions; "
            f"load average {context['load_avg'][0]:.1f} at the start; {context['date'][:10]}, "
            f"commit {output_of('git', 'rev-parse', '--short', 'HEAD') or '?'}.\n\n{versions}.\n")


def plots(results, folder):
    """One picture of all rows, and one of ratio by size. Returns their names; none without matplotlib."""
    try:
        import matplotlib
    except ImportError:
        print("report.py: matplotlib is not there; the plots are left as they are", file=sys.stderr)
        return
    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "xautodiff", "font.size": 8})
    folder.mkdir(parents=True, exist_ok=True)
    style = {"ours": ("#d62728", "o"), "torch": ("#ff7f0e", "s"), "sacado": ("#1f77b4", "^"), "adolc": ("#9467bd", "v"),
             "eigen": ("#2ca02c", "D"), "ceres": ("#8c564b", "P")}

    rows = sorted((r for r in results.times if results.ratio(r, "ours") or results.ratio(r, "torch")), key=order)
    figure, axes = plt.subplots(figsize=(7.5, 0.2 * len(rows) + 1), layout="constrained")
    for name, (colour, marker) in style.items():
        points = [(results.ratio(r, name), -i) for i, r in enumerate(rows) if results.ratio(r, name)]
        if points:
            axes.plot(*zip(*points), marker, color=colour, label=name, markersize=6 if name == "ours" else 4)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set(xscale="log", yticks=[-i for i in range(len(rows))], xlabel="time, to the best written by hand")
    axes.set_yticklabels(rows)
    axes.grid(axis="x", alpha=0.4)
    axes.legend()
    figure.savefig(folder / "ratios.svg", metadata={"Date": None})

    by_size = ["W2", "W3", "W8"]
    figure, all_axes = plt.subplots(1, len(by_size), figsize=(7.5, 2.8), sharey=True, layout="constrained")
    for workload, axes in zip(by_size, all_axes):
        rows = sorted((r for r in results.times if r.startswith(workload + "/")), key=order)
        for name, (colour, marker) in style.items():
            points = [(int(r.split("/")[1]), results.ratio(r, name)) for r in rows if results.ratio(r, name)]
            if points:
                axes.plot(*zip(*points), marker + "-", color=colour, label=name, markersize=4)
        axes.axhline(1, color="black", linewidth=0.8)
        axes.set(xscale="log", yscale="log", xlabel="elements", title=WHAT[workload])
        axes.title.set_fontsize(7)
        axes.grid(alpha=0.4)
    all_axes[0].set_ylabel("time, to the best by hand")
    all_axes[0].legend(fontsize=6)
    figure.savefig(folder / "by_size.svg", metadata={"Date": None})


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    results = Results(pathlib.Path(sys.argv[1]))
    if not results.times:
        sys.exit(f"report.py: no results in {sys.argv[1]}")
    docs = pathlib.Path(sys.argv[2])
    page = docs / "performance.md"
    text = page.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        sys.exit(f"report.py: {page} must have one line '{BEGIN}' and one '{END}'")
    plots(results, docs / "performance")
    parts = [machine(results), goals(results), small(results)]
    parts += [floats(results)] if any("_float/" in r for r in results.times) else []
    parts += [statements(results)] if any(r.startswith("statements") for r in results.times) else []
    parts += [threads(results)] if any("_threads/" in r for r in results.times) else []
    parts += [memory(results)] if results.mebibytes else []
    parts += ["![Every row](performance/ratios.svg)\n\n![Ratio by size](performance/by_size.svg)\n", peers(results)]
    before, rest = text.split(BEGIN)
    page.write_text(before + BEGIN + "\n\n" + "\n".join(parts) + "\n" + END + rest.split(END)[1])
    print(f"report.py: wrote {page}")


main()
