"""The files that are loaded: made on the first run and kept (20 GB in target/bench)."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np


class Inputs:
    """A folder of files, each made when it is first asked for."""

    def __init__(self, folder: Path, small: bool) -> None:
        self.folder = folder
        self.shrink = 256 if small else 1
        folder.mkdir(parents=True, exist_ok=True)

    def file(self, name: str, make: Callable[[Path], None]) -> Path:
        """The file of that name, made if it is not there, and read once so that it is in the page cache."""
        path = self.folder / name
        if not path.exists():
            unfinished = self.folder / f"unfinished-{name}"
            make(unfinished)
            unfinished.rename(path)
        with open(path, "rb", buffering=0) as file:
            while file.read(1 << 24):
                pass
        return path

    def floats(self, mebibytes: int) -> np.ndarray:
        """Floats that do not compress."""
        count = (mebibytes << 20) // 4 // self.shrink
        return np.random.default_rng(mebibytes).standard_normal(count, "f4")

    def integers(self, mebibytes: int) -> np.ndarray:
        """Integers that compress as measured ones do: each is near the one before."""
        count = (mebibytes << 20) // 4 // self.shrink
        return np.random.default_rng(7).integers(-3, 4, count).cumsum().astype("i4")

    def npy(self, name: str, array: Callable[[], np.ndarray]) -> Path:
        def make(path: Path) -> None:
            with open(path, "wb") as file:
                np.save(file, array())

        return self.file(name, make)

    def npz(self, name: str, arrays: Callable[[], dict[str, np.ndarray]], deflated: bool = False) -> Path:
        def make(path: Path) -> None:
            method = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
            with zipfile.ZipFile(path, "w", method) as archive:
                for key, array in arrays().items():
                    with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, array)

        return self.file(name, make)

    def members(self, count: int = 5000) -> Path:
        """An archive of small arrays."""
        count = max(10, count // self.shrink)

        def arrays() -> dict[str, np.ndarray]:
            return {f"layer.{n}.weight": np.full((4, 5), n, "f4") for n in range(count)}

        return self.npz(f"members-{count}.npz", arrays)
