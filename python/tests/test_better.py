"""Where npload is better on purpose: a test for each row of CONTRACT §7. NumPy, run beside, fails each."""

from __future__ import annotations

import io
import os
import pickle
import struct
import subprocess
import sys
import warnings
import zipfile
import zlib
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from conftest import TESTDATA
from made import archive, header, npy, place_of, saved

DATA = np.arange(3, dtype="<i4").tobytes()


# mmap_mode='w+' truncates the file to 0 bytes, then raises TypeError.
def test_w_plus_is_refused_and_leaves_the_file_alone(better: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.arange(10))
    before = path.read_bytes()
    with pytest.raises(ValueError):
        better(path, mmap_mode="w+")
    assert path.read_bytes() == before


# r+ on a truncated file extends it with zeros.
def test_r_plus_of_a_truncated_file_is_refused_and_leaves_it_alone(better: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.arange(10))
    path.write_bytes(path.read_bytes()[:-20])
    before = path.read_bytes()
    with pytest.raises(ValueError):
        better(path, mmap_mode="r+")
    assert path.read_bytes() == before


# mmap_mode silently ignored for .npz.
@pytest.mark.parametrize("mode", ["r", "c"])
def test_stored_members_are_mapped(better: Any, npz: Path, mode: str) -> None:
    with better(npz, mmap_mode=mode) as file:
        assert type(file["a"]) is np.memmap
        assert file["a"].mode == mode


def test_compressed_members_are_read_with_one_warning(better: Any, tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "c.npz", a=np.arange(3), b=np.arange(4))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with better(tmp_path / "c.npz", mmap_mode="r") as file:
            assert file["a"].tolist() == [0, 1, 2]
            assert file["b"].tolist() == [0, 1, 2, 3]
    assert [warning.category for warning in caught] == [UserWarning]


def test_archives_are_not_mapped_read_write(better: Any, npz: Path) -> None:
    with pytest.raises(ValueError, match="checksum"):
        better(npz, mmap_mode="r+")["a"]


# CRC not checked when bytes follow the array in a member.
def test_the_checksum_is_checked_when_bytes_follow_the_array(better: Any) -> None:
    member = saved(np.arange(1000)) + b"and more" * 1000
    data = bytearray(archive({"a.npy": member}))
    data[place_of(data, "a.npy") + 200] ^= 1
    with better(io.BytesIO(data)) as file, pytest.raises(zipfile.BadZipFile, match="Bad CRC-32"):
        file["a"]


# Header read before its size is checked.
def test_a_header_is_not_read_before_its_size_is_checked(better: Any) -> None:
    size = 100 << 20
    packed = zlib.compressobj(wbits=-15)
    text = packed.compress(npy(b" " * size, version=(2, 0))) + packed.flush()
    bomb = _deflated("a.npy", text, 12 + size)
    script = (
        "import sys, resource, io; data = sys.stdin.buffer.read(); import npload, numpy\n"
        f"load = {'numpy' if better is np.load else 'npload'}.load\n"
        "import zipfile, zlib\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try: load(io.BytesIO(data))['a']\n"
        "except ValueError as problem: assert 'max_header_size' in str(problem), problem\n"
        "else: sys.exit('no error')\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    done = subprocess.run([sys.executable, "-P", "-c", script], input=bomb, capture_output=True, check=True)
    assert int(done.stdout) < 32 << 10, "KiB more than before"


def _deflated(name: str, packed: bytes, size: int) -> bytes:
    """An archive of one member, deflated already, with a checksum of 0."""
    encoded = name.encode()
    fields = struct.pack("<HHHHHIII", 20, 0, 8, 0, 33, 0, len(packed), size)
    local = b"PK\3\4" + fields + struct.pack("<HH", len(encoded), 0) + encoded + packed
    central = b"PK\1\2" + struct.pack("<H", 20) + fields
    central += struct.pack("<HHHHHII", len(encoded), 0, 0, 0, 0, 0, 0) + encoded
    return local + central + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


@pytest.mark.parametrize("size", [1 << 40, 1 << 50])
def test_memory_follows_the_bytes_that_exist(better: Any, size: int, tmp_path: Path) -> None:
    path = tmp_path / "lie.npy"
    path.write_bytes(npy(header("<u1", (size,)), b"\0" * 100))
    for file in (path, io.BytesIO(path.read_bytes())):
        with pytest.raises(ValueError):
            better(file)


# Shape product wraps int64.
def test_a_product_that_wraps_to_zero_is_not_empty(better: Any) -> None:
    with pytest.raises(ValueError, match="2147483648|4294967296|elements|bytes") as caught:
        better(io.BytesIO(npy(header("<f4", (2**32, 2**32)))))
    assert "reshape" not in str(caught.value)


# tokenize.TokenError, MemoryError, TypeError on bad headers.
@pytest.mark.parametrize(
    "text",
    [
        "{'descr': '<i4', 'fortran_order': False, 'shape': (3,",
        "{'descr': '<i4",
        "{'a': 1, 2: 3}",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (" + "(" * 500 + ")",
        "{'descr': '<i4', 'fortran_order': False, 'shape': (False,)}",
        "{[]: 1}",
        "{'descr': ('<i4',), 'fortran_order': False, 'shape': (3,)}",
        "{'descr': 'f4,(2', 'fortran_order': False, 'shape': (3,)}",
    ],
    ids=["open", "quote", "mixed keys", "deep", "bool shape", "unhashable", "tuple of one", "comma string"],
)
def test_a_bad_header_is_a_value_error(better: Any, text: str) -> None:
    with pytest.raises(ValueError):
        better(io.BytesIO(npy(text, DATA)))


# Any non-npy → "contains pickled data".
@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("format-git-lfs.npy", "git.?lfs"),
        ("format-html.npy", "html"),
        ("format-gzip.npy", "gzip"),
        ("format-hdf5.npy", "hdf5"),
        ("format-png.npy", "png"),
        ("format-zstd.npy", "zstandard|zstd"),
        ("format-parquet.npy", "parquet"),
        ("format-safetensors.npy", "safetensors"),
        ("1-bytes.npy", "start of an array file"),
        ("zip-prefixed.npz", "zip"),
    ],
)
def test_what_is_no_array_is_named_with_what_to_do(better: Any, name: str, word: str) -> None:
    with pytest.raises(ValueError, match=rf"(?is)^This file contains pickled \(object\) data.*({word})"):
        better(TESTDATA / "malformed" / name)


# Archive overwritten while open.
def test_an_archive_that_was_overwritten_says_so(better: Any, npz: Path) -> None:
    with better(npz) as file:
        os.utime(npz, (1, 1))
        with open(npz, "r+b") as other:
            other.truncate()
            np.savez(other, a=np.arange(70_000), c=np.arange(3))
        with pytest.raises(Exception, match="changed since it was opened"):
            file["b"]


def test_an_archive_that_was_replaced_is_still_the_old_one(both: Any, npz: Path) -> None:
    with both(npz) as file:
        np.savez(npz.with_name("new.npz"), a=1)
        npz.with_name("new.npz").rename(npz)
        assert file["b"].tolist() == [0, 1, 2, 3, 4]


# np.int64(3) in a shape; h5py's metadata.
def test_numpy_scalars_in_a_shape_are_read_with_a_warning(better: Any) -> None:
    text = "{'descr': '<i4', 'fortran_order': False, 'shape': (np.int64(3),)}"
    with pytest.warns(UserWarning, match=r"np\.int64\(3\)"):
        assert better(io.BytesIO(npy(text, DATA))).tolist() == [0, 1, 2]


def test_metadata_of_a_dtype_is_left_out_with_a_warning(better: Any) -> None:
    text = "{'descr': ('<i4', {'enum': {'A': 0}}), 'fortran_order': False, 'shape': (3,)}"
    with pytest.warns(UserWarning, match="metadata"):
        assert better(io.BytesIO(npy(text, DATA))).tolist() == [0, 1, 2]


# allow_pickle takes any truthy value.
@pytest.mark.parametrize("value", ["safe", "False", 2, [0]])
def test_what_only_looks_true_does_not_run_code(better: Any, tmp_path: Path, value: Any) -> None:
    class Payload:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "ran"),)

    data = saved(np.array([Payload()], dtype=object))
    with pytest.raises(TypeError, match="allow_pickle"):
        better(io.BytesIO(data), allow_pickle=value)
    assert not (tmp_path / "ran").exists()


# ml_dtypes come back as V1, V2, or refused.
@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "int4", "float8_e5m2"])
def test_noted_ml_dtypes_are_restored(better: Any, dtype: str) -> None:
    array = np.array([1, 2, 3], getattr(ml_dtypes, dtype))
    text = f"{{'descr': '|V{array.itemsize}', 'fortran_order': False, 'shape': (3,), }} # dtype: {dtype}\n"
    data = npy(text, array.tobytes())
    with better(io.BytesIO(archive({"w.npy": data}))) as file:
        for loaded in (better(io.BytesIO(data)), file["w"]):
            assert loaded.dtype == array.dtype
            assert loaded.astype("f4").tolist() == [1, 2, 3]


# Failed unpickling, limits and results of threads: test_threads.py, test_processes.py, test_npzfile.py.
def test_an_npzfile_is_pickled_by_its_path(better: Any, npz: Path) -> None:
    with better(npz) as file:
        assert pickle.loads(pickle.dumps(file))["b"].tolist() == [0, 1, 2, 3, 4]
