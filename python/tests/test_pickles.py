"""Object arrays and pickles: Python's own `pickle`, when it is allowed; nothing runs otherwise."""

from __future__ import annotations

import io
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload
from made import archive, header, npy, saved

OBJECTS: dict[str, Any] = {
    "1-d": np.array([1, "two", None, [3]], dtype=object),
    "0-d": np.array({"a": 1}, dtype=object),
    "fortran": np.asfortranarray(np.arange(6).reshape(2, 3).astype(object)),
    "empty": np.empty((0, 2), dtype=object),
    "struct": np.array([(1, "a"), (2, None)], dtype=[("n", "<i4"), ("o", object)]),
    "nested": np.array([np.arange(3), None], dtype=object),
    "subarray": np.zeros(2, dtype=[("o", object, (2,))]),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_object_arrays_from_every_source(both: Any, tmp_path: Path, name: str) -> None:
    array = OBJECTS[name]
    np.save(tmp_path / "o.npy", array)
    np.savez(tmp_path / "o.npz", o=array)
    with open(tmp_path / "o.npy", "rb") as file, both(tmp_path / "o.npz", allow_pickle=True) as npz:
        for loaded in (
            both(tmp_path / "o.npy", allow_pickle=True),
            both(file, allow_pickle=True),
            both(io.BytesIO((tmp_path / "o.npy").read_bytes()), allow_pickle=True),
            npz["o"],
        ):
            assert type(loaded) is np.ndarray
            assert loaded.dtype == array.dtype
            assert loaded.shape == array.shape
            assert loaded.flags.f_contiguous == array.flags.f_contiguous
            assert repr(loaded.tolist()) == repr(array.tolist())


@pytest.mark.parametrize("name", OBJECTS)
def test_object_arrays_are_refused_unless_allowed(both: Any, name: str) -> None:
    data = saved(OBJECTS[name])
    message = r"^Object arrays cannot be loaded when allow_pickle=False"
    with pytest.raises(ValueError, match=message):
        both(io.BytesIO(data))
    with both(io.BytesIO(archive({"o.npy": data}))) as npz, pytest.raises(ValueError, match=message):
        npz["o"]


def test_nothing_runs_unless_it_is_allowed(both: Any, tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "ran"),)

    array = np.array([Payload()], dtype=object)
    datas = [saved(array), pickle.dumps(Payload()), pickle.dumps(array)]
    for data in datas:
        with pytest.raises(ValueError):
            both(io.BytesIO(data))
    with both(io.BytesIO(archive({"a.npy": datas[0], "raw": datas[1]}))) as npz:
        assert npz["raw"] == datas[1]
        with pytest.raises(ValueError):
            npz["a"]
    assert not (tmp_path / "ran").exists()


def test_the_position_is_exactly_behind_a_pickled_array(both: Any) -> None:
    file = io.BytesIO(saved(OBJECTS["1-d"]) + saved(np.arange(3)) + saved(OBJECTS["0-d"]) + b"rest")
    assert both(file, allow_pickle=True).tolist() == [1, "two", None, [3]]
    assert both(file, allow_pickle=True).tolist() == [0, 1, 2]
    assert both(file, allow_pickle=True).tolist() == {"a": 1}
    assert file.read() == b"rest"


def test_a_pickle_in_a_real_file_then_an_array(both: Any, tmp_path: Path) -> None:
    with open(tmp_path / "x", "w+b") as file:
        np.save(file, OBJECTS["1-d"])
        np.save(file, np.arange(3))
        file.seek(0)
        assert both(file, allow_pickle=True)[1] == "two"
        assert both(file, allow_pickle=True).tolist() == [0, 1, 2]


def test_what_the_pickle_raises_is_raised(both: Any) -> None:
    class Failing:
        def __reduce__(self) -> Any:
            return int, ("no number",)

    data = saved(np.array([Failing()], dtype=object))
    with pytest.raises(ValueError, match="invalid literal for int"):
        both(io.BytesIO(data), allow_pickle=True)


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_cut_pickle_is_what_pickle_says(cut: int, tmp_path: Path) -> None:
    data = saved(OBJECTS["1-d"])[:-cut]
    (tmp_path / "x.npy").write_bytes(data)

    def refusal(load: Any, file: Any) -> type:
        with pytest.raises(Exception) as caught:
            load(file, allow_pickle=True)
        return caught.type

    for source in (lambda: io.BytesIO(data), lambda: tmp_path / "x.npy"):
        assert refusal(npload.load, source()) is refusal(np.load, source())


def python_2(text: bytes) -> bytes:
    """An object array of a text of Python 2, whose pickle is of protocol 2."""
    pickled = (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85q\x03U\x01bq\x04\x87q\x05Rq\x06"
        b"(K\x01K\x01\x85q\x07cnumpy\ndtype\nq\x08U\x02O8q\x09K\x00K\x01\x87q\x0aRq\x0b(K\x03U\x01|q\x0cNNNJ\xff\xff\xff\xff"
        b"J\xff\xff\xff\xffK?tq\x0db\x89]q\x0eU" + bytes([len(text)]) + text + b"q\x0fatq\x10b."
    )
    return npy(header("|O", (1,)), pickled)


@pytest.mark.filterwarnings("ignore:.*numpy.core.*:DeprecationWarning")
def test_texts_of_python_2_by_encoding(both: Any) -> None:
    data = python_2(b"caf\xe9")
    assert both(io.BytesIO(data), allow_pickle=True, encoding="latin1").tolist() == ["café"]
    assert both(io.BytesIO(data), allow_pickle=True, encoding="bytes").tolist() == [b"caf\xe9"]
    with pytest.raises(
        UnicodeError, match="(?s)^Unpickling a python object failed: .*You may need to pass the encoding= option"
    ):
        both(io.BytesIO(data), allow_pickle=True)


@pytest.mark.filterwarnings("ignore:.*numpy.core.*:DeprecationWarning")
def test_texts_of_python_2_in_archives(both: Any) -> None:
    data = archive({"a.npy": python_2(b"caf\xe9")})
    with both(io.BytesIO(data), allow_pickle=True, encoding="latin1") as npz:
        assert npz["a"].tolist() == ["café"]
    with both(io.BytesIO(data), allow_pickle=True) as npz, pytest.raises(UnicodeError, match="encoding="):
        npz["a"]


def test_names_of_python_2_by_fix_imports(both: Any) -> None:
    pickled = b"c__builtin__\nset\n((lp0\nI1\natR."
    assert both(io.BytesIO(pickled), allow_pickle=True) == {1}
    with pytest.raises(pickle.UnpicklingError) as caught:
        both(io.BytesIO(pickled), allow_pickle=True, fix_imports=False)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_string_dtype_through_its_pickled_form(both: Any, tmp_path: Path) -> None:
    array = np.array(["a", "long text " * 20, ""], dtype=np.dtypes.StringDType())
    with pytest.warns(UserWarning):
        data = saved(array)
    loaded = both(io.BytesIO(data), allow_pickle=True)
    assert loaded.dtype == array.dtype
    assert loaded.tolist() == array.tolist()
    with pytest.raises(ValueError, match="^Object arrays cannot be loaded when allow_pickle=False"):
        both(io.BytesIO(data))


def test_identity_within_a_pickle_is_kept(both: Any) -> None:
    shared = [1]
    loaded = both(io.BytesIO(saved(np.array([shared, shared, None], dtype=object))), allow_pickle=True)
    assert loaded[0] is loaded[1]


def test_objects_that_load_npload_again_while_they_are_loaded(npy: Path) -> None:
    data = saved(np.array([Recursive(str(npy))], dtype=object))
    assert npload.load(io.BytesIO(data), allow_pickle=True)[0].tolist() == list(range(10))


class Recursive:
    """Becomes, when unpickled, what npload loads from a path."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return npload.load, (self.path,)


def test_python_does_not_need_to_import_pickle_for_arrays(npy: Path) -> None:
    assert npload.load(npy).size == 10
    assert "numpy" in sys.modules


@pytest.mark.parametrize("options", [{"allow_pickle": True}, {"safe_pickle": True}], ids=["allowed", "safe"])
@pytest.mark.parametrize("name", ["o.npy", "o.pkl"])
def test_a_file_that_is_replaced_meanwhile_is_read_as_it_was_opened(tmp_path: Path, options: Any, name: str) -> None:
    path = tmp_path / name
    array = np.array([{"a": 1}, None], dtype=object)
    (tmp_path / "other").write_bytes(b"this is another file, which took the place of the first")
    if name == "o.npy":
        np.save(path, array)
    else:
        path.write_bytes(pickle.dumps(array))

    class Replaced(os.PathLike[str]):
        """Names the file once; whoever opens it by its name again finds another."""

        asked = 0

        def __fspath__(self) -> str:
            self.asked += 1
            return str(path if self.asked == 1 else tmp_path / "other")

    assert npload.load(Replaced(), **options).tolist() == array.tolist()
