"""npload.load beside numpy.load, npload.jax.load beside jax.numpy.load: the table, and target/bench/python.csv.

Usage: scripts/bench python [--once] [--rounds N] [case…]

Every case first asserts that both give equal results. Then, in rounds, each contender runs in turn, and what counts
is the median over rounds of the ratio within a round: the machine may be slow or fast in a minute, but not within
one round (benches/README.md). Everything is in the page cache; the time includes giving the memory back.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

import cases
import inputs
import jax_cases
import numpy as np
from rounds import Measured, measure

FOLDER = Path(__file__).resolve().parents[2] / "target" / "bench"


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench python")
    parser.add_argument("--once", action="store_true", help="everything small and once: a test")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("case", nargs="*", help="a part of a case's name")
    arguments = parser.parse_args()
    files = inputs.Inputs(FOLDER / ("python-once" if arguments.once else "python"), small=arguments.once)
    known = [*cases.CASES, *jax_cases.CASES]
    chosen = [case for case in known if not arguments.case or any(part in case.name for part in arguments.case)]
    if not chosen:
        sys.exit("no such case; there are: " + ", ".join(case.name for case in known))
    versions = (
        f"Python {platform.python_version()}, numpy {np.__version__}, jax {version('jax')}, npload {version('npload')}"
    )
    print(f"{versions}; {os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}\n")
    head = f"{'case':<34} {'NumPy, JAX':>10} {'npload':>10} {'ratio':>8} {'quartiles':>15}  {'aim':<6}"
    print(head + f" {'beside':<24} {'npload ÷':>8}")
    rows = []
    for case in chosen:
        contenders = case.prepare(files)
        measured = measure(contenders, rounds=1 if arguments.once else arguments.rounds, once=arguments.once)
        rows.append(show(case, measured))
    if not arguments.once:
        write(FOLDER / "python.csv", rows, versions)


def show(case: cases.Case, measured: dict[str, Measured]) -> dict[str, object]:
    """Print a line of the table, and return it."""
    numpys, ours = measured["numpy"], measured["npload"]
    low, ratio, high = numpys.quartiles_over(ours)
    line = f"{case.name:<34} {span(numpys.median):>10} {span(ours.median):>10} {ratio:>7.2f}×"
    line += f" {f'{low:.2f}–{high:.2f}×':>15}  "
    line += f"{f'≥ {case.aim:g}×' if case.aim else '':<6}"
    row: dict[str, object] = {
        "case": case.name,
        "numpy_seconds": numpys.median,
        "npload_seconds": ours.median,
        "numpy_over_npload": ratio,
        "low_quartile": low,
        "high_quartile": high,
        "aim": case.aim or "",
        "rounds": len(ours.seconds),
    }
    for name, other in measured.items():
        if name not in ("numpy", "npload"):
            _, over, _ = ours.quartiles_over(other)
            line += f" {f'{name} {span(other.median)}':<26} {over:>5.2f}×"
            row |= {"floor": name, "floor_seconds": other.median, "npload_over_floor": over}
    print(line, flush=True)
    return row


def span(seconds: float) -> str:
    """A time for people."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.{0 if seconds >= 0.1 else 1}f} ms"
    return f"{seconds * 1e6:.{0 if seconds >= 1e-4 else 1}f} µs"


def write(path: Path, rows: list[dict[str, object]], versions: str) -> None:
    """Write the table as CSV."""
    columns = list(dict.fromkeys(column for row in rows for column in row)) + ["versions"]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows({**row, "versions": versions} for row in rows)
    print(f"\n{path}")


main()
