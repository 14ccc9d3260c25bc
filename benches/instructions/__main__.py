"""Counts the instructions of npload's own code on its hot paths, and holds them against budgets.toml.

Usage: scripts/check-instructions [--update]

Each case runs under callgrind twice, with few and with many calls: the difference is what a call takes, without
what starts the process. Only instructions of the program itself count (of Python, of the extension module): what
the system's libraries do differs between machines. More than the budget and a twentieth fails; far less is told, so
that the budget can follow. --update writes what was counted.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
BUDGETS = HERE / "budgets.toml"
MORE = 1.05  # of the budget: fails
FEW, MANY = 3, 13

PYTHON = """
import sys
import npload
file, options, times = sys.argv[1], {"safe_pickle": True} if sys.argv[2] == "safe" else {}, int(sys.argv[3])
for _ in range(times):
    npload.load(file, **options)
"""


def write_inputs(folder: Path) -> None:
    """The files that are read."""
    dicts = [{"n": n, "text": f"text {n}"} for n in range(10_000)]
    np.save(folder / "small.npy", np.arange(10.0))
    np.savez(folder / "members.npz", **{f"layer{n}/weight": np.arange(3) for n in range(5_000)})
    (folder / "dicts.pkl").write_bytes(pickle.dumps(dicts, 4))


def command_of(case: str, counted: str, folder: Path) -> tuple[list[str], str]:
    """What runs a case so many times, but for their number, and whose instructions count."""
    kind, name = case.split(".")
    if kind == "rust":
        return [counted, name, str(folder)], "counted"
    file, how = {"small": ("small.npy", "plain"), "pickle": ("dicts.pkl", "safe")}[name]
    return [sys.executable, "-P", "-c", PYTHON, str(folder / file), how], "_npload.abi3.so"


def instructions(command: list[str], times: int, whose: str) -> int:
    """The instructions that an object file executes, as callgrind counts them."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        callgrind = ["valgrind", "--tool=callgrind", "--compress-strings=no", f"--callgrind-out-file={out}"]
        done = subprocess.run([*callgrind, *command, str(times)], capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{' '.join(command)} failed under callgrind:\n{done.stderr}")
        return own(out.read_text(), whose)


def own(profile: str, whose: str) -> int:
    """The sum of what the functions of an object file take themselves (callgrind's format: valgrind's manual)."""
    total, counts, is_call = 0, False, False
    for line in profile.splitlines():
        if line.startswith("ob="):
            counts = Path(line[3:]).name == whose
        elif line.startswith("calls="):
            is_call = True  # the next line is what was called
        elif line[:1].isdigit() or line[:1] in "+-*":
            if counts and not is_call:
                total += sum(map(int, line.split()[1:]))  # a cost of 0 is left out
            is_call = False
    return total


def main() -> None:
    update = "--update" in sys.argv[2:]
    budgets = tomllib.loads(BUDGETS.read_text())
    cases = {f"{kind}.{name}": budget for kind, table in budgets.items() for name, budget in table.items()}
    counted: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_inputs(folder)
        for case in cases:
            command, whose = command_of(case, sys.argv[1], folder)
            few, many = (instructions(command, times, whose) for times in (FEW, MANY))
            counted[case] = (many - few) // (MANY - FEW)
            share = counted[case] / cases[case] - 1
            print(f"{case:<16} {counted[case]:>12,} instructions, budget {cases[case]:>12,}  {share:+.1%}", flush=True)
    if update:
        write_budgets(counted)
        return
    over = [case for case, count in counted.items() if count > cases[case] * MORE]
    if over:
        sys.exit(f"over the budget by more than a twentieth: {', '.join(over)}; see benches/README.md")


def write_budgets(counted: dict[str, int]) -> None:
    """Keep what stands above the first table, and write the counts."""
    head = BUDGETS.read_text().partition("[")[0]
    tables: dict[str, list[str]] = {}
    for case, count in counted.items():
        kind, name = case.split(".")
        tables.setdefault(kind, []).append(f"{name} = {count:_}")
    BUDGETS.write_text(head + "\n".join(f"[{kind}]\n" + "\n".join(lines) + "\n" for kind, lines in tables.items()))


main()
