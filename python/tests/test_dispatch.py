"""Six bytes decide what a file is (CONTRACT §1)."""

from __future__ import annotations

import io
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload
from made import archive, saved

PICKLED = "This file contains pickled (object) data"


def test_an_empty_file_is_end_of_file(both: Any, tmp_path: Path) -> None:
    (tmp_path / "empty.npy").write_bytes(b"")
    for file in (tmp_path / "empty.npy", io.BytesIO()):
        with pytest.raises(EOFError, match="^No data left in file$"):
            both(file)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("start", [b"\x93NUMPY", b"PK\x03\x04zz", b"hello!"])
def test_fewer_than_six_bytes_count_as_a_pickle(both: Any, start: bytes, length: int) -> None:
    if start[:length] == b"PK\x03\x04" or (start[:4] == b"PK\x03\x04" and length >= 4):
        pytest.skip("a zip's signature is four bytes")
    with pytest.raises(ValueError) as caught:
        both(io.BytesIO(start[:length]))
    assert str(caught.value).startswith(PICKLED)


@pytest.mark.parametrize("allow_pickle", [False, True])
@pytest.mark.parametrize("data", [b"PK\x03\x04", b"PK\x03\x04junk", b"PK\x03\x04" + b"\0" * 500, b"PK\x05\x06junk"])
def test_a_zip_signature_and_junk_is_a_bad_zip_file(both: Any, data: bytes, allow_pickle: bool) -> None:
    with pytest.raises(zipfile.BadZipFile, match="^File is not a zip file"):
        both(io.BytesIO(data), allow_pickle=allow_pickle)


def test_an_empty_archive_has_no_keys(both: Any) -> None:
    with both(io.BytesIO(archive({}))) as empty:
        assert empty.files == []
        assert len(empty) == 0


@pytest.mark.parametrize("start", [b"PK\x07\x08", b"PK\x01\x02", b"MZ"])
def test_other_starts_of_archives_are_no_archives(both: Any, start: bytes) -> None:
    with pytest.raises(ValueError) as caught:
        both(io.BytesIO(start + archive({"a.npy": saved(1)})))
    assert str(caught.value).startswith(PICKLED)


def test_pickles_are_refused_unless_allowed(both: Any) -> None:
    with pytest.raises(ValueError) as caught:
        both(io.BytesIO(pickle.dumps([1])))
    assert str(caught.value).startswith(PICKLED)
    assert both(io.BytesIO(pickle.dumps([1])), allow_pickle=True) == [1]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("value", [{"a": (1, 2.5, "x")}, None, [], np.arange(3).tolist(), {1, 2}])
def test_pickles_of_every_protocol(both: Any, protocol: int, value: Any, tmp_path: Path) -> None:
    data = pickle.dumps(value, protocol)
    (tmp_path / "x.pkl").write_bytes(data)
    assert both(io.BytesIO(data), allow_pickle=True) == value
    assert both(tmp_path / "x.pkl", allow_pickle=True) == value


def test_a_pickled_array_is_that_array(both: Any) -> None:
    array = np.arange(6).reshape(2, 3)
    loaded = both(io.BytesIO(pickle.dumps(array)), allow_pickle=True)
    assert loaded.tolist() == array.tolist()


def test_bytes_after_a_pickle_are_ignored_and_stay(both: Any) -> None:
    file = io.BytesIO(pickle.dumps("a") + pickle.dumps("b") + b"rest")
    assert both(file, allow_pickle=True) == "a"
    assert both(file, allow_pickle=True) == "b"
    assert file.read() == b"rest"


@pytest.mark.parametrize("data", [b"hello, world", b"\x80", b"\x80\x04\x95", b"(lp0", b"cos\nnothing\n."])
def test_what_is_no_pickle_either_is_an_unpickling_error_with_its_cause(both: Any, data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    for file, name in ((str(path), repr(str(path))), (io.BytesIO(data), "<_io.BytesIO object at")):
        with pytest.raises(pickle.UnpicklingError) as caught:
            both(file, allow_pickle=True)
        assert str(caught.value).startswith(f"Failed to interpret file {name}")
        assert str(caught.value).endswith(" as a pickle")
        assert caught.value.__cause__ is not None


def test_the_cause_is_what_pickle_raised() -> None:
    def cause(load: Any) -> tuple[type, str]:
        with pytest.raises(pickle.UnpicklingError) as caught:
            load(io.BytesIO(b"cos\nnothing\n."), allow_pickle=True)
        return type(caught.value.__cause__), str(caught.value.__cause__)

    assert cause(npload.load) == cause(np.load)


@pytest.mark.parametrize("allow_pickle", [False, True])
def test_arrays_are_arrays_whether_pickles_are_allowed_or_not(both: Any, allow_pickle: bool) -> None:
    assert both(io.BytesIO(saved([1, 2])), allow_pickle=allow_pickle).tolist() == [1, 2]
    with both(io.BytesIO(archive({"a.npy": saved(7)})), allow_pickle=allow_pickle) as npz:
        assert npz["a"] == 7
