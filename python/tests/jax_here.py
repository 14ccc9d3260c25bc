"""JAX for these tests: eight devices on the CPU, there before the first test counts open files."""

from __future__ import annotations

import os

os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=8"
os.environ["JAX_PLATFORMS"] = "cpu"

import gc
import io
import zipfile
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

import npload.jax  # noqa: F401

P = PartitionSpec
DEVICES = jax.devices()
LINE: Any = jax.sharding.Mesh(np.array(DEVICES), ("x",))
GRID: Any = jax.sharding.Mesh(np.array(DEVICES).reshape(4, 2), ("x", "y"))
SHARDINGS = {
    "rows": NamedSharding(LINE, P("x")),
    "columns": NamedSharding(LINE, P(None, "x")),
    "blocks": NamedSharding(GRID, P("x", "y")),
    "blocks turned": NamedSharding(GRID, P("y", "x")),
    "half replicated": NamedSharding(GRID, P("y")),
    "replicated": NamedSharding(GRID, P()),
}
jax.block_until_ready(jnp.zeros(3) + 1)


def pointer(array: jax.Array) -> int:
    """Where an array's memory begins."""
    return int(array.unsafe_buffer_pointer())


def address(array: np.ndarray) -> int:
    """The same of NumPy's."""
    return int(array.ctypes.data)


def assert_equal(ours: Any, theirs: Any) -> None:
    """Assert that two results are the same: an array of JAX's with its dtype, bits and weak type, or any other."""
    assert type(ours) is type(theirs), (ours, theirs)
    if isinstance(ours, jax.Array):
        assert (ours.dtype, ours.shape, ours.weak_type) == (theirs.dtype, theirs.shape, theirs.weak_type)
        ours, theirs = np.asarray(ours), np.asarray(theirs)
    if isinstance(ours, np.ndarray) and not ours.dtype.hasobject:
        assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
        # What lies between fields is nothing.
        assert ours.tobytes() == theirs.tobytes() or (ours.dtype.names and ours.tolist() == theirs.tolist())
    elif isinstance(ours, np.ndarray):
        assert ours.tolist() == theirs.tolist()
    else:
        assert ours == theirs


def saved_by_jax(array: Any) -> bytes:
    """The array as jnp.save writes it."""
    out = io.BytesIO()
    jnp.save(out, array)
    return out.getvalue()


def savez(path: Path, deflated: bool = False, **arrays: Any) -> Path:
    """An archive of those arrays."""
    (np.savez_compressed if deflated else np.savez)(path, **arrays)
    return path


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """An archive of those files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def settle() -> None:
    """Let go of what nobody refers to."""
    gc.collect()
