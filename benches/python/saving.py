"""Saving beside NumPy, on a file system in memory: what is written is first read back and found equal."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from cases import Case, Contenders
from inputs import Inputs

import npload

SIZES = {"4 KB": 1_000, "256 KB": 64_000, "1 MB": 250_000, "16 MB": 4_000_000, "256 MB": 64_000_000}


def folder() -> Path:
    made = Path(tempfile.mkdtemp(prefix="npload-bench-", dir="/dev/shm"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def written(path: Path, save: Callable[..., None], *arrays: Any, over: bool, **named: Any) -> Callable[[], object]:
    """Save to `path`, over the file that is there or as a new one."""

    def run() -> None:
        if not over:
            path.unlink(missing_ok=True)
        save(path, *arrays, **named)

    return run


def npy(files: Inputs, count: int, over: bool) -> Contenders:
    array = np.random.default_rng(count).random(max(1, count // files.shrink), "f4")
    place = folder()
    contenders: Contenders = {
        "numpy": written(place / "numpy.npy", np.save, array, over=over),
        "npload": written(place / "npload.npy", npload.save, array, over=over),
    }
    for call in contenders.values():
        call()
    assert (place / "numpy.npy").read_bytes() == (place / "npload.npy").read_bytes()
    return contenders


def npz(files: Inputs, members: int, data: str, stored: bool = False) -> Contenders:
    """64 MiB in so many members."""
    array = files.floats(64)
    if data == "integers":
        array = np.random.default_rng(5).integers(0, 1000, array.size, "i4")
    arrays = {f"part{n}": part for n, part in enumerate(np.array_split(array, members))}
    place = folder()
    theirs, ours = (np.savez, npload.savez) if stored else (np.savez_compressed, npload.savez_compressed)
    contenders: Contenders = {
        "numpy": written(place / "numpy.npz", theirs, over=False, **arrays),
        "npload": written(place / "npload.npz", ours, over=False, **arrays),
    }
    for name, call in contenders.items():
        call()
        with np.load(place / f"{name}.npz") as archive:
            for key, part in arrays.items():
                np.testing.assert_array_equal(archive[key], part, strict=True)
    most = (place / "numpy.npz").stat().st_size * 1.02 + 10_000
    assert (place / "npload.npz").stat().st_size <= most
    return contenders


CASES = [
    *(Case(f"save: {size}, a new file", partial(npy, count=count, over=False), 1.3) for size, count in SIZES.items()),
    *(Case(f"save: {size}, over a file", partial(npy, count=count, over=True), 1.3) for size, count in SIZES.items()),
    Case("save: npz, 64 MB", partial(npz, members=2, data="floats", stored=True)),
    *(
        Case(f"save: deflated {data}, {members} × {64 // members} MB", partial(npz, members=members, data=data), aim, 3)
        for data in ("floats", "integers")
        for members, aim in ((2, 2.5), (1, 2))
    ),
]
