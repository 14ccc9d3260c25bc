"""npload.jax.load onto devices: every sharding of every kind of file gives what jnp.load and device_put give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest
from jax.sharding import NamedSharding, SingleDeviceSharding

import npload.jax
from jax_here import DEVICES, LINE, SHARDINGS, P, assert_equal, savez
from npload.jax import _stage
from test_clusters import read_bytes

ARRAY = np.random.default_rng(0).standard_normal((64, 48, 8), "f4")


@pytest.fixture(params=["C", "F", "big-endian", "stored", "stored F", "deflated", "deflated F", "mapped", "mapped F",
                        "mapped stored", "open file"])  # fmt: skip
def load(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Any]:
    """Loads ARRAY out of one kind of file."""
    kind = request.param
    array = np.asfortranarray(ARRAY) if "F" in kind else ARRAY
    if kind in ("C", "F", "big-endian", "mapped", "mapped F", "open file"):
        np.save(tmp_path / "x.npy", array.astype(">f4") if kind == "big-endian" else array)
        if kind == "open file":

            def opened(**options: Any) -> Any:
                with open(tmp_path / "x.npy", "rb") as file:
                    return npload.jax.load(file, **options)

            return opened
        mode: Any = "r" if "mapped" in kind else None
        return lambda **options: npload.jax.load(tmp_path / "x.npy", mode, **options)
    path = savez(tmp_path / "x.npz", "deflated" in kind, other=np.arange(5), x=array)
    mode = "r" if "mapped" in kind else None

    def member(sharding: Any = None, device: Any = None) -> Any:
        places: Any = {"x": sharding, "other": None} if device is None else None
        with npload.jax.load(path, mode, sharding=places, device=device) as arrays:
            return arrays["x"]

    return member


@pytest.mark.parametrize("name", SHARDINGS)
def test_every_sharding_of_every_file(load: Callable[..., Any], name: str) -> None:
    ours = load(sharding=SHARDINGS[name])
    theirs = jax.device_put(ARRAY, SHARDINGS[name])
    assert ours.sharding == SHARDINGS[name] and ours.committed
    assert_equal(ours, theirs)
    for mine, its in zip(ours.addressable_shards, theirs.addressable_shards, strict=True):
        assert (mine.device, mine.index, mine.replica_id) == (its.device, its.index, its.replica_id)
        assert_equal(mine.data, its.data)


def test_every_file_on_one_device_and_on_none(load: Callable[..., Any]) -> None:
    for place in ({"device": DEVICES[3]}, {"sharding": SingleDeviceSharding(DEVICES[3])}):
        array = load(**place)
        assert array.committed and array.devices() == {DEVICES[3]}
        assert_equal(array, jax.device_put(ARRAY, DEVICES[3]))
    array = load()
    assert not array.committed
    assert_equal(array, jnp.asarray(ARRAY))
    # Uncommitted means that it goes where others are.
    assert (array + jax.device_put(1, DEVICES[5])).devices() == {DEVICES[5]}


def test_the_default_device_is_where_it_goes_uncommitted(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", ARRAY)
    with jax.default_device(DEVICES[2]):
        ours, theirs = npload.jax.load(tmp_path / "x.npy"), jnp.load(tmp_path / "x.npy")
    assert ours.devices() == theirs.devices() == {DEVICES[2]}
    assert ours.committed == theirs.committed is False


@pytest.mark.parametrize("dtype", ["?", "i1", "f2", "c8", "bfloat16", "float8_e4m3fn", "int4", "i8", "f8"])
@pytest.mark.parametrize("name", ["rows", "blocks"])
def test_every_width(tmp_path: Path, dtype: str, name: str) -> None:
    spelt: Any = getattr(ml_dtypes, dtype, dtype)
    array = np.arange(32 * 16).reshape(32, 16).astype("i1") % 2
    array = array.astype(spelt)
    np.save(tmp_path / "x.npy", array)
    options: Any = {"dtype": spelt} if hasattr(ml_dtypes, dtype) else {}
    ours = npload.jax.load(tmp_path / "x.npy", sharding=SHARDINGS[name], **options)
    assert_equal(np.asarray(ours), np.asarray(jax.device_put(array, SHARDINGS[name])))


def test_small_axes_and_none(tmp_path: Path) -> None:
    for array in (np.float32(3), np.zeros((0, 4), "f4"), np.zeros((8, 0), "i4"), np.arange(8, dtype="i4")):
        np.save(tmp_path / "x.npy", array)
        spec = P("x") if array.ndim == 1 else P()
        assert_equal(npload.jax.load(tmp_path / "x.npy", sharding=NamedSharding(LINE, spec)),
                     jax.device_put(array, NamedSharding(LINE, spec)))  # fmt: skip
    np.save(tmp_path / "x.npy", np.zeros((7, 3)))
    with pytest.raises(ValueError, match="evenly"):
        npload.jax.load(tmp_path / "x.npy", sharding=SHARDINGS["rows"])


@pytest.mark.parametrize("pickles", [{}, {"allow_pickle": True}, {"safe_pickle": True}, {"allow_pickle": np.False_}])
def test_what_devices_share_is_read_once(tmp_path: Path, pickles: Any) -> None:
    rows = np.zeros((1024, 16 << 10), "u1")
    np.save(tmp_path / "x.npy", rows)
    few = jax.sharding.Mesh(np.array(DEVICES[:2]), ("x",))
    for sharding in (NamedSharding(few, P("x")), NamedSharding(LINE, P())):
        before = read_bytes()
        npload.jax.load(tmp_path / "x.npy", sharding=sharding, **pickles)
        assert read_bytes() - before < rows.nbytes + (64 << 10)


def test_pickles_being_allowed_changes_nothing_for_numbers(tmp_path: Path) -> None:
    """Each shard has memory of its own, as without it."""
    np.save(tmp_path / "x.npy", ARRAY)
    for pickles in ({"allow_pickle": True}, {"safe_pickle": True}):
        array = npload.jax.load(tmp_path / "x.npy", sharding=SHARDINGS["columns"], **pickles)
        assert_equal(array, jax.device_put(ARRAY, SHARDINGS["columns"]))
    np.save(tmp_path / "o.npy", np.array([1, None]), allow_pickle=True)
    assert npload.jax.load(tmp_path / "o.npy", safe_pickle=True).tolist() == [1, None]


def test_a_sharding_of_more_axes_than_the_array_has_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(8, "f4"))
    np.savez_compressed(tmp_path / "x.npz", a=np.zeros(8, "f4"))
    with pytest.raises(ValueError, match=r"x\.npy: .*rank"):
        npload.jax.load(tmp_path / "x.npy", sharding=SHARDINGS["blocks"])
    with (
        npload.jax.load(tmp_path / "x.npz", sharding=SHARDINGS["blocks"]) as arrays,
        pytest.raises(ValueError, match=r"x\.npz: member 'a': .*rank"),
    ):
        arrays["a"]


# Devices with memory of their own: those of the CPU stand in for them.
@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_stage, "has_own_memory", lambda device: True)
    monkeypatch.setattr(_stage, "_PIECE", 10_000)


@pytest.mark.usefixtures("staged")
@pytest.mark.parametrize("name", [None, "one", *SHARDINGS])
def test_pieces_are_put_together_on_the_devices(load: Callable[..., Any], name: str | None) -> None:
    if name is None:
        ours, theirs = load(), jnp.asarray(ARRAY)
        assert not ours.committed
    elif name == "one":
        ours, theirs = load(device=DEVICES[4]), jax.device_put(ARRAY, DEVICES[4])
        assert ours.devices() == {DEVICES[4]} and ours.committed
    else:
        ours, theirs = load(sharding=SHARDINGS[name]), jax.device_put(ARRAY, SHARDINGS[name])
        assert ours.sharding == SHARDINGS[name]
    assert_equal(ours, theirs)


@pytest.mark.usefixtures("staged")
def test_pieces_of_any_shape_and_of_64_bits(tmp_path: Path) -> None:
    for shape in ((50_000,), (1, 50_000), (2, 25_000), (25_000, 2), (3, 1, 15_000)):
        for order in ("C", "F"):
            array = np.asarray(np.arange(np.prod(shape)).reshape(shape), order=order)  # type: ignore[call-overload]
            np.save(tmp_path / "x.npy", array)
            assert_equal(npload.jax.load(tmp_path / "x.npy"), jnp.asarray(array))
    array[0, 0, 14_000] = 2**40
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(OverflowError, match=r"element \(0, 0, 14000\) is 1099511627776"):
        npload.jax.load(tmp_path / "x.npy")
