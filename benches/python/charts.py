"""The table as charts: how time grows with the file, and how many times as long others take as npload."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

Rows = list[dict[str, Any]]

UNITS = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}
COLORS = {
    "npload": "#c2410c",
    "npload, threads=1": "#fdba74",
    "numpy": "#1d4ed8",
    "jax": "#1d4ed8",
    "fromfile": "#64748b",
    "memcpy": "#16a34a",
    "2 reading threads": "#0f172a",
    "safetensors": "#9333ea",
    "spdl": "#0891b2",
    "joblib": "#ca8a04",
    "pickle": "#db2777",
}

# The same table gives the same bytes.
mpl.rcParams.update({"svg.hashsalt": "npload", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})


def draw(rows: Rows, folder: Path) -> None:
    """Write the charts for which there are rows."""
    folder.mkdir(parents=True, exist_ok=True)
    growing = [row for row in rows if row["case"].startswith("size: ")]
    if growing:
        save(growth(growing), folder / "sizes.svg")
    for name, prefix in (("peers", "peers: "), ("saving", "save: "), ("jax", "jax: ")):
        chosen = [row for row in rows if row["case"].startswith(prefix)]
        if chosen:
            save(ratios(chosen, prefix), folder / f"{name}.svg")
    others = [row for row in rows if not re.match("(size|peers|save|jax): ", row["case"])]
    if others:
        save(ratios(others, ""), folder / "numpy.svg")


def save(figure: Figure, path: Path) -> None:
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    print(path)


def growth(rows: Rows) -> Figure:
    """Time over size, both logarithmic: a line for each contender."""
    figure = Figure(figsize=(7, 4.5))
    axes = figure.subplots()
    for name in dict.fromkeys(row["contender"] for row in rows):
        mine = [row for row in rows if row["contender"] == name]
        sizes = [size_of(row["case"]) for row in mine]
        style = {"color": COLORS.get(name), "linewidth": 2 if name in ("npload", "numpy") else 1}
        axes.plot(sizes, [row["seconds"] for row in mine], marker="o", markersize=3, label=name, **style)
    axes.set(xscale="log", yscale="log", xlabel="bytes of the array", ylabel="seconds for one load")
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    return figure


def size_of(case: str) -> float:
    number, unit = case.removeprefix("size: ").split()
    return float(number) * UNITS[unit]


def ratios(rows: Rows, prefix: str) -> Figure:
    """How many times npload's time each takes: a bar for each contender of each case, npload itself at 1."""
    cases = list(dict.fromkeys(row["case"] for row in rows))
    bars = [[row for row in rows if row["case"] == case and row["contender"] != "npload"] for case in cases]
    figure = Figure(figsize=(7, 0.6 + 0.17 * sum(len(group) + 1 for group in bars)))
    axes = figure.subplots()
    place, places, labels = 0.0, [], []
    seen: set[str] = set()
    for case, group in zip(cases, bars, strict=True):
        for offset, row in enumerate(group):
            name = row["contender"]
            label = None if name in seen else name
            seen.add(name)
            axes.barh(place + offset, row["over_npload"], height=0.9, color=COLORS.get(name, "#94a3b8"), label=label)
        places.append(place + (len(group) - 1) / 2)
        labels.append(case.removeprefix(prefix))
        place += len(group) + 1
    axes.axvline(1, color=COLORS["npload"], linewidth=1.5)
    axes.set(xscale="log", xlabel="times npload's time (more is slower; the line is npload)", yticks=places)
    axes.set_yticklabels(labels)
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.25)
    axes.legend(frameon=False, loc="lower right")
    return figure
