"""Files given by path: str, bytes, PathLike; what is no path; what cannot be opened."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload


class PathLike:
    """Just what os.PathLike asks for."""

    def __init__(self, path: str | bytes) -> None:
        self.path = path

    def __fspath__(self) -> str | bytes:
        return self.path


class Text(str):
    """A str of another class."""


@pytest.mark.parametrize("kind", [str, Path, os.fsencode, PathLike, Text, lambda path: PathLike(os.fsencode(path))])
def test_every_kind_of_path(both: Any, npy: Path, kind: Any) -> None:
    assert both(kind(str(npy))).tolist() == list(range(10))


def test_bytes_paths_of_archives(both: Any, npz: Path) -> None:
    with both(os.fsencode(npz)) as archive:
        assert archive.files == ["a", "b"]


def test_relative_paths(both: Any, npy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(npy.parent)
    assert both("ten.npy").size == 10
    assert both("./ten.npy").size == 10


def test_names_that_are_no_unicode(both: Any, npy: Path) -> None:
    odd = os.path.join(os.fsencode(npy.parent), b"\xff\xfe.npy")
    os.rename(npy, odd)
    assert both(odd).size == 10
    assert both(os.fsdecode(odd)).size == 10


def test_the_extension_does_not_count(both: Any, npz: Path, npy: Path) -> None:
    odd = npz.with_suffix(".npy.txt")
    npz.rename(odd)
    with both(odd) as archive:
        assert archive.files == ["a", "b"]
    npy.rename(npy.with_suffix(".npz"))
    assert both(npy.with_suffix(".npz")).size == 10


@pytest.mark.parametrize("file", [3, 2.5, None, [], object()])
def test_what_is_neither_path_nor_file_is_a_type_error(both: Any, file: Any) -> None:
    with pytest.raises(TypeError, match="expected str, bytes or os.PathLike object, not"):
        both(file)


def test_a_missing_file_is_file_not_found_and_names_it(both: Any, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        both(tmp_path / "missing.npy")
    assert caught.value.errno == 2
    assert os.fspath(caught.value.filename) == str(tmp_path / "missing.npy")
    assert str(caught.value) == f"[Errno 2] No such file or directory: '{tmp_path}/missing.npy'"


def test_a_directory_is_is_a_directory(both: Any, tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError) as caught:
        both(tmp_path)
    assert caught.value.errno == 21
    assert os.fspath(caught.value.filename) == str(tmp_path)


def test_a_file_as_directory_is_not_a_directory(both: Any, npy: Path) -> None:
    with pytest.raises(NotADirectoryError):
        both(npy / "x.npy")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_a_permission_error(both: Any, npy: Path) -> None:
    npy.chmod(0)
    with pytest.raises(PermissionError):
        both(npy)


def test_nul_in_a_path_is_a_value_error(both: Any) -> None:
    with pytest.raises(ValueError, match="embedded null byte"):
        both("a\0b.npy")
    with pytest.raises(ValueError, match="embedded null byte"):
        both(b"a\0b.npy")


def test_lone_surrogates_that_are_no_file_name_are_unicode_errors(both: Any) -> None:
    with pytest.raises(UnicodeEncodeError):
        both("\ud800.npy")


def test_a_path_whose_fspath_raises_raises_that(both: Any) -> None:
    class Broken:
        def __fspath__(self) -> str:
            raise LookupError("no path today")

    with pytest.raises(LookupError, match="no path today"):
        both(Broken())


def test_links_are_followed(both: Any, npy: Path) -> None:
    link = npy.with_name("link.npy")
    link.symlink_to(npy)
    assert both(link).size == 10


def test_files_that_are_no_regular_files(tmp_path: Path) -> None:
    with pytest.raises(EOFError, match="No data left in file"):
        npload.load("/dev/null")


def test_a_named_pipe_by_path(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.npy"
    os.mkfifo(pipe)
    np.save(tmp_path / "x.npy", np.arange(300_000))
    writer = threading.Thread(target=pipe.write_bytes, args=((tmp_path / "x.npy").read_bytes(),), daemon=True)
    writer.start()
    array = npload.load(pipe)
    writer.join()
    assert array.tolist() == list(range(300_000))


def test_compressed_npy_by_path_is_not_opened(both: Any, tmp_path: Path) -> None:
    import gzip

    with gzip.open(tmp_path / "x.npy.gz", "wb") as out:
        np.save(out, np.arange(3))
    with pytest.raises(ValueError, match="This file contains pickled"):
        both(tmp_path / "x.npy.gz")
