"""npload.jax and memory: no copies, and how long what is there once stays there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
import weakref
import zipfile
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import npload
import npload.jax
from jax_here import SHARDINGS, address, assert_equal, pointer, savez, settle, zipped
from made import place_of, saved
from npload.jax import _stage

LARGE = np.arange(64 * 4096, dtype="f4").reshape(64, 4096)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of 1 MiB."""
    np.save(tmp_path / "large.npy", LARGE)
    return tmp_path / "large.npy"


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Weak references to the memory of all that is handed to JAX, with its addresses."""
    handed: list[Any] = []
    device_put = jax.device_put

    def put(value: Any, *args: Any) -> Any:
        for array in jax.tree_util.tree_leaves(value):
            if array.size == 0 or array.ndim == 0:
                continue  # asked to see whether JAX has the dtype
            base = array
            while isinstance(base, np.ndarray) and base.base is not None:
                base = base.base
            handed.append((weakref.ref(base), address(array)))
        return device_put(value, *args)

    monkeypatch.setattr(jax, "device_put", put)
    return handed


def alive(watched: list[Any]) -> int:
    settle()
    return sum(reference() is not None for reference, _ in watched)


def test_jax_takes_the_memory_that_was_read_into(large: Path, watched: list[Any]) -> None:
    array = npload.jax.load(large)
    assert [pointer(array)] == [at for _, at in watched]
    assert alive(watched) == 1
    view = array[3:]
    del array
    view.block_until_ready()
    assert alive(watched) == 0
    assert_equal(view, jnp.asarray(LARGE)[3:])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f4", ">f4"])
def test_nor_is_another_order_copied_by_jax(tmp_path: Path, order: Any, dtype: str, watched: list[Any]) -> None:
    np.save(tmp_path / "x.npy", np.asarray(LARGE.astype(dtype), order=order))
    array = npload.jax.load(tmp_path / "x.npy")
    assert [pointer(array)] == [at for _, at in watched]
    assert_equal(array, jnp.asarray(LARGE))


@pytest.mark.parametrize("name", SHARDINGS)
def test_shards_are_the_memory_that_was_read_into_and_distinct_ones_are_read_once(
    large: Path, name: str, watched: list[Any]
) -> None:
    array = npload.jax.load(large, sharding=SHARDINGS[name])
    pointers = [pointer(shard.data) for shard in array.addressable_shards]
    assert set(pointers) == {at for _, at in watched}
    distinct = {str(shard.index) for shard in array.addressable_shards}
    assert len(set(pointers)) == len(distinct)
    assert alive(watched) == len(watched)
    first = array.addressable_shards[0].data
    del array
    assert alive(watched) == sum(at == pointer(first) for _, at in watched)
    del first
    assert alive(watched) == 0


def test_a_mapping_is_the_page_cache(large: Path, watched: list[Any]) -> None:
    array = npload.jax.load(large, mmap_mode="r")
    [(memory, at)] = watched
    assert pointer(array) == at and not array.committed
    assert "large.npy" in Path("/proc/self/maps").read_text()
    with large.open("r+b") as file:
        file.seek(128)
        file.write(np.float32(42).tobytes())
    assert array.addressable_shards[0].data.unsafe_buffer_pointer() == at
    del array
    settle()
    assert memory() is None
    assert "large.npy" not in Path("/proc/self/maps").read_text()


def test_rows_of_a_mapping_are_the_page_cache(large: Path, watched: list[Any]) -> None:
    array = npload.jax.load(large, mmap_mode="r", sharding=SHARDINGS["rows"])
    pointers = [pointer(shard.data) for shard in array.addressable_shards]
    assert pointers == [at for _, at in watched]
    assert np.diff(pointers).tolist() == [8 * 4096 * 4] * 7
    assert_equal(np.asarray(array), LARGE)
    del array
    assert alive(watched) == 0


def test_columns_of_a_mapping_and_rows_at_odd_places_are_copied(tmp_path: Path) -> None:
    odd = np.arange(8 * 3, dtype="f4").reshape(8, 3)
    np.save(tmp_path / "x.npy", odd)
    for name in ("rows", "half replicated"):
        assert_equal(np.asarray(npload.jax.load(tmp_path / "x.npy", mmap_mode="r", sharding=SHARDINGS[name])), odd)
    np.save(tmp_path / "x.npy", LARGE)
    array = npload.jax.load(tmp_path / "x.npy", mmap_mode="r", sharding=SHARDINGS["columns"])
    assert_equal(np.asarray(array), LARGE)


def test_a_stored_member_is_the_page_cache_where_it_is_aligned(tmp_path: Path, watched: list[Any]) -> None:
    data = saved(LARGE)
    path = zipped(tmp_path / "x.npz", {"pad.bin": b"", "x.npy": data})
    short = place_of(path.read_bytes(), "x.npy") % 64
    zipped(path, {"pad.bin": b"\0" * (64 - short), "x.npy": data})
    with npload.jax.load(path, mmap_mode="r") as arrays:
        array = arrays["x"]
    assert pointer(array) == watched[-1][1]
    assert_equal(array, jnp.asarray(LARGE))


@pytest.mark.parametrize("mode", ["r", "c", None])
@pytest.mark.parametrize("sharding", [None, "rows", "replicated"])
def test_donation_never_writes_to_a_file_nor_to_memory_that_others_see(
    large: Path, mode: Any, sharding: str | None
) -> None:
    before = large.read_bytes()
    options: Any = {} if sharding is None else {"sharding": SHARDINGS[sharding]}
    array = npload.jax.load(large, mmap_mode=mode, **options)
    copy = np.array(array)
    add = jax.jit(lambda x: x + 1, donate_argnums=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not every donation can be used
        added = add(array).block_until_ready()
    assert array.is_deleted()
    np.testing.assert_array_equal(np.asarray(added), copy + 1)
    assert large.read_bytes() == before
    assert_equal(np.asarray(npload.jax.load(large, mmap_mode=mode)), copy)


def test_members_of_an_archive_live_by_themselves(tmp_path: Path, watched: list[Any]) -> None:
    for deflated in (False, True):
        path = savez(tmp_path / "x.npz", deflated, a=LARGE, b=LARGE + 1)
        with npload.jax.load(path) as arrays:
            loaded = arrays.load_all()
        assert {pointer(array) for array in loaded.values()} <= {at for _, at in watched}
        del loaded["a"]
        assert alive(watched) == 1
        assert_equal(loaded.pop("b"), jnp.asarray(LARGE + 1))
        assert alive(watched) == 0


PEAK = """
import os, sys, json
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
import jax, numpy as np, npload.jax
from jax.sharding import NamedSharding, PartitionSpec as P
mesh = jax.sharding.Mesh(np.array(jax.devices()), "x")
path, key, axis = sys.argv[1], sys.argv[2], int(sys.argv[3])
spec = {-1: None, 0: P("x"), 1: P(None, "x"), 2: P()}[axis]
options = {} if spec is None else {"sharding": NamedSharding(mesh, spec)}
def load(path):
    found = npload.jax.load(path, **options)
    return found[key] if key else found
def peak():
    fields = dict(line.split(":") for line in open("/proc/self/status"))
    return int(fields["VmHWM"].split()[0]) << 10, int(fields["VmRSS"].split()[0]) << 10
load(path.replace("large", "small")).block_until_ready()
open("/proc/self/clear_refs", "w").write("5")
before = peak()[1]
array = load(path).block_until_ready()
print(json.dumps([peak()[0] - before, array.nbytes]))
"""


@pytest.mark.parametrize(
    ("kind", "axis"),
    [("C", -1), ("F", -1), ("C", 0), ("C", 1), ("F", 0), ("F", 1), ("C", 2), ("stored", -1), ("stored", 1),
     ("deflated", 0), ("deflated", 1)],
)  # fmt: skip
def test_the_peak_is_the_array_and_8_mib(tmp_path: Path, kind: str, axis: int) -> None:
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("this system does not let a process set its peak back")
    random = np.random.default_rng(1)
    for name, rows in (("small", 64), ("large", 4096)):
        array = np.tile(random.integers(0, 99, (1, 4096), "i4"), (rows, 1))
        if kind in ("C", "F"):
            np.save(tmp_path / f"{name}.npy", np.asarray(array, order=kind))  # type: ignore[call-overload]
        else:
            method = zipfile.ZIP_DEFLATED if kind == "deflated" else zipfile.ZIP_STORED
            with zipfile.ZipFile(tmp_path / f"{name}.npz", "w", method, compresslevel=1) as archive:
                archive.writestr("w.npy", saved(array))
    path = tmp_path / ("large.npy" if kind in ("C", "F") else "large.npz")
    key = "w" if path.suffix == ".npz" else ""
    done = subprocess.run(
        [sys.executable, "-P", "-c", PEAK, str(path), key, str(axis)], capture_output=True, text=True, check=True
    )
    grown, nbytes = json.loads(done.stdout)
    assert nbytes == 64 << 20
    assert nbytes <= grown + (1 << 20) and grown < nbytes + (8 << 20), grown


@pytest.mark.parametrize("kind", ["npy", "stored", "deflated"])
@pytest.mark.parametrize("is_staged", [False, True])
def test_what_a_header_claims_takes_no_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, is_staged: bool
) -> None:
    monkeypatch.setattr(_stage, "has_own_memory", lambda device: is_staged)
    path = tmp_path / ("x.npy" if kind == "npy" else "x.npz")

    def load(sharding: Any) -> Any:
        loaded = npload.jax.load(path, sharding=sharding)
        return loaded if kind == "npy" else loaded["x"]

    for shape, names in (((1 << 40,), ("rows", "replicated")), ((1 << 30, 1 << 8), SHARDINGS)):
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        data = b"\x93NUMPY\x01\x00\x76\x00" + header.encode() + bytes(64)
        if kind == "npy":
            path.write_bytes(data)
        else:
            method = zipfile.ZIP_DEFLATED if kind == "deflated" else zipfile.ZIP_STORED
            with zipfile.ZipFile(path, "w", method) as archive:
                archive.writestr("x.npy", data)
        with pytest.raises(ValueError) as theirs:
            npload.load(path) if kind == "npy" else npload.load(path)["x"]
        for sharding in (None, *(SHARDINGS[name] for name in names)):
            with pytest.raises(ValueError) as ours:
                load(sharding)
            assert (ours.type, str(ours.value)) == (theirs.type, str(theirs.value))
