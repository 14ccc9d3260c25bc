"""npload.jax.load to devices with memory of their own, in pieces: those of the CPU stand in for them."""

from __future__ import annotations

import weakref
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from jax.sharding import NamedSharding, SingleDeviceSharding

import npload
import npload.jax
from jax_here import DEVICES, LINE, SHARDINGS, P, assert_equal, savez
from npload.jax import _stage
from npload.jax._source import InFile
from npload.jax._values import Rule
from test_clusters import read_bytes

PIECE = 100_000
ARRAY = np.random.default_rng(0).standard_normal((1024, 1024), "f4")
PLACES: dict[str, Any] = {"none": None, "one": SingleDeviceSharding(DEVICES[3]), **SHARDINGS}


@pytest.fixture(autouse=True)
def staged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stage, "has_own_memory", lambda device: True)
    monkeypatch.setattr(_stage, "_PIECE", PIECE)


def member(path: Path, place: Any, **options: Any) -> jax.Array:
    """The array x of an archive."""
    with npload.jax.load(path, sharding=place, **options) as arrays:
        array: jax.Array = arrays["x"]
        return array


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("deflated", "verify"), [(False, None), (False, True), (True, None), (True, True)])
def test_a_member_is_read_once_and_verified_once(
    tmp_path: Path, place: str, order: Any, deflated: bool, verify: bool | None
) -> None:
    path = savez(tmp_path / "x.npz", deflated, x=np.asarray(ARRAY, order=order))
    before = read_bytes()
    array = member(path, PLACES[place], verify=verify)
    passes = 2 if verify else 1
    assert read_bytes() - before < passes * path.stat().st_size + (1 << 20)
    assert_equal(np.asarray(array), ARRAY)


def test_of_a_compressed_member_what_is_behind_the_last_shard_is_not_read(tmp_path: Path) -> None:
    path = savez(tmp_path / "x.npz", True, x=ARRAY)
    ends: list[int] = []
    target = SingleDeviceSharding(DEVICES[0])
    with npload.open(path) as arrays:
        source = InFile(arrays["x"], "x", lambda: ARRAY)
        blocks = source.blocks

        def counted(shape: tuple[int, ...], *, is_whole: bool) -> Iterator[Any]:
            found = blocks(shape, is_whole=is_whole)
            assert found is not None
            for at, block in found:
                ends.append(at[0][1])
                yield at, block

        source.blocks = counted  # type: ignore[method-assign]
        [array] = _stage.put(source, [((100, 200), (0, 1024))], [target], Rule.of(None, "error", None))
    assert_equal(np.asarray(array), ARRAY[100:200])
    assert 200 <= max(ends) < 200 + PIECE // 4096


@pytest.mark.parametrize("verify", [None, True])
def test_a_stored_member_of_which_a_part_is_wanted_is_verified_once(tmp_path: Path, verify: bool | None) -> None:
    path = savez(tmp_path / "x.npz", False, x=ARRAY)
    target = SingleDeviceSharding(DEVICES[0])

    def part() -> jax.Array:
        with npload.jax.load(path, verify=verify) as arrays:
            source = InFile.member(arrays._npz, "x", "x")
            [array] = _stage.put(source, [((100, 600), (0, 1024))], [target], Rule.of(None, "error", None))
            return array

    before = read_bytes()
    array = part()
    # All of it for its checksum, and what the part needs.
    assert read_bytes() - before < (2 if verify else 0.5) * ARRAY.nbytes + (1 << 20)
    assert_equal(np.asarray(array), ARRAY[100:600])
    data = bytearray(path.read_bytes())
    data[len(data) - 100_000] ^= 1
    path.write_bytes(data)
    if verify:
        with pytest.raises(zipfile.BadZipFile, match="Bad CRC-32 for file 'x.npy'"):
            part()
    else:
        assert_equal(np.asarray(part()), ARRAY[100:600])


def test_a_part_of_what_is_not_there_is_refused(tmp_path: Path) -> None:
    shape = (1 << 30, 1 << 20)
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + header.encode() + bytes(64))
    target = SingleDeviceSharding(DEVICES[0])
    with npload.open(tmp_path / "x.npy") as lazy, pytest.raises(ValueError, match="x.npy"):
        source = InFile(lazy, "x.npy", lazy.load)
        _stage.put(source, [((0, 1 << 29), (0, 1 << 20))], [target], Rule.of(None, "error", None))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("deflated", [False, True])
def test_a_damaged_member_is_refused(tmp_path: Path, place: str, deflated: bool) -> None:
    path = savez(tmp_path / "x.npz", deflated, x=ARRAY)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(Exception) as theirs, npload.load(path) as arrays:
        arrays["x"]
    with pytest.raises(theirs.type) as ours:
        member(path, PLACES[place])
    if not deflated:
        assert str(ours.value) == str(theirs.value)
        assert member(path, PLACES[place], verify=False).shape == ARRAY.shape


@pytest.mark.parametrize("kind", ["device", "pinned_host", "unpinned_host"])
def test_memory_kinds(tmp_path: Path, kind: str) -> None:
    np.save(tmp_path / "x.npy", ARRAY)
    for place in (
        NamedSharding(LINE, P("x"), memory_kind=kind),
        SingleDeviceSharding(DEVICES[3], memory_kind=kind),
    ):
        array = npload.jax.load(tmp_path / "x.npy", sharding=place)
        assert array.sharding == place and array.sharding.memory_kind == kind
        assert_equal(np.asarray(array), ARRAY)


def test_axes_that_an_int32_cannot_count_are_sent_whole() -> None:
    for shape in ((2**31,), (8, 2**31), (2**31, 8)):
        assert not _stage.is_for(None, shape, np.dtype("u1"))
    assert _stage.is_for(None, (2**31 - 1, 8), np.dtype("u1"))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("deflated", [False, True])
def test_nothing_is_transferred_implicitly(tmp_path: Path, place: str, deflated: bool) -> None:
    path = savez(tmp_path / "x.npz", deflated, x=ARRAY)
    np.save(tmp_path / "x.npy", ARRAY)
    with jax.transfer_guard("disallow"):
        arrays = [member(path, PLACES[place]), npload.jax.load(tmp_path / "x.npy", sharding=PLACES[place])]
    for array in arrays:
        assert array.committed == (place != "none")
        assert_equal(np.asarray(array), ARRAY)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", ["npy", "part", "stored", "deflated"])
def test_the_host_holds_few_pieces_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, place: str
) -> None:
    alive: list[weakref.ref[Any]] = []
    most: list[int] = []

    def watch(array: Any) -> None:
        assert array.nbytes <= PIECE
        while isinstance(array, np.ndarray) and array.base is not None:
            array = array.base
        alive.append(weakref.ref(array))
        most.append(sum(reference() is not None for reference in alive))

    boxes, blocks, write = InFile.boxes, InFile.blocks, _stage._write

    def watched_boxes(self: InFile, wanted: Any) -> Any:
        read = boxes(self, wanted)
        for array in read:
            watch(array)
        return read

    def watched_blocks(self: InFile, shape: Any, *, is_whole: bool) -> Any:
        found = None if kind == "part" else blocks(self, shape, is_whole=is_whole)
        return found if found is None else ((watch(block), (at, block))[1] for at, block in found)

    def written(*args: Any) -> Any:
        # On a CPU a piece is the memory that was read, in use for as long as it is being written.
        return write(*args).block_until_ready()

    monkeypatch.setattr(InFile, "boxes", watched_boxes)
    monkeypatch.setattr(InFile, "blocks", watched_blocks)
    monkeypatch.setattr(_stage, "_write", written)
    if kind in ("npy", "part"):
        np.save(tmp_path / "x.npy", ARRAY)
        array = npload.jax.load(tmp_path / "x.npy", sharding=PLACES[place])
    else:
        array = member(savez(tmp_path / "x.npz", kind == "deflated", x=ARRAY), PLACES[place])
    assert_equal(np.asarray(array), ARRAY)
    assert len(most) >= ARRAY.nbytes // PIECE
    assert max(most) <= 1 + _stage._AHEAD + 1
