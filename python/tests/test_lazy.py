"""Arrays that are opened and not loaded, past one process: rows, blocks, pickling, dask, xarray."""

from __future__ import annotations

import io
import itertools
import multiprocessing
import os
import pickle
import resource
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload
from made import archive, header, npy, saved

ARRAY = np.arange(2 * 3 * 500, dtype="<f4").reshape(60, 10, 5)


@pytest.fixture(params=["npy", "fortran", "stored", "deflated", "file"])
def lazy(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """ARRAY, opened and not loaded, in every way that it may lie."""
    np.save(tmp_path / "x.npy", np.asfortranarray(ARRAY) if request.param == "fortran" else ARRAY)
    np.savez(tmp_path / "stored.npz", a=np.zeros(3), x=ARRAY)
    np.savez_compressed(tmp_path / "deflated.npz", a=np.zeros(3), x=ARRAY)
    opened: Any
    if request.param == "file":
        opened = npload.open(io.BytesIO(saved(ARRAY)))
    elif request.param in ("stored", "deflated"):
        with npload.open(tmp_path / f"{request.param}.npz") as npz:
            opened = npz["x"]
    else:
        opened = npload.open(tmp_path / "x.npy")
    with opened as array:
        yield array


def test_rows(lazy: Any) -> None:
    rows = list(lazy)
    assert len(rows) == 60
    for ours, theirs in zip(rows, ARRAY, strict=True):
        assert type(ours) is np.ndarray
        np.testing.assert_array_equal(ours, theirs)


def test_rows_of_a_vector_are_scalars_and_of_a_scalar_there_are_none(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(3))
    assert [type(row) for row in npload.open(tmp_path / "x.npy")] == [np.int64] * 3
    np.save(tmp_path / "x.npy", np.float64(1))
    with pytest.raises(TypeError, match="iteration over a 0-d array"):
        iter(npload.open(tmp_path / "x.npy")).__next__()


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0,), (2, 0, 5)])
def test_rows_of_an_array_without_elements(tmp_path: Path, shape: tuple[int, ...]) -> None:
    array = np.zeros(shape)
    np.save(tmp_path / "x.npy", array)
    lazy: Any = npload.open(tmp_path / "x.npy")
    assert [row.shape for row in lazy] == [row.shape for row in array]
    assert list(lazy.blocks()) == []
    assert all(length > 0 for length in lazy.chunks)


@pytest.mark.parametrize("shape", [None, (1, 10, 5), (7, 3, 2), (60, 10, 5), (1000, 1000, 1000)])
def test_blocks(lazy: Any, shape: Any) -> None:
    gathered = np.full(ARRAY.shape, np.nan, ARRAY.dtype)
    for index, block in lazy.blocks(shape):
        assert np.isnan(gathered[index]).all()
        gathered[index] = block
    np.testing.assert_array_equal(gathered, ARRAY)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 0), ()])
def test_blocks_of_a_shape_that_does_not_fit_are_refused(lazy: Any, shape: Any) -> None:
    with pytest.raises(ValueError, match="blocks of shape"):
        lazy.blocks(shape)


def test_blocks_are_refused_to_a_second_thread_and_after_close(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", ARRAY)
    lazy: Any = npload.open(tmp_path / "x.npy")
    blocks = lazy.blocks((1, 10, 5))
    next(blocks)
    lazy.close()
    # What was begun goes on; nothing new begins.
    assert next(blocks)[1].tolist() == ARRAY[1:2].tolist()
    with pytest.raises(ValueError, match="closed"):
        lazy.blocks()
    with pytest.raises(TypeError, match="only an open LazyArray"):
        pickle.dumps(lazy)
    del blocks


def test_a_damaged_member_ends_its_rows_with_an_exception(tmp_path: Path) -> None:
    big = np.arange(5 << 20, dtype="<i8")
    data = bytearray(archive({"x.npy": saved(big)}))
    data[2000] ^= 1
    (tmp_path / "x.npz").write_bytes(data)
    with npload.open(tmp_path / "x.npz") as opened:
        blocks = opened["x"].blocks()
        next(blocks)
        with pytest.raises(npload._npz.zipfile.BadZipFile, match="Bad CRC-32"):
            list(blocks)


def test_load_into_memory_that_is_there(lazy: Any) -> None:
    order: Any = "F" if lazy[:2, :2].flags.f_contiguous else "C"
    out = np.zeros_like(ARRAY, order=order)
    assert lazy.load(out=out) is out
    np.testing.assert_array_equal(out, ARRAY)
    np.testing.assert_array_equal(lazy.load(), ARRAY)
    with pytest.raises(ValueError, match="out has shape"):
        lazy.load(out=np.zeros((3, 3), "<f4"))


BACKWARDS = [np.s_[::-1], np.s_[::-3, ::-1], np.s_[:, ::-2], np.s_[5000:10:-7, 3:], np.s_[..., 0]]


@pytest.mark.parametrize("index", BACKWARDS)
@pytest.mark.parametrize("order", ["C", "F"])
def test_large_parts_of_many_runs_by_several_threads(tmp_path: Path, index: Any, order: Any) -> None:
    array = np.arange(6000 * 1100, dtype="<i4").reshape(6000, 1100)
    np.save(tmp_path / "x.npy", np.asarray(array, order=order))
    with npload.open(tmp_path / "x.npy", threads=3) as lazy:
        part = lazy[index]
    assert part.flags.writeable and type(part) is np.ndarray
    np.testing.assert_array_equal(part, array[index])
    part[...] = -1
    assert (part == -1).all()


@pytest.mark.parametrize("gap", [2, 5, 12, 40])
def test_rows_out_of_a_file_that_is_on_the_disk_alone(tmp_path: Path, gap: int) -> None:
    """Gaps of that many rows of 4 KiB are read through, or not; what is read is the same."""
    array = np.arange(3000 * 512).reshape(3000, 512)
    np.save(tmp_path / "x.npy", array)
    for threads in (1, 2):
        with open(tmp_path / "x.npy", "r+b") as file, npload.open(file, threads=threads) as lazy:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            np.testing.assert_array_equal(lazy[3 :: gap + 1], array[3 :: gap + 1])


# pickling
def test_it_is_pickled_by_its_path_and_key(lazy: Any, request: pytest.FixtureRequest) -> None:
    if "file" in request.node.callspec.id:
        with pytest.raises(TypeError, match="given by its path"):
            pickle.dumps(lazy)
        return
    data = pickle.dumps(lazy)
    assert len(data) < 1000
    again = pickle.loads(data)
    assert type(again) is npload.LazyArray
    np.testing.assert_array_equal(again[3:5, ::-1], ARRAY[3:5, ::-1])


def test_a_relative_path_means_the_same_file_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "x.npy", ARRAY)
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps(npload.open("x.npy", threads=1, verify=True, max_header_size=500))
    monkeypatch.chdir("/")
    assert pickle.loads(data)[0, 0, 1] == 1


@pytest.mark.parametrize("change", ["longer", "later", "another"])
def test_a_file_that_changed_is_refused(tmp_path: Path, change: str) -> None:
    path = tmp_path / "x.npy"
    np.save(path, ARRAY)
    data = pickle.dumps(npload.open(path))
    if change == "longer":
        with path.open("ab") as file:
            file.write(b"\0")
    elif change == "later":
        os.utime(path, ns=(0, path.stat().st_mtime_ns + 1000))
    else:
        np.save(tmp_path / "new.npy", ARRAY.astype("<f8"))
        os.replace(tmp_path / "new.npy", path)
    with pytest.raises(ValueError, match="has changed since it was opened: open it again"):
        pickle.loads(data)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        pickle.loads(data)


def total(array: Any, rows: slice) -> float:
    """What a worker does."""
    return float(array[rows].sum())


@pytest.mark.numpy_leaks  # multiprocessing's own pipes
@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_workers_read_their_rows(tmp_path: Path, method: str) -> None:
    np.save(tmp_path / "x.npy", ARRAY)
    lazy = npload.open(tmp_path / "x.npy")
    with multiprocessing.get_context(method).Pool(2) as pool:
        sums = pool.starmap(total, [(lazy, slice(start, start + 20)) for start in (0, 20, 40)])
    assert sum(sums) == ARRAY.sum(dtype="f8")


def test_eight_threads_read_one_array(lazy: Any) -> None:
    failures: list[BaseException] = []

    def work(seed: int) -> None:
        try:
            for i in range(100):
                row = (seed * 31 + i * 7) % 60
                np.testing.assert_array_equal(lazy[row], ARRAY[row])
        except BaseException as err:
            failures.append(err)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_rows_of_a_large_file_take_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.npy"
    path.write_bytes(npy(header("<f8", (20_000, 10_000))))
    os.truncate(path, path.stat().st_size + 20_000 * 10_000 * 8)
    script = f"""
import resource, numpy, npload
lazy = npload.open({str(path)!r})
next(iter(lazy))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
count = sum(1 for row in lazy if row[0] == 0)
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run([sys.executable, "-P", "-c", script], capture_output=True, text=True, check=True)
    count, grown = map(int, done.stdout.split())
    assert count == 20_000
    assert grown < 40 << 10  # KiB: a block and the next one


# dask and xarray
def test_dask_takes_it_as_it_is_and_reads_its_chunks(lazy: Any) -> None:
    da = pytest.importorskip("dask.array")
    array = da.from_array(lazy)
    assert array.chunks == da.from_array(ARRAY, chunks=lazy.chunks).chunks
    np.testing.assert_array_equal(array.sum(axis=0).compute(), ARRAY.sum(axis=0))
    np.testing.assert_array_equal(da.from_array(lazy, chunks=(20, 4, 5))[5:30, 2].compute(), ARRAY[5:30, 2])


def test_dask_names_the_same_array_the_same(tmp_path: Path) -> None:
    pytest.importorskip("dask")
    from dask.base import tokenize

    np.save(tmp_path / "x.npy", ARRAY)
    np.savez(tmp_path / "x.npz", a=ARRAY, b=ARRAY)
    one, two = npload.open(tmp_path / "x.npy"), npload.open(tmp_path / "x.npy")
    assert tokenize(one) == tokenize(two)
    with npload.open(tmp_path / "x.npz") as opened:
        names = {tokenize(array) for array in (one, opened["a"], opened["b"])}
    os.utime(tmp_path / "x.npy", ns=(0, 1))
    names.add(tokenize(npload.open(tmp_path / "x.npy")))
    names.add(tokenize(npload.open(io.BytesIO(saved(ARRAY)))))
    assert len(names) == 5


def test_xarray_takes_it_as_it_is(lazy: Any) -> None:
    xr = pytest.importorskip("xarray")
    da = pytest.importorskip("dask.array")
    labelled = xr.DataArray(lazy, dims=["a", "b", "c"])
    np.testing.assert_array_equal(labelled.isel(a=slice(3, 9)).mean("b").values, ARRAY[3:9].mean(axis=1))
    chunked = xr.DataArray(da.from_array(lazy), dims=["a", "b", "c"])
    np.testing.assert_array_equal(chunked.sel(a=5).sum("c").values, ARRAY[5].sum(axis=1))


def test_open_files_end_with_their_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=ARRAY)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    for _ in itertools.repeat(None, min(limit, 1200) + 10):
        npload.open(tmp_path / "x.npz")["x"]  # type: ignore[index]
