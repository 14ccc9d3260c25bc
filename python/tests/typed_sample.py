"""How programs use npload: mypy and pyright check that this is well typed, and that it says what it should."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, assert_type

import jax
import numpy as np

import npload
import npload.jax


def loading(path: Path) -> None:
    array = npload.load(path)
    print(array.shape, array.dtype)
    npload.load(str(path), mmap_mode="r")
    npload.load(b"x.npy", None, True, True, "latin1", max_header_size=5)
    npload.load(io.BytesIO(), verify=True, threads=2, safe_pickle=True)
    npload.load(path, out=np.zeros(3), progress=lambda done, total: print(done / total))
    with open(path, "rb") as file:
        npload.load(file)


def archives(path: Path) -> None:
    with npload.load(path) as archive:
        print(archive["a"])
    npz = npload.NpzFile(path)
    assert_type(npz.files, list[str])
    assert_type(len(npz), int)
    assert_type("a" in npz, bool)
    for key, value in npz.items():
        assert_type(key, str)
        print(value)
    everything = npz.load_all()
    print(everything["a"], npz.load_all(["a"]), npz.load_all(keys=iter(["a"])))
    npz.close()


def others(path: Path) -> None:
    assert_type(npload.load_many([path, str(path)]), list[Any])
    npload.loads(b"")
    npload.loads(bytearray(), allow_pickle=True)
    mapped = npload.open_memmap(path, mode="w+", dtype=np.float32, shape=(3, 4))
    mapped.flush()
    info = npload.peek(path)
    print(info)
    lazy = npload.open(path)
    print(lazy)
    npload.install()
    npload.uninstall()
    with npload.installed():
        pass


def saving(path: Path) -> None:
    npload.save(path, [1, 2], allow_pickle=False, durable=True, progress=print)
    npload.save(io.BytesIO(), np.zeros(3))
    npload.savez(path, np.zeros(3), w=[1.0], allow_pickle=False)
    npload.savez_compressed(str(path), w=np.zeros(3))
    npload.save_npz(path, {"w": [1]}, compression="zstd", level=3, align=4096, threads=2)
    npload.save_npz(path, [("w", 1)], progress=True)
    npload.edit_npz(path, add={"w": [1]}, replace={"b": np.zeros(3)}, remove=["a"], compression="deflate")
    with npload.NpyAppender(path, durable=True) as log:
        log.append([1.0])
        assert_type(log.shape, tuple[int, ...] | None)
    npload.jax.save(path, np.zeros(3))
    npload.jax.savez(path, w=np.zeros(3))
    npload.jax.save_tree(path, {"a": [np.zeros(3)]}, compression="deflate")
    npload.save_npz(path, {"w": 1}, compression="lzma")  # type: ignore[arg-type]  # pyright: ignore
    npload.save(3, [1])  # type: ignore[arg-type]  # pyright: ignore


def arrays_of_jax(path: Path, sharding: jax.sharding.Sharding) -> None:
    print(npload.jax.load(path, "r", sharding=sharding, on_narrow="warn").shape)
    npload.jax.load(io.BytesIO(), dtype="bfloat16", device=jax.devices()[0], threads=2, verify=True)
    npload.jax.load(path, sharding={"w": sharding, "b": None})
    npload.jax.load(path, sharding=lambda key, array: sharding if array.shape else None)
    arrays = npload.jax.load(path)
    if isinstance(arrays, npload.jax.NpzArrays):
        assert_type(arrays.files, list[str])
        assert_type(arrays.load_all(["w"]), dict[str, Any])
    npload.jax.load_tree(path, {"w": sharding}, max_header_size=5)
    npload.jax.install()
    npload.jax.uninstall()
    with npload.jax.installed():
        pass
    npload.jax.load(path, on_narrow="ignore")  # type: ignore[arg-type]  # pyright: ignore
    npload.jax.load(path, sharding=3)  # type: ignore[arg-type]  # pyright: ignore
    npload.jax.load(path, max_header_size="5")  # type: ignore[arg-type]  # pyright: ignore


def mistakes(path: Path) -> None:
    npload.load()  # type: ignore[call-overload]  # pyright: ignore
    npload.load(path, mmap_mode="x")  # type: ignore[call-overload]  # pyright: ignore
    npload.load(path, encoding="utf-8")  # type: ignore[call-overload]  # pyright: ignore
    npload.load(path, allow_pickle="safe")  # type: ignore[call-overload]  # pyright: ignore
    npload.load(path, None, False, True, "ASCII", 10000)  # type: ignore[call-overload]  # pyright: ignore
    npload.load(path, threads="two")  # type: ignore[call-overload]  # pyright: ignore
    npload.loads("text")  # type: ignore[arg-type]  # pyright: ignore
