"""Where npload is deliberately better than NumPy: each test fails on NumPy's own load."""

import io
import os
import pathlib
import pickle
import resource
import struct
import threading
import warnings
import zipfile

import numpy as np
import pytest
from conftest import TESTDATA

import npload


def header(text, version=1):
    """Return the beginning of an npy file with that header."""
    text = text.encode("latin1") + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text


def test_mode_w_plus_leaves_the_file_alone(npy):
    before = npy.read_bytes()
    with pytest.raises(ValueError, match="open_memmap"):
        npload.load(npy, mmap_mode="w+")
    assert npy.read_bytes() == before


def test_mode_r_plus_on_a_truncated_file_does_not_extend_it(npy):
    os.truncate(npy, npy.stat().st_size - 8)
    before = npy.read_bytes()
    with pytest.raises(ValueError):
        npload.load(npy, mmap_mode="r+")
    assert npy.read_bytes() == before


@pytest.mark.parametrize("mode", ["r", "c"])
def test_stored_members_of_an_archive_are_mapped(npz, array, mode):
    with npload.load(npz, mmap_mode=mode) as archive:
        mapped = archive["a"]
    assert isinstance(mapped, np.memmap)
    assert mapped.mode == mode
    assert np.array_equal(mapped, array)
    assert mapped.flags.writeable == (mode == "c")
    with open(npz, "rb") as file:
        file.seek(mapped.offset)
        assert file.read(array.nbytes) == array.tobytes()


def test_compressed_members_are_read_with_one_warning(tmp_path, array):
    np.savez_compressed(tmp_path / "c.npz", a=array)
    with npload.load(tmp_path / "c.npz", mmap_mode="r") as archive:
        with pytest.warns(UserWarning, match="cannot be memory-mapped") as told:
            loaded = archive["a"]
    assert len(told) == 1
    assert told[0].filename == __file__
    assert np.array_equal(loaded, array)


def test_members_are_not_mapped_for_writing(npz):
    with pytest.raises(ValueError, match="checksums"):
        npload.load(npz, mmap_mode="r+")


def test_a_checksum_is_checked_also_where_bytes_follow_the_array(tmp_path, array):
    file = io.BytesIO()
    np.save(file, array)
    path = tmp_path / "long.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.npy", file.getvalue() + b"more")
    damaged = bytearray(path.read_bytes())
    damaged[damaged.index(array.tobytes()) + 3] ^= 1
    path.write_bytes(damaged)
    with npload.load(path) as archive, pytest.raises(zipfile.BadZipFile, match="Bad CRC-32"):
        archive["a"]


def test_a_header_is_limited_before_memory_is_taken(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "a.npy", b"\x93NUMPY\x02\0" + struct.pack("<I", 300 << 20) + b" " * (300 << 20)
        )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with npload.load(path) as archive, pytest.raises(ValueError, match="max_header_size"):
        archive["a"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 << 10


def test_sizes_are_exact_and_do_not_wrap():
    whole = header(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**32}, {2**32})}}")
    with pytest.raises(ValueError, match="EOF|larger|too big|exceed") as told:
        npload.loads(whole)
    assert "size 0" not in str(told.value)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 300,
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), b'x': [}",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (" + "9" * 400 + ",)}",
        "{'descr': ('<f8',), 'fortran_order': False, 'shape': (3,)}",
        "{'descr': 5, 'fortran_order': False, 'shape': (3,)}",
        "{{}: 1}",
    ],
)
def test_a_bad_header_is_a_value_error(text):
    with pytest.raises(ValueError):
        npload.loads(header(text))


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b"\x1f\x8b\x08\0\0\0\0", "gzip"),
        (b"\x89HDF\r\n\x1a\n", "h5py"),
        (b"x", "few bytes"),
    ],
)
def test_what_is_no_array_is_named(tmp_path, contents, said):
    path = tmp_path / "x.npy"
    path.write_bytes(contents)
    with pytest.raises(ValueError, match=r"^This file contains pickled \(object\) data") as told:
        npload.load(path)
    assert said in str(told.value)


def test_threads_share_an_archive(tmp_path):
    path = tmp_path / "many.npz"
    arrays = {f"k{i}": np.full(100 + i, i) for i in range(50)}
    np.savez(path, **arrays)
    failures = []

    def read(seed):
        for i in range(400):
            key = f"k{(i * 7 + seed) % 50}"
            try:
                if not np.array_equal(archive[key], arrays[key]):
                    failures.append(key)
            except Exception as err:
                failures.append(err)

    with npload.load(path) as archive:
        threads = [threading.Thread(target=read, args=(seed,)) for seed in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_forked_children_share_an_archive(npz, array):
    with npload.load(npz) as archive:
        archive["a"]
        children = []
        for _ in range(4):
            child = os.fork()
            if child == 0:
                same = all(np.array_equal(archive["a"], array) for _ in range(200))
                os._exit(0 if same else 1)
            children.append(child)
        assert [os.waitpid(child, 0)[1] for child in children] == [0] * 4


def test_an_archive_is_pickled_by_its_path(npz, array):
    with npload.load(npz) as archive, pickle.loads(pickle.dumps(archive)) as again:
        assert np.array_equal(again["a"], array)


def test_an_archive_that_was_overwritten_is_called_changed(npz):
    with npload.load(npz) as archive:
        size = npz.stat().st_size
        npz.write_bytes(b"\0" * size)
        os.utime(npz, (1, 1))
        with pytest.raises(ValueError, match="changed since it was opened"):
            archive["a"]


@pytest.mark.parametrize("name", ["np.int64(3)", "(np.int64(3))"])
def test_numpy_scalars_in_a_shape_are_read_with_a_warning(name):
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({name},), }}"
    with pytest.warns(UserWarning, match="NumPy scalars"):
        assert npload.loads(header(text) + bytes(24)).shape == (3,)


def test_metadata_tuples_are_read_with_a_warning():
    text = "{'descr': ('<f8', {'h5py': 1}), 'fortran_order': False, 'shape': (3,), }"
    with pytest.warns(UserWarning, match="metadata"):
        assert npload.loads(header(text) + bytes(24)).dtype == "f8"


@pytest.mark.parametrize("allow", ["safe", "False", 2, 1.0, [1], b"", None.__class__])
def test_allow_pickle_is_a_bool(npy, allow):
    with pytest.raises(TypeError, match="allow_pickle"):
        npload.load(npy, allow_pickle=allow)


@pytest.mark.parametrize("allow", [True, False, 0, 1, np.True_, np.False_])
def test_bools_of_all_kinds_allow_pickles(npy, array, allow):
    assert np.array_equal(npload.load(npy, allow_pickle=allow), array)


def test_ml_dtypes_are_restored_where_they_are_named():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for name in ("bfloat16", "float8_e5m2", "float8_e4m3fn", "int4"):
        path = TESTDATA / f"npy/ml-{name}-note.npy"
        assert npload.load(path).dtype == getattr(ml_dtypes, name)
    with npload.load(TESTDATA / "npz/ml-notes.npz") as archive:
        assert any(archive[key].dtype == ml_dtypes.bfloat16 for key in archive)


def test_without_ml_dtypes_there_are_bytes_and_a_warning(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "ml_dtypes", None)
    with pytest.warns(UserWarning, match="pip install ml_dtypes"):
        loaded = npload.load(TESTDATA / "npy/ml-bfloat16-note.npy")
    assert loaded.dtype == "V2"


def test_nothing_is_warned_of_a_plain_file(npy):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        npload.load(npy)


def test_a_failed_load_leaves_no_descriptor(tmp_path):
    path = pathlib.Path(tmp_path / "x.npz")
    path.write_bytes(b"PK\x03\x04junk")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        with pytest.raises(zipfile.BadZipFile, match="File is not a zip file"):
            npload.load(path)
    assert len(os.listdir("/proc/self/fd")) == before
