"""`save`, `savez`, `savez_compressed`: NumPy's bytes, readable by NumPy and zipfile, and nothing lost."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import npload

DTYPES = [
    "?", "i1", "u2", ">i4", "<u8", "f2", ">f4", "f8", "longdouble", "c8", ">c16", "clongdouble", "S0", "S5", "U0", "U3",
    ">U2", "V0", "V7", "M8[s]", ">M8[25us]", "m8[D]", "M8", "f4,i2", "i4,(2,3)f8,S3",
]  # fmt: skip
STRUCTS = [
    np.dtype([("a", "f4"), ("b", [("c", ">i2"), ("d", "S3", (2,))])]),
    np.dtype({"names": ["a", "b"], "formats": ["i1", "f8"], "offsets": [2, 8], "itemsize": 20}),
    np.dtype([(("title", "a"), "f4"), ("b", "i1")]),
    np.dtype([("a", "i1"), ("b", "f8")], align=True),
    np.dtype([("日本", "f4")]),
    np.dtype([]),
    np.dtype([("o", "O"), ("n", "i4")]),
]
ML = [
    name
    for name in ("bfloat16", "float8_e5m2", "float8_e4m3fn", "float8_e8m0fnu", "int4", "uint2", "float4_e2m1fn")
    if hasattr(ml_dtypes, name)
]


def arrays_of(dtype: Any) -> list[np.ndarray[Any, Any]]:
    """Return arrays of a dtype in every order and with every kind of gap."""
    dtype = np.dtype(dtype)
    if dtype.hasobject:
        base = np.zeros((4, 6), dtype)
    else:
        size = 4 * 6 * dtype.itemsize
        base = np.frombuffer((bytes(range(1, 250)) * (size // 249 + 1))[:size], np.uint8)
        base = np.ndarray((4, 6), dtype, base.tobytes()) if dtype.itemsize else np.zeros((4, 6), dtype)
    return [
        base, base.T, np.asfortranarray(base), base[::-1], base[:, ::2], base[1:1], base[0], base[:, 1], base[2, 3],
        base.reshape(2, 2, 6).transpose(1, 0, 2), base.reshape(4, 1, 6), np.broadcast_to(base[0], (3, 6)),
        base[..., None].T,
    ]  # fmt: skip


def numpys(array: Any) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings():
        # NumPy warns of formats that every NumPy since 1.17 reads.
        warnings.simplefilter("ignore")
        np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize("dtype", [*DTYPES, *STRUCTS, "O"], ids=str)
def test_every_dtype_and_order_has_numpys_bytes(dtype: Any, tmp_path: Path) -> None:
    for array in arrays_of(dtype):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            file = io.BytesIO()
            npload.save(file, array)
            npload.save(tmp_path / "x.npy", array)
        expected = numpys(array)
        assert (tmp_path / "x.npy").read_bytes() == file.getvalue()
        fields = np.dtype(dtype).fields or {}
        if fields and np.dtype(dtype).itemsize > sum(np.dtype(field[0]).itemsize for field in fields.values()):
            # What NumPy writes between the fields of an array with gaps is left to chance.
            assert file.getvalue()[:128] == expected[:128] and len(file.getvalue()) == len(expected)
            assert np.array_equal(np.load(tmp_path / "x.npy"), array)
            continue
        assert file.getvalue() == expected


@settings(deadline=None, max_examples=60)
@given(
    array=hnp.arrays(
        st.one_of(hnp.scalar_dtypes(), hnp.nested_dtypes(max_itemsize=64)),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
        fill=st.nothing(),
    ),
    axes=st.randoms(use_true_random=False),
    step=st.sampled_from([1, 2, -1, -3]),
)
def test_any_array_has_numpys_bytes(array: Any, axes: Any, step: int) -> None:
    turn = list(range(array.ndim))
    axes.shuffle(turn)
    array = array.transpose(turn)
    if array.ndim:
        array = array[::step]
    file = io.BytesIO()
    npload.save(file, array)
    assert file.getvalue() == numpys(array)
    stored, deflated = io.BytesIO(), io.BytesIO()
    npload.savez(stored, array, name=array)
    npload.savez_compressed(deflated, array, name=array)
    for archive in (stored, deflated):
        with zipfile.ZipFile(archive) as members:
            assert members.testzip() is None
            assert members.read("name.npy") == members.read("arr_0.npy") == numpys(array)


@pytest.mark.parametrize("kind", [np.save, npload.save])
def test_what_is_no_array_becomes_one(kind: Callable[..., None], tmp_path: Path) -> None:
    for i, value in enumerate([3, 2.5, [1, 2], "text", [[True]], None, {"a": 1}]):
        kind(tmp_path / f"{i}.npy", value)
        loaded = np.load(tmp_path / f"{i}.npy", allow_pickle=True)
        assert loaded.dtype == np.asanyarray(value).dtype and np.all(loaded == np.asanyarray(value))


@pytest.mark.parametrize("name", ML)
def test_ml_dtypes_come_back_from_npy_and_npz_and_numpy_reads_their_bytes(name: str, tmp_path: Path) -> None:
    dtype = np.dtype(getattr(ml_dtypes, name))
    simple = np.arange(24).astype(np.float32).astype(dtype).reshape(4, 6)
    struct = np.zeros(3, [("w", dtype, (2,)), ("n", "i4"), ("in", [("q", dtype)])])
    struct["w"] = np.ones((3, 2)).astype(dtype)
    for array in (simple, simple.T, struct, simple[0, 1]):
        npload.save(tmp_path / "x.npy", array)
        npload.savez(tmp_path / "x.npz", a=array)
        npload.savez_compressed(tmp_path / "c.npz", a=array)
        with npload.load(tmp_path / "x.npz") as stored, npload.load(tmp_path / "c.npz") as deflated:
            for loaded in (npload.load(tmp_path / "x.npy"), stored["a"], deflated["a"]):
                assert loaded.dtype == array.dtype and loaded.shape == array.shape
                assert loaded.tobytes() == array.tobytes()
        plain = np.load(tmp_path / "x.npy")
        assert plain.itemsize == array.itemsize and plain.tobytes() == array.tobytes()
    npload.save(tmp_path / "x.npy", simple)
    void = b"'<V2'" if dtype.itemsize == 2 else b"'|V1'"
    assert void in (tmp_path / "x.npy").read_bytes()[:128]


def test_objects_are_pickled_only_where_they_may_be(tmp_path: Path) -> None:
    objects = np.array([{"a": 1}, None], dtype=object)
    npload.save(tmp_path / "x.npy", objects)
    assert npload.load(tmp_path / "x.npy", allow_pickle=True)[0] == {"a": 1}
    for call in (
        lambda: npload.save(tmp_path / "y.npy", objects, allow_pickle=False),
        lambda: npload.savez(tmp_path / "y.npz", objects, allow_pickle=False),
        lambda: npload.save_npz(tmp_path / "y.npz", {"a": objects}, allow_pickle=False),
    ):
        with pytest.raises(ValueError, match="Object arrays cannot be saved when allow_pickle=False"):
            call()
    assert sorted(os.listdir(tmp_path)) == ["x.npy"]


def test_string_dtypes_and_metadata_warn_as_in_numpy(tmp_path: Path) -> None:
    strings = np.array(["a", "bc"], dtype=np.dtypes.StringDType())
    with pytest.warns(UserWarning, match="Custom dtypes are saved as python objects"):
        npload.save(tmp_path / "x.npy", strings)
    assert list(np.load(tmp_path / "x.npy", allow_pickle=True)) == ["a", "bc"]
    meta = np.zeros(2, np.dtype("f4", metadata={"a": 1}))
    with pytest.warns(UserWarning, match="metadata on a dtype"):
        npload.save(tmp_path / "x.npy", meta)
    overlapping = np.zeros(2, {"names": ["a", "b"], "formats": ["f4", "f4"], "offsets": [0, 2]})
    with pytest.raises(ValueError, match="overlapping or out-of-order"):
        npload.save(tmp_path / "y.npy", overlapping)
    with pytest.raises(NotImplementedError, match="mask"):
        npload.save(tmp_path / "y.npy", np.ma.array([1, 2], mask=[0, 1]))
    assert not (tmp_path / "y.npy").exists()


def test_names_are_numpys(tmp_path: Path) -> None:
    npload.save(tmp_path / "a", 1)
    npload.save(str(tmp_path / "b.npy"), 1)
    npload.save(os.fsencode(tmp_path / "c"), 1)
    npload.savez(tmp_path / "d", np.ones(1), w=np.zeros(2), arr_1=np.ones(3))
    assert sorted(os.listdir(tmp_path)) == ["a.npy", "b.npy", "c.npy", "d.npz"]
    with np.load(tmp_path / "d.npz") as loaded:
        assert loaded.files == ["w", "arr_1", "arr_0"]
    with pytest.raises(ValueError, match="Cannot use un-named variables and keyword arr_0"):
        npload.savez(tmp_path / "e", 1, arr_0=2)
    with pytest.raises(ValueError, match="two members have this name"):
        npload.save_npz(tmp_path / "e", [("a", 1), ("a", 2)])
    with pytest.raises(ValueError, match="NUL"):
        npload.save_npz(tmp_path / "e", [("a\0b", 1)])
    with pytest.raises(TypeError):
        npload.save(3, 1)  # type: ignore[arg-type]
    npload.save_npz(tmp_path / "e", {"file": [1], "durable": [2], "é/ü": [3], "": [4]}, durable=True)
    with np.load(tmp_path / "e.npz") as loaded:
        assert [int(loaded[key][0]) for key in ("file", "durable", "é/ü", "")] == [1, 2, 3, 4]


@pytest.mark.parametrize("compression", ["stored", "deflate", "zstd"])
def test_archives_are_read_by_everybody_and_are_the_same_each_time(compression: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    arrays = {
        "small": np.arange(5.0),
        "large": rng.integers(0, 50, 300_000),
        "empty": np.zeros((0, 3)),
        "é": np.asfortranarray(rng.random((50, 60))),
    }
    path = tmp_path / "x.npz"
    npload.save_npz(path, arrays, compression=compression, threads=1)
    first = path.read_bytes()
    npload.save_npz(path, arrays, compression=compression, threads=4)
    assert path.read_bytes() == first
    with npload.load(path) as loaded:
        assert list(loaded) == list(arrays)
        for key, array in arrays.items():
            assert np.array_equal(loaded[key], array) and loaded[key].flags.fnc == array.flags.fnc
    if compression == "zstd" and sys.version_info < (3, 14):
        return
    with np.load(path) as loaded, zipfile.ZipFile(path) as members:
        assert members.testzip() is None
        for key, array in arrays.items():
            assert np.array_equal(loaded[key], array)
            assert members.getinfo(key + ".npy").date_time == (1980, 1, 1, 0, 0, 0)
    if unzip := shutil.which("unzip"):
        done = subprocess.run([unzip, "-tq", path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_levels_make_smaller_files_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 50, 100_000)
    sizes = {}
    for how, level in (("deflate", 0), ("deflate", 1), ("deflate", 9), ("zstd", 1), ("zstd", 19)):
        npload.save_npz(tmp_path / "x.npz", {"a": array}, compression=how, level=level)  # type: ignore[arg-type]
        sizes[how, level] = (tmp_path / "x.npz").stat().st_size
    assert sizes["deflate", 0] > array.nbytes > sizes["deflate", 1] > sizes["deflate", 9]
    assert sizes["zstd", 1] > sizes["zstd", 19]
    for how, level in (("deflate", 10), ("zstd", 0), ("zstd", 23), ("stored", 1), ("lzma", None)):
        with pytest.raises(ValueError, match="level|compression"):
            npload.save_npz(tmp_path / "y.npz", {"a": array}, compression=how, level=level)  # type: ignore[arg-type]


@pytest.mark.parametrize("align", [64, 4096])
def test_stored_members_map_at_their_alignment(align: int, tmp_path: Path) -> None:
    arrays = {f"{'n' * i}": np.full(100 + i, i) for i in range(1, 20)}
    npload.save_npz(tmp_path / "x.npz", arrays, compression="stored", align=align)
    with npload.load(tmp_path / "x.npz", mmap_mode="r") as loaded:
        for key, array in arrays.items():
            assert isinstance(loaded[key], np.memmap)
            assert loaded[key].__array_interface__["data"][0] % align == 0
            assert np.array_equal(loaded[key], array)


class Taker:
    """A writer with nothing but `write`, which takes a few bytes at a time."""

    def __init__(self, most: int | None) -> None:
        self.most = most
        self.taken = b""

    def write(self, data: bytes) -> int | None:
        data = bytes(data)[: self.most]
        self.taken += data
        return None if self.most is None else len(data)


def test_file_objects_get_what_paths_get(tmp_path: Path) -> None:
    array = np.arange(200_000)
    for target in (Taker(None), Taker(1000)):
        npload.save(target, array)
        assert target.taken == numpys(array)
    for most in (None, 100_000):
        taker = Taker(most)
        npload.savez(taker, a=array, b=array[:3])
        with zipfile.ZipFile(io.BytesIO(taker.taken)) as members:
            assert members.testzip() is None and members.read("a.npy") == numpys(array)
    with open(tmp_path / "x", "wb") as file:
        npload.save(file, array)
        npload.save(file, array[:2])
        assert file.tell() == file.seek(0, os.SEEK_END)
    with open(tmp_path / "x", "rb") as file:
        assert np.array_equal(np.load(file), array) and np.array_equal(np.load(file), array[:2])
    for mode in ("wb", "w+b", "ab"):
        for buffering in (-1, 0):
            path = tmp_path / f"{mode}{buffering}"
            with open(path, mode, buffering=buffering) as file:
                npload.savez(file, a=array)
                assert not file.closed
            with np.load(path) as loaded:
                assert np.array_equal(loaded["a"], array)
    with open(tmp_path / "text", "w") as text, pytest.raises(TypeError, match="binary"):
        npload.save(text, array)  # type: ignore[arg-type]


def test_what_a_file_object_raises_comes_through() -> None:
    class Full:
        def write(self, data: bytes) -> int:
            raise OSError(28, "full")

    with pytest.raises(OSError, match="full"):
        npload.save(Full(), np.arange(3))
    with pytest.raises(OSError, match="full"):
        npload.savez_compressed(Full(), np.arange(300_000))


def test_progress_ends_with_all(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    npload.save(tmp_path / "x", np.zeros(1 << 20), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == ((8 << 20) + 128, (8 << 20) + 128)

    def stop(done: int, total: int) -> None:
        raise KeyError("enough")

    with pytest.raises(KeyError, match="enough"):
        npload.save_npz(tmp_path / "y", {"a": np.zeros(1 << 20)}, progress=stop)
    assert sorted(os.listdir(tmp_path)) == ["x.npy"]
