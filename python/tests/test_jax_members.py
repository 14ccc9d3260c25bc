"""npload.jax with archives of many members: few calls of JAX, bounded memory, errors in the members' order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from jax.sharding import SingleDeviceSharding

import npload.jax
from jax_here import DEVICES, SHARDINGS, assert_equal, savez
from npload.jax import _members

SMALL = {f"layer{number}/w": np.full((8, 32), number, "f4") for number in range(100)}
PLACES: dict[str, Any] = {"none": None, "one": SingleDeviceSharding(DEVICES[3]), **SHARDINGS}


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many arrays each call hands to JAX."""
    counts: list[int] = []
    device_put = jax.device_put

    def put(value: Any, *args: Any) -> Any:
        counts.append(sum(np.ndim(leaf) > 0 for leaf in jax.tree.leaves(value)))
        return device_put(value, *args)

    monkeypatch.setattr(jax, "device_put", put)
    return counts


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("deflated", [False, True])
@pytest.mark.parametrize("tree", [False, True])
def test_small_members_are_handed_over_at_once(
    tmp_path: Path, given: list[int], place: str, deflated: bool, tree: bool
) -> None:
    path = savez(tmp_path / "x.npz", deflated, **SMALL)
    if tree:
        loaded = npload.jax.load_tree(path, sharding=PLACES[place])
        arrays = {f"{layer}/w": loaded[layer]["w"] for layer in loaded}
    else:
        with npload.jax.load(path, sharding=PLACES[place]) as archive:
            arrays = archive.load_all()
    assert [count for count in given if count] == [len(SMALL)]
    assert list(arrays) == list(SMALL)
    for key, array in arrays.items():
        expected = jax.device_put(SMALL[key], PLACES[place])
        assert array.sharding == expected.sharding and array.committed == expected.committed
        assert_equal(array, expected)


@pytest.mark.parametrize("place", ["none", "one", "rows"])
def test_no_more_than_a_batch_passes_through_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: list[int], place: str
) -> None:
    monkeypatch.setattr(_members, "_PASSING", 10 * 1024)
    path = savez(tmp_path / "x.npz", **SMALL, large=np.zeros((64, 1024), "f4"))
    with npload.jax.load(path, sharding=PLACES[place], threads=1) as archive:
        arrays = archive.load_all()
    batches = [count for count in given if count]
    assert max(batches[:-1]) == 10 and len(batches) <= 12
    for key in SMALL:
        assert_equal(np.asarray(arrays[key]), SMALL[key])


def test_places_of_all_kinds_in_one_batch(tmp_path: Path, given: list[int]) -> None:
    members = {**SMALL, "text": np.array(["a"]), "wide": np.arange(2**18, dtype="f4").reshape(512, 512)}
    path = savez(tmp_path / "x.npz", **members)
    places = list(PLACES.values())

    def place(key: str, told: Any) -> Any:
        return SHARDINGS["rows"] if key == "wide" else places[int(key[5:-2]) % len(places)] if key in SMALL else None

    with npload.jax.load(path, sharding=place) as archive:
        arrays = archive.load_all()
    assert [count for count in given if count] == [len(SMALL) + len(DEVICES)]
    assert list(arrays) == list(members)
    assert_equal(arrays["text"], members["text"])
    for number, key in enumerate(SMALL):
        expected = jax.device_put(SMALL[key], places[number % len(places)])
        assert (arrays[key].sharding, arrays[key].committed) == (expected.sharding, expected.committed)
        assert_equal(arrays[key], expected)
    assert_equal(arrays["wide"], jax.device_put(members["wide"], SHARDINGS["rows"]))


@pytest.mark.parametrize("place", ["one", "rows", "replicated"])
@pytest.mark.parametrize("deflated", [False, True])
@pytest.mark.parametrize("length", [64, 64 * 1024])
def test_the_first_member_that_is_wrong_is_told(tmp_path: Path, place: str, deflated: bool, length: int) -> None:
    wide = np.zeros((8, length), "i8")
    wide[3, 5] = 2**40
    for first, second in (("damaged", "wide"), ("wide", "damaged")):
        members = {"a": np.zeros(3), first: wide, second: wide, "z": np.zeros(3)}
        members["damaged"] = np.arange(wide.size).reshape(wide.shape)
        path = savez(tmp_path / "x.npz", deflated, **members)
        with zipfile.ZipFile(path) as archive:
            crc = archive.getinfo("damaged.npy").CRC
        path.write_bytes(path.read_bytes().replace(crc.to_bytes(4, "little"), (crc ^ 1).to_bytes(4, "little")))
        places = {"a": None, "z": None, "damaged": PLACES[place], "wide": PLACES[place]}
        error, text = {"damaged": (zipfile.BadZipFile, "CRC"), "wide": (OverflowError, r"'wide': element \(3, 5\)")}[
            first
        ]
        with npload.jax.load(path, sharding=places) as arrays, pytest.raises(error, match=text):
            arrays.load_all()


PEAK = """
import os, sys, json
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
import jax, numpy as np, npload.jax
from npload.jax import _members
from jax.sharding import NamedSharding, PartitionSpec as P
_members._PASSING = 4 << 20
mesh = jax.sharding.Mesh(np.array(jax.devices()), "x")
path, sharding = sys.argv[1], NamedSharding(mesh, P("x")) if sys.argv[2] == "rows" else None
def load(keys):
    with npload.jax.load(path, sharding=sharding, threads=2) as arrays:
        return jax.block_until_ready(arrays.load_all(keys))
def peak():
    fields = dict(line.split(":") for line in open("/proc/self/status"))
    return int(fields["VmHWM"].split()[0]) << 10, int(fields["VmRSS"].split()[0]) << 10
load(["0"])
open("/proc/self/clear_refs", "w").write("5")
before = peak()[1]
arrays = load(None)
print(json.dumps([peak()[0] - before, sum(array.nbytes for array in arrays.values())]))
"""


@pytest.mark.parametrize("place", ["none", "rows"])
@pytest.mark.parametrize("deflated", [False, True])
def test_the_peak_of_64_bits_is_the_result_and_a_batch(tmp_path: Path, place: str, deflated: bool) -> None:
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("this system does not let a process set its peak back")
    one = np.arange(512 << 10).reshape(512, 1024)
    path = savez(tmp_path / "x.npz", deflated, **{str(number): one for number in range(32)})
    done = subprocess.run(
        [sys.executable, "-P", "-c", PEAK, str(path), place], capture_output=True, text=True, check=True
    )
    grown, nbytes = json.loads(done.stdout)
    assert nbytes == 64 << 20
    # Two members of 4 MiB, and what is the peak of other loads.
    assert grown < nbytes + (8 << 20) + (8 << 20), grown
