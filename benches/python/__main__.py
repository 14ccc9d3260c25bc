"""npload beside NumPy, JAX and other loaders: the table, and the same as CSV.

Usage: scripts/bench python [--once] [--rounds N] [--charts FOLDER] [case…]

Every case first asserts that all give equal results. Then, in rounds, each contender runs in turn, and what counts
is the median over rounds of the ratio within a round: the machine may be slow or fast in a minute, but not within
one round (benches/README.md). Everything is in the page cache, but where a case says cold; the time includes giving
the memory back.
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
import charts
import inputs
import jax_cases
import peers
import saving
import sizes
from rounds import Measured, measure

FOLDER = Path(__file__).resolve().parents[2] / "target" / "bench"


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench python")
    parser.add_argument("--once", action="store_true", help="everything small and once: a test")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--charts", type=Path, help="a folder for python.csv and the charts; what it has of other cases stays"
    )
    parser.add_argument("case", nargs="*", help="a part of a case's name")
    arguments = parser.parse_args()
    files = inputs.Inputs(FOLDER / ("python-once" if arguments.once else "python"), small=arguments.once)
    known = [*cases.CASES, *sizes.CASES, *peers.CASES, *saving.CASES, *jax_cases.CASES]
    chosen = [case for case in known if not arguments.case or any(part in case.name for part in arguments.case)]
    if not chosen:
        print("no such case; there are: " + ", ".join(case.name for case in known), file=sys.stderr)
        sys.exit(3)
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("npload", "numpy", "jax", "safetensors", "spdl-io", "joblib")
    )
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Linux {platform.release()}"
    print(f"Python {platform.python_version()}, {versions}; {machine}\n")
    print(f"{'case':<38} {'contender':<18} {'time':>8}  {'÷ npload':>8}  {'quartiles':<15} aim")
    rows = []
    for case in chosen:
        rounds = 1 if arguments.once else min(arguments.rounds, case.rounds or arguments.rounds)
        measured = measure(case.prepare(files), rounds, arguments.once, case.fresh)
        rows += show(case, measured)
    folder = arguments.charts or FOLDER
    if arguments.charts:
        rows = beside(folder / "python.csv", rows, [case.name for case in known])
    if not arguments.once:
        write(folder / "python.csv", rows)
    if arguments.charts or arguments.once:
        charts.draw(rows, folder)


def show(case: cases.Case, measured: dict[str, Measured]) -> list[dict[str, object]]:
    """Print a case's lines of the table, one for each contender, and return them."""
    rows = []
    ours, first = measured["npload"], next(iter(measured))
    print(f"{case.name:<38} {'npload':<18} {span(ours.median):>8}", flush=True)
    for name, other in measured.items():
        low, ratio, high = other.quartiles_over(ours)
        aim = case.aim if name == first else None
        if name != "npload":
            line = f"{'':<38} {name:<18} {span(other.median):>8}  {ratio:>7.2f}×  {f'{low:.2f}–{high:.2f}×':<15}"
            print(f"{line} {f'≥ {aim:g}×' if aim else ''}".rstrip(), flush=True)
        rows.append(
            {
                "case": case.name,
                "contender": name,
                "seconds": other.median,
                "over_npload": ratio,
                "low_quartile": low,
                "high_quartile": high,
                "aim": aim or "",
                "rounds": len(ours.seconds),
            }
        )
    return rows


def span(seconds: float) -> str:
    """A time for people."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.{0 if seconds >= 0.1 else 1}f} ms"
    return f"{seconds * 1e6:.{0 if seconds >= 1e-4 else 1}f} µs"


def beside(path: Path, rows: list[dict[str, object]], names: list[str]) -> list[dict[str, object]]:
    """These rows, and those that the file has of other cases, in the order of all cases."""
    measured = {row["case"] for row in rows}
    if path.exists():
        with open(path, newline="", encoding="utf-8") as file:
            kept = [row for row in csv.DictReader(file) if row["case"] in names and row["case"] not in measured]
        numbers = ("seconds", "over_npload", "low_quartile", "high_quartile")
        rows += [{key: float(cell) if key in numbers else cell for key, cell in row.items()} for row in kept]
    return sorted(rows, key=lambda row: names.index(str(row["case"])))


def write(path: Path, rows: list[dict[str, object]]) -> None:
    """Write the table as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {key: f"{cell:.6g}" if isinstance(cell, float) else cell for key, cell in row.items()} for row in rows
        )
    print(f"\n{path}")


main()
