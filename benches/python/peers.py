"""The same tensors in several formats: npz by NumPy, npload and spdl, and other files by their own libraries."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import safetensors.numpy
import spdl.io
from cases import Case, Contenders, all_members, each_member
from inputs import Inputs

import npload

Tensors = dict[str, np.ndarray]


def tensors(files: Inputs, count: int, mebibytes: int) -> Tensors:
    """So many float tensors of so many MiB in all."""
    parts = np.array_split(files.floats(mebibytes), count)
    return {f"layer.{n}.weight": part for n, part in enumerate(parts)}


def written(files: Inputs, count: int, mebibytes: int) -> tuple[Path, Path, Path]:
    """The files that hold these tensors: npz, safetensors and joblib."""
    made, name = partial(tensors, files, count, mebibytes), f"tensors-{count}-{mebibytes}"
    return (
        files.npz(f"{name}.npz", made),
        files.file(f"{name}.safetensors", lambda path: safetensors.numpy.save_file(made(), path)),
        files.file(f"{name}.joblib", lambda path: joblib.dump(made(), path)),
    )


def same(contenders: Contenders, expected: Tensors) -> Contenders:
    """Assert that each contender finds these tensors."""
    for name, call in contenders.items():
        found: Any = call()
        assert sorted(found) == sorted(expected), name
        for key, tensor in expected.items():
            np.testing.assert_array_equal(found[key], tensor, strict=True)
    return contenders


def by_spdl(path: Path) -> Callable[[], Any]:
    """spdl takes bytes: of stored members it gives views, and checks no checksum."""

    def run() -> Tensors:
        archive = spdl.io.load_npz(path.read_bytes())
        return {key: archive[key] for key in archive.files}

    return run


def unpickled(path: Path) -> Callable[[], Any]:
    def run() -> Any:
        with open(path, "rb") as file:
            return pickle.load(file)

    return run


def formats(files: Inputs, count: int, mebibytes: int) -> Contenders:
    """Every tensor, copied into memory."""
    made, name = partial(tensors, files, count, mebibytes), f"tensors-{count}-{mebibytes}"
    npz, safe, dumped = written(files, count, mebibytes)
    pickled = files.file(f"{name}.pkl", lambda path: path.write_bytes(pickle.dumps(made(), 5)))
    contenders: Contenders = {
        "numpy": each_member(np.load, npz),
        "npload": all_members(npz),
        "spdl": by_spdl(npz),
        "safetensors": partial(safetensors.numpy.load_file, safe),
        "joblib": partial(joblib.load, dumped),
        "pickle": unpickled(pickled),
    }
    return same(contenders, made())


def mapped(files: Inputs) -> Contenders:
    """Every tensor, mapped where the library can: NumPy maps no npz, and safetensors copies for NumPy."""
    npz, safe, dumped = written(files, 64, 256)

    def ours() -> Tensors:
        with npload.load(npz, mmap_mode="r") as archive:
            return {key: archive[key] for key in archive.files}

    contenders: Contenders = {
        "numpy": each_member(partial(np.load, mmap_mode="r"), npz),
        "npload": ours,
        "safetensors": partial(safetensors.numpy.load_file, safe),
        "joblib": partial(joblib.load, dumped, mmap_mode="r"),
    }
    return same(contenders, tensors(files, 64, 256))


def deflated(files: Inputs, kind: str) -> Contenders:
    """Two members of 32 MiB each, compressed by zlib as NumPy compresses."""

    def made() -> Tensors:
        return dict(zip("ab", np.array_split(data(files, kind), 2), strict=True))

    npz = files.npz(f"deflated-{kind}-64.npz", made, deflated=True)
    contenders: Contenders = {
        "numpy": each_member(np.load, npz),
        "npload": all_members(npz),
        "spdl": by_spdl(npz),
    }
    return same(contenders, made())


def data(files: Inputs, kind: str) -> np.ndarray:
    """64 MiB of floats that hardly compress, of integers near each other, of an image's pixels, or of zeros."""
    if kind == "floats":
        return files.floats(64)
    if kind == "integers":
        return files.integers(64)
    count = (64 << 20) // files.shrink
    if kind == "zeros":
        return np.zeros(count, "u1")
    side = np.arange(count) % 4096
    noise = np.random.default_rng(3).integers(0, 6, count)
    return ((np.sin(side / 150) + 1) * 120 + noise).astype("u1")


CASES = [
    Case("peers: 64 tensors, 256 MB", partial(formats, count=64, mebibytes=256)),
    Case("peers: 64 tensors, 256 MB, fresh", partial(formats, count=64, mebibytes=256), fresh=True),
    Case("peers: 5,000 tensors, 4 MB", partial(formats, count=5000, mebibytes=4)),
    Case("peers: 64 tensors, 256 MB, mapped", mapped),
    *(
        Case(f"peers: deflated {kind}, 2 × 32 MB", partial(deflated, kind=kind))
        for kind in ("floats", "integers", "pixels", "zeros")
    ),
]
