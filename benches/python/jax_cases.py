"""The cases of npload.jax: beside jnp.load, and beside device_put of what NumPy loads."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=8"

import jax
import jax.numpy as jnp
import numpy as np
import safetensors.flax
from cases import Case, Contenders, deflated_npz, reading_threads
from inputs import Inputs
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from peers import written

import npload.jax


def whole(files: Inputs) -> Path:
    return files.npy("f4-256-matrix.npy", lambda: files.floats(256).reshape(8, -1))


def beside(jaxs: Callable[[], Any], ours: Callable[[], Any], **others: Callable[[], object]) -> Contenders:
    """Both until they are ready; first they are found equal."""
    expected, found = jax.tree.leaves(jaxs()), jax.tree.leaves(ours())
    for a, b in zip(found, expected, strict=True):
        assert a.dtype == b.dtype and a.sharding == b.sharding and a.committed == b.committed
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()

    def ready(load: Callable[[], Any]) -> Callable[[], object]:
        return lambda: jax.block_until_ready(load())

    return {"jax": ready(jaxs), "npload": ready(ours), **others}


def npy(files: Inputs, mmap_mode: Any = None) -> Contenders:
    path = str(whole(files))
    options = {} if mmap_mode is None else {"mmap_mode": mmap_mode}
    return beside(partial(jnp.load, path, **options), partial(npload.jax.load, path, **options))


def fortran(files: Inputs) -> Contenders:
    def array() -> np.ndarray:
        return np.asfortranarray(files.floats(256).reshape(8192 // files.shrink, -1))

    path = str(files.npy("fortran-256.npy", array))
    return beside(partial(jnp.load, path), partial(npload.jax.load, path))


def sharded(files: Inputs, spec: PartitionSpec, mmap_mode: Any = None) -> Contenders:
    path = whole(files)
    sharding = NamedSharding(Mesh(np.array(jax.devices()), ("x",)), spec)
    others = {} if mmap_mode else {"2 reading threads": reading_threads(path)}
    return beside(
        lambda: jax.device_put(np.load(path), sharding),
        lambda: npload.jax.load(path, mmap_mode, sharding=sharding),
        **others,
    )


def deflated(files: Inputs) -> Contenders:
    path = deflated_npz(files)

    def jaxs() -> Any:
        with jnp.load(path) as archive:
            return {key: jnp.asarray(archive[key]) for key in archive.files}

    def ours() -> Any:
        with npload.jax.load(path) as archive:
            return archive.load_all()

    return beside(jaxs, ours)


def checkpoint(files: Inputs) -> Contenders:
    """64 tensors of 256 MB, and the same as a safetensors file."""
    npz, safe, _ = written(files, 64, 256)

    def jaxs() -> Any:
        with jnp.load(npz) as archive:
            return {key: jnp.asarray(archive[key]) for key in archive.files}

    def ours() -> Any:
        with npload.jax.load(npz) as archive:
            return archive.load_all()

    def safely() -> Any:
        return jax.block_until_ready(safetensors.flax.load_file(safe))

    return beside(jaxs, ours, safetensors=safely)


def members(files: Inputs, spec: PartitionSpec | None) -> Contenders:
    path = files.members()
    sharding = None if spec is None else NamedSharding(Mesh(np.array(jax.devices()), ("x",)), spec)

    def jaxs() -> Any:
        with np.load(path) as archive:
            return jax.device_put({key: archive[key] for key in archive.files}, sharding)

    def ours() -> Any:
        with npload.jax.load(path, sharding=sharding) as archive:
            return archive.load_all()

    return beside(jaxs, ours)


def narrowed(files: Inputs) -> Contenders:
    path = str(files.npy("i8-256.npy", lambda: files.integers(128).astype("i8")))
    return beside(partial(jnp.load, path), partial(npload.jax.load, path))


def small(files: Inputs) -> Contenders:
    path = str(files.npy("small-f4.npy", lambda: np.arange(10, dtype="f4")))
    return beside(partial(jnp.load, path), partial(npload.jax.load, path))


ROWS = PartitionSpec("x")
COLUMNS = PartitionSpec(None, "x")
CASES = [
    Case("jax: npy 256 MB", npy, 7),
    Case("jax: npy 256 MB, mmap_mode='r'", partial(npy, mmap_mode="r"), 300),
    Case("jax: npz 128 MB, deflated, load_all", deflated, 4.8),
    Case("jax: 64 tensors, 256 MB", checkpoint),
    Case("jax: npz 5,000 members, load_all", partial(members, spec=None), 1),
    Case("jax: npz 5,000 members, 8 devices", partial(members, spec=PartitionSpec()), 1),
    Case("jax: npy 256 MB, Fortran", fortran),
    Case("jax: npy 256 MB of int64", narrowed),
    Case("jax: npy small", small),
    Case("jax: 8 devices, rows", partial(sharded, spec=ROWS), 3),
    Case("jax: 8 devices, rows, mmap_mode='r'", partial(sharded, spec=ROWS, mmap_mode="r"), 100),
    Case("jax: 8 devices, columns", partial(sharded, spec=COLUMNS)),
    Case("jax: 8 devices, replicated", partial(sharded, spec=PartitionSpec())),
]
