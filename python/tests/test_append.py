"""`NpyAppender` and `edit_npz`: files that grow and archives that change, and nothing lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

import npload


def test_a_file_that_grew_is_the_one_that_numpy_saves_at_once(tmp_path: Path) -> None:
    rows = np.arange(60.0).reshape(20, 3)
    for end in range(1, 20):
        path = tmp_path / f"{end}.npy"
        with npload.NpyAppender(path) as log:
            assert log.shape is None and log.dtype is None
            log.append(rows[:end])
            assert np.array_equal(np.load(path), rows[:end])
            log.append(rows[end:][::-1][::-1])
            assert (log.shape, log.dtype) == ((20, 3), rows.dtype)
        np.save(tmp_path / "whole.npy", rows)
        assert path.read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_files_of_numpys_grow_and_keep_their_note(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones((9, 2), ">i2"))
    with npload.NpyAppender(tmp_path / "x.npy") as log:
        log.append(np.zeros((1, 2), ">i2"))
    assert np.load(tmp_path / "x.npy").shape == (10, 2)
    npload.save(tmp_path / "b.npy", np.ones(3, ml_dtypes.bfloat16))
    with npload.NpyAppender(tmp_path / "b.npy", durable=True) as log:
        log.append(np.zeros(2, ml_dtypes.bfloat16))
    assert npload.load(tmp_path / "b.npy").dtype == ml_dtypes.bfloat16


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    np.save(path, np.ones((2, 3)))
    was = path.read_bytes()
    with npload.NpyAppender(path) as log:
        with pytest.raises(TypeError, match="float64.*int64"):
            log.append(np.ones((2, 3), int))
        with pytest.raises(ValueError, match="first length alone"):
            log.append(np.ones((2, 4)))
        with pytest.raises(ValueError, match="one at a time"):
            npload.NpyAppender(path)
    with pytest.raises(ValueError, match="closed"):
        log.append(np.ones((2, 3)))
    assert path.read_bytes() == was
    for array in (np.asfortranarray(np.ones((2, 3))), np.array(1), np.array([{}])):
        np.save(path, array)
        with pytest.raises(ValueError, match="Fortran|without axes|objects"):
            npload.NpyAppender(path)


GROWING = """
import sys
import numpy as np, npload
log = npload.NpyAppender(sys.argv[1])
for i in range(100_000):
    log.append(np.full((37, 5), i))
    print(i, flush=True)
"""


def test_readers_and_who_comes_after_a_kill_see_whole_appends(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    rng = np.random.default_rng(0)
    length = 0
    for _ in range(8):
        with subprocess.Popen([sys.executable, "-c", GROWING, str(path)], stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "0\n"
            until = time.monotonic() + float(rng.random()) * 0.1
            while time.monotonic() < until:
                array = npload.load(path)
                assert len(array) % 37 == 0 and len(array) >= length
                assert (array.reshape(-1, 185) == array[::37, :1]).all()
            process.send_signal(signal.SIGKILL)
            process.communicate()
        array = np.load(path)
        assert len(array) % 37 == 0 and len(array) > length
        length = len(array)


def test_members_are_added_replaced_and_removed_and_the_others_stay_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    npload.savez_compressed(path, a=np.arange(1000), b=np.ones(3), c=np.zeros(5))
    with zipfile.ZipFile(path) as before:
        size = before.getinfo("a.npy").compress_size
    npload.edit_npz(path, add={"d": [1, 2]}, replace={"b": ["text"]}, remove=["c"])
    with zipfile.ZipFile(path) as after, np.load(path) as loaded:
        assert after.testzip() is None and after.getinfo("a.npy").compress_size == size
        assert loaded.files == ["a", "b", "d"]
        assert loaded["b"] == ["text"] and list(loaded["d"]) == [1, 2] and np.array_equal(loaded["a"], np.arange(1000))
    was = path.read_bytes()
    with pytest.raises(KeyError, match="zz is not a file in the archive"):
        npload.edit_npz(path, add={"e": 1}, remove=["zz"])
    with pytest.raises(ValueError, match="has a member of this name"):
        npload.edit_npz(path, add={"a": 1})
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        npload.edit_npz(path, add={"o": np.array([{}])}, allow_pickle=False)
    assert path.read_bytes() == was and os.listdir(tmp_path) == ["x.npz"]


def test_archives_of_numpys_keep_every_kind_of_member(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, a=np.arange(3))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("é/notes.txt", "text " * 100)
        archive.writestr("lzma.bin", b"x" * 1000, zipfile.ZIP_LZMA)
    npload.edit_npz(path, add={"w": np.ones(2)}, compression="deflate")
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.npy", "é/notes.txt", "lzma.bin", "w.npy"]
        assert archive.read("é/notes.txt") == b"text " * 100
