"""How the time of a load grows with the file: one npy of each size, and the least that could be done for it."""

from __future__ import annotations

from functools import partial

import numpy as np
from cases import Case, Contenders, loads, reading_threads
from inputs import Inputs

SIZES = {
    "100 B": 25,
    "1 kB": 250,
    "10 kB": 2_500,
    "100 kB": 25_000,
    "1 MB": 250_000,
    "10 MB": 2_500_000,
    "100 MB": 25_000_000,
    "1 GB": 250_000_000,
    "4 GB": 1_000_000_000,
}
THREADS_FROM = 1_000_000


def size(files: Inputs, count: int) -> Contenders:
    """`count` floats of four bytes, in the page cache."""
    count = max(1, count // files.shrink)
    path = files.npy(f"size-{count}.npy", lambda: np.random.default_rng(count).random(count, "f4"))
    array = np.load(path)
    contenders = {**loads(path), "fromfile": partial(np.fromfile, str(path), "f4"), "memcpy": array.copy}
    if count >= THREADS_FROM:
        contenders["2 reading threads"] = reading_threads(path)
    return contenders


CASES = [
    Case(f"size: {name}", partial(size, count=count), rounds=5 if count >= 250_000_000 else None)
    for name, count in SIZES.items()
]
