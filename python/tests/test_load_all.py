"""`NpzFile.load_all`: members side by side, as a dict."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload
from conftest import TESTDATA
from made import archive, saved
from told import told_value

READABLE = [
    path
    for path in sorted((TESTDATA / "npz").glob("*.npz"))
    if not path.name.startswith(("malformed", "truncated", "object", "savez-object"))
]


@pytest.mark.parametrize("path", READABLE, ids=lambda path: path.name)
def test_it_gives_what_lookups_give(path: Path) -> None:
    with npload.load(path) as npz:
        try:
            single = {key: told_value(npz[key]) for key in npz.files}
        except Exception as problem:
            with pytest.raises(type(problem)):
                npz.load_all()
            return
        everything = npz.load_all()
        assert type(everything) is dict
        assert {key: told_value(value) for key, value in everything.items()} == single
        assert list(everything) == list(dict.fromkeys(npz.files))


def test_chosen_keys_in_their_order(open_archive: Any) -> None:
    chosen = open_archive.load_all(["b", "a.npy"])
    assert list(chosen) == ["b", "a.npy"]
    assert chosen["a.npy"].shape == (3, 4)
    assert open_archive.load_all(keys=iter(["a"])).keys() == {"a"}
    assert open_archive.load_all(("b",))["b"].tolist() == [0, 1, 2, 3, 4]
    assert open_archive.load_all([]) == {}


def test_an_unknown_key_is_a_key_error(open_archive: Any) -> None:
    with pytest.raises(KeyError, match="zz is not a file in the archive"):
        open_archive.load_all(["a", "zz"])


def test_keys_that_are_no_texts_are_refused(open_archive: Any) -> None:
    with pytest.raises((KeyError, TypeError)):
        open_archive.load_all([1])
    with pytest.raises(TypeError):
        open_archive.load_all(5)


def test_results_are_writable_and_each_on_its_own(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", **{f"m{number}": np.full(7, number) for number in range(500)})
    with npload.load(tmp_path / "x.npz") as npz:
        everything = npz.load_all()
    everything["m3"][:] = -1
    for number in range(500):
        array = everything[f"m{number}"]
        assert type(array) is np.ndarray and array.flags.writeable and array.flags.aligned
        assert array.tolist() == [-1 if number == 3 else number] * 7


def test_objects_are_loaded_only_when_allowed(tmp_path: Path) -> None:
    np.savez(tmp_path / "o.npz", o=np.array([None, "x"], dtype=object), n=np.arange(2))
    with npload.load(tmp_path / "o.npz") as npz, pytest.raises(ValueError, match="^Object arrays cannot be loaded"):
        npz.load_all()
    with npload.load(tmp_path / "o.npz", allow_pickle=True) as npz:
        everything = npz.load_all()
        assert everything["o"].tolist() == [None, "x"]
        assert everything["n"].tolist() == [0, 1]


def test_one_damaged_member_is_an_error_that_names_it() -> None:
    data = bytearray(archive({f"m{number}.npy": saved(np.arange(50)) for number in range(20)}))
    data[data.index(np.arange(50).tobytes()) + 9] ^= 1
    with (
        npload.load(io.BytesIO(data)) as npz,
        pytest.raises(zipfile.BadZipFile, match=r"Bad CRC-32 for file 'm0\.npy'"),
    ):
        npz.load_all()


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_large_and_small_members_on_any_number_of_threads(tmp_path: Path, threads: int, method: int) -> None:
    arrays = {f"m{n}": np.arange(n * n * 97 % 60_000, dtype="<i4") for n in range(60)}
    (tmp_path / "x.npz").write_bytes(archive({f"{key}.npy": saved(array) for key, array in arrays.items()}, method))
    with npload.load(tmp_path / "x.npz", threads=threads) as npz:
        everything = npz.load_all()
    for key, array in arrays.items():
        np.testing.assert_array_equal(everything[key], array)
