"""Pipes and sockets cannot seek: they are read as they come."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

import npload

ARRAY = np.arange(200_000, dtype="<i4").reshape(400, 500)


@contextmanager
def pipe_with(data: bytes, buffering: int = -1) -> Iterator[BinaryIO]:
    """The reading end of a pipe that another thread writes to."""
    source, sink = os.pipe()

    def write() -> None:
        with open(sink, "wb") as out:
            try:
                out.write(data)
            except BrokenPipeError:
                pass

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    with open(source, "rb", buffering=buffering) as file:
        yield file
    writer.join()


def saved(path: Path) -> bytes:
    np.save(path / "x.npy", ARRAY)
    return (path / "x.npy").read_bytes()


@pytest.mark.parametrize("buffering", [-1, 0])
def test_an_array_from_a_pipe(tmp_path: Path, buffering: int) -> None:
    with pipe_with(saved(tmp_path), buffering) as file:
        np.testing.assert_array_equal(npload.load(file), ARRAY)


def test_arrays_one_after_the_other_from_a_pipe(tmp_path: Path) -> None:
    with pipe_with(saved(tmp_path) * 3 + b"and text") as file:
        for _ in range(3):
            np.testing.assert_array_equal(npload.load(file), ARRAY)
        assert file.read() == b"and text"


def test_an_archive_from_a_pipe(npz: Path) -> None:
    with pipe_with(npz.read_bytes()) as file:
        archive = npload.load(file)
        assert archive.files == ["a", "b"]
        assert archive["a"].tolist() == np.arange(12.0).reshape(3, 4).tolist()


def test_a_pipe_that_ends_early(tmp_path: Path) -> None:
    with (
        pipe_with(saved(tmp_path)[:-1]) as file,
        pytest.raises(ValueError, match="expected 800000 bytes got 799999|could only read 199999"),
    ):
        npload.load(file)


def test_a_pipe_that_claims_a_terabyte(tmp_path: Path) -> None:
    head = saved(tmp_path)[:128].replace(b"(400, 500), }   ", b"(1099511627776,)}")[:128]
    with pipe_with(head + b"\0" * 1000) as file, pytest.raises(ValueError, match="EOF|Failed to read"):
        npload.load(file)


def test_an_empty_pipe() -> None:
    with pipe_with(b"") as file, pytest.raises(EOFError, match="No data left in file"):
        npload.load(file)


def test_a_socket(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    data = saved(tmp_path)
    writer = threading.Thread(target=theirs.sendall, args=(data,), daemon=True)
    writer.start()
    with ours, theirs, ours.makefile("rb") as file:
        np.testing.assert_array_equal(npload.load(file), ARRAY)
        writer.join()


def test_objects_from_a_pipe(tmp_path: Path) -> None:
    np.save(tmp_path / "o.npy", np.array([1, "two", None], dtype=object))
    with pipe_with((tmp_path / "o.npy").read_bytes()) as file:
        assert npload.load(file, allow_pickle=True).tolist() == [1, "two", None]


def test_a_pickle_from_a_pipe() -> None:
    import pickle

    for protocol in range(6):
        with pipe_with(pickle.dumps({"a": [1, 2]}, protocol)) as file:
            value: Any = npload.load(file, allow_pickle=True)
            assert value == {"a": [1, 2]}
