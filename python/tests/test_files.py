"""Many files as one array."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload

PARTS = [np.arange(i * 1000, i * 1000 + 24, dtype="<i4").reshape(4, 3, 2) for i in range(12)]
LONG = [np.arange(n * 6, dtype="<f8").reshape(n, 3, 2) + 1000 * i for i, n in enumerate([4, 0, 1, 7, 3])]


def save(folder: Path, parts: list[Any], order: Any = "C") -> str:
    for number, part in enumerate(parts):
        np.save(folder / f"part-{number}.npy", np.asarray(part, order=order))
    return str(folder / "part-*.npy")


INDICES: list[Any] = [
    0, -1, 5, ..., slice(None), slice(2, 9), slice(None, None, -1), slice(9, 2, -3), slice(20, 30), slice(0, 0),
    (slice(3, 5), 1), (..., 1), (slice(None), 0, ..., None), (None, 3), (2, slice(None), slice(1, None)),
    (slice(1, 11, 4), slice(None, None, -1), 2), np.int64(3), (1, 2, 0), [1, 3], (slice(None), [0, 2]), True,
]  # fmt: skip


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_an_index_of_stacked_files_gives_what_it_gives_of_the_array(
    tmp_path: Path, index: Any, axis: int, order: Any
) -> None:
    expected = np.stack(PARTS, axis)
    with npload.open(save(tmp_path, PARTS, order), stack=axis) as files:
        assert (files.shape, files.dtype, files.ndim) == (expected.shape, expected.dtype, 4)
        assert (files.size, files.nbytes, len(files)) == (expected.size, expected.nbytes, len(expected))
        same(files, expected, index)


@pytest.mark.parametrize("axis", [0, -3])
@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_an_index_of_joined_files_gives_what_it_gives_of_the_array(tmp_path: Path, index: Any, axis: int) -> None:
    expected = np.concatenate(LONG, axis)
    with npload.open(save(tmp_path, LONG), concat=axis) as files:
        assert (files.shape, files.dtype) == (expected.shape, expected.dtype)
        same(files, expected, index)


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_an_index_of_files_joined_along_a_middle_axis(tmp_path: Path, index: Any) -> None:
    parts = [part.transpose(1, 0, 2) for part in LONG]
    with npload.open(save(tmp_path, parts), concat=1) as files:
        same(files, np.concatenate(parts, 1), index)


def same(files: Any, array: Any, index: Any) -> None:
    try:
        expected = array[index]
    except IndexError:
        with pytest.raises(IndexError):
            files[index]
        return
    found = files[index]
    assert np.shape(found) == np.shape(expected) and np.asarray(found).dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("axis", [0, 1, 3])
def test_all_of_it(tmp_path: Path, order: Any, axis: int) -> None:
    expected = np.stack(PARTS, axis)
    with npload.open(save(tmp_path, PARTS, order), stack=axis) as files:
        for found in (files.load(), np.asarray(files), np.stack(list(files))):
            np.testing.assert_array_equal(found, expected)
        out = np.zeros_like(expected)
        assert files.load(out=out) is out
        np.testing.assert_array_equal(out, expected)
        assert np.asarray(files, "f8").dtype == "f8"
        with pytest.raises(ValueError, match="out has dtype"):
            files.load(out=np.zeros(3))


def test_numbers_in_names_are_numbers(tmp_path: Path) -> None:
    with npload.open(save(tmp_path, PARTS), stack=0) as files:
        assert files[:, 0, 0, 0].tolist() == [i * 1000 for i in range(12)]
    assert "in 12 files" in repr(files)


def test_a_list_of_paths_keeps_its_order(tmp_path: Path) -> None:
    save(tmp_path, PARTS)
    paths = [tmp_path / f"part-{number}.npy" for number in (7, 2, 7)]
    with npload.open(paths, stack=0) as files:
        assert files[:, 0, 0, 0].tolist() == [7000, 2000, 7000]


def test_one_file_and_scalars(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.float64(3))
    with npload.open(tmp_path / "x.npy", stack=0) as files:
        assert files.shape == (1,) and files[0] == 3 and list(files) == [3] and files.load().tolist() == [3]


def test_only_files_that_are_needed_are_opened(tmp_path: Path) -> None:
    pattern = save(tmp_path, PARTS)
    files = npload.open(pattern, concat=0)
    for number in (0, 1, 2, 5, 9):
        os.unlink(tmp_path / f"part-{number}.npy")
    assert files[12:20, 0, 0].tolist() == [3000, 3006, 3012, 3018, 4000, 4006, 4012, 4018]
    with pytest.raises(FileNotFoundError):
        files[4]
    files.close()


def test_a_thousand_files_leave_few_descriptors_open(tmp_path: Path) -> None:
    pattern = save(tmp_path, [np.full(2, i) for i in range(1000)])
    before = len(os.listdir("/proc/self/fd"))
    with npload.open(pattern, stack=0) as files:
        assert files[:, 0].tolist() == list(range(1000))
        assert len(os.listdir("/proc/self/fd")) <= before + 64
    with pytest.raises(ValueError, match="closed"):
        files[0]


def test_it_is_pickled_and_refuses_files_that_changed(tmp_path: Path) -> None:
    with npload.open(save(tmp_path, PARTS), stack=0) as files:
        files[3]
        again = pickle.loads(pickle.dumps(files))
    np.testing.assert_array_equal(again[2:5], np.stack(PARTS[2:5]))
    np.save(tmp_path / "part-7.npy", np.zeros(5))
    with pytest.raises(ValueError, match=r"part-7.npy' has changed since it was opened"):
        again[7]
    again.close()


@pytest.mark.parametrize(
    ("parts", "how", "message"),
    [
        ([np.zeros(3), np.zeros(4)], {"stack": 0}, r"part-1.npy' has shape \(4,\), and .*\(3,\).* cannot be stacked"),
        ([np.zeros((3, 2)), np.zeros((3, 3))], {"concat": 0}, "cannot be joined along axis 0"),
        ([np.zeros(3), np.zeros((3, 1))], {"concat": 0}, "cannot be joined along axis 0"),
        ([np.zeros(3), np.zeros(3, "f4")], {"stack": 0}, "part-1.npy' has dtype float32, and .* has float64"),
        ([np.zeros(3)], {"stack": 2}, "axis 2 is out of bounds"),
        ([np.zeros(3)], {"concat": 1}, "axis 1 is out of bounds"),
        ([np.float64(0)], {"concat": 0}, "axis 0 is out of bounds"),
    ],
)  # fmt: skip
def test_files_that_do_not_fit_are_refused_by_name(tmp_path: Path, parts: Any, how: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        npload.open(save(tmp_path, parts), **how)


def test_what_is_no_npy_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no file matches"):
        npload.open(str(tmp_path / "none-*.npy"), stack=0)
    with pytest.raises(FileNotFoundError):
        npload.open(tmp_path / "missing.npy", stack=0)
    with pytest.raises(ValueError, match="no files to open"):
        npload.open([], stack=0)
    np.savez(tmp_path / "x.npz", a=1)
    with pytest.raises(ValueError, match="is an archive"):
        npload.open(tmp_path / "x.npz", concat=0)
    with pytest.raises(TypeError, match="exclude each other"):
        npload.open(tmp_path / "x.npz", concat=0, stack=0)  # type: ignore[call-overload]


def test_dask_and_xarray_take_it(tmp_path: Path) -> None:
    da = pytest.importorskip("dask.array")
    xr = pytest.importorskip("xarray")
    expected = np.stack(PARTS)
    with npload.open(save(tmp_path, PARTS), stack=0) as files:
        assert files.chunks == (1, 4, 3, 2)
        np.testing.assert_array_equal(da.from_array(files).sum(axis=0).compute(), expected.sum(axis=0))
        labelled = xr.DataArray(da.from_array(files), dims=["time", "x", "y", "z"])
        np.testing.assert_array_equal(labelled.isel(time=slice(2, 9)).mean("x").values, expected[2:9].mean(axis=1))
