"""The cases: what is loaded, by whom, and that all give the same."""

from __future__ import annotations

import io
import mmap
import os
import pickle
import threading
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from inputs import Inputs

import npload

Contenders = dict[str, Callable[[], object]]


@dataclass(frozen=True)
class Case:
    """Some lines of the table: a contender each. `aim` is how many times faster than the first of them npload is to be,
    `rounds` how often all are run at most, `fresh` that nobody finds memory left over from another call.
    """

    name: str
    prepare: Callable[[Inputs], Contenders]
    aim: float | None = None
    rounds: int | None = None
    fresh: bool = False


def equal(ours: Any, theirs: Any) -> None:
    """Assert that two results are the same: dtype, shape, order and values."""
    assert type(ours) is type(theirs) and ours.dtype == theirs.dtype and ours.shape == theirs.shape
    assert ours.flags.c_contiguous == theirs.flags.c_contiguous and ours.flags.writeable == theirs.flags.writeable
    if ours.dtype.hasobject:
        assert ours.tolist() == theirs.tolist()
    else:
        assert ours.tobytes("A") == theirs.tobytes("A")


def loads(path: Path, **options: Any) -> Contenders:
    """Both loads of one file."""
    name = str(path)
    equal(npload.load(name, **options), np.load(name, **options))
    # Called with nothing between: a function of Python's costs a fiftieth of the smallest load.
    return {"numpy": partial(np.load, name, **options), "npload": partial(npload.load, name, **options)}


def reading_threads(path: Path, threads: int = 2, piece: int = 4 << 20) -> Callable[[], object]:
    """Plain reads of a file by threads into fresh memory of huge pages: the least that a load could do."""

    def read() -> None:
        source = os.open(path, os.O_RDONLY)
        size = os.fstat(source).st_size
        memory = mmap.mmap(-1, size + (4 << 20), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        memory.madvise(mmap.MADV_HUGEPAGE)
        view = memoryview(memory)
        pieces = iter(range(0, size, piece))

        def work() -> None:
            for start in pieces:  # each piece goes to the thread that asks first: `next` holds the GIL
                end = min(start + piece, size)
                while start < end:
                    start += os.preadv(source, [view[start:end]], start)

        workers = [threading.Thread(target=work) for _ in range(threads - 1)]
        for worker in workers:
            worker.start()
        work()
        for worker in workers:
            worker.join()
        view.release()
        memory.close()
        os.close(source)

    return read


def large(files: Inputs) -> Path:
    return files.npy("f4-256.npy", lambda: files.floats(256))


def large_npy(files: Inputs) -> Contenders:
    path = large(files)
    return {**loads(path), "2 reading threads": reading_threads(path)}


def one_thread(files: Inputs) -> Contenders:
    path = large(files)
    return {
        "numpy": partial(np.load, path),
        "npload": partial(npload.load, path, threads=1),
        "1 reading thread": reading_threads(path, threads=1),
    }


def forgotten(path: Path, load: Callable[[], object]) -> Callable[[], object]:
    """The load of a file that is dropped from the page cache before."""

    def run() -> object:
        with open(path, "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return load()

    return run


def cold(files: Inputs) -> Contenders:
    path = large(files)
    return {name: forgotten(path, load) for name, load in loads(path).items()}


def cold_npz(files: Inputs) -> Contenders:
    path = stored_npz(files)
    return {name: forgotten(path, load) for name, load in one_by_one(path).items()}


def of_dtype(files: Inputs, dtype: str, order: str) -> Contenders:
    def array() -> np.ndarray:
        flat = np.frombuffer(files.integers(64).tobytes(), "u1")
        kind = np.dtype(dtype)
        if kind.kind in "bU":
            values = (flat & 1).astype("?") if kind.kind == "b" else np.tile(["ab", "cdef"], flat.size // 16 // 2)
            return np.asarray(values.astype(kind).reshape(64, -1), order=order)
        return np.asarray(flat.view(kind).reshape(64, -1), order=order)

    plain = dtype.strip("<>|").replace("[", "-").replace("]", "")
    name = f"dtype-{'be' if dtype[0] == '>' else 'le'}-{plain}-{order}.npy"
    return loads(files.npy(name, array))


def peeking(files: Inputs) -> Contenders:
    """Names, dtypes and shapes of 5,000 members."""
    path = files.members()

    def by_numpy() -> list[Any]:
        found = []
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    np.lib.format.read_magic(member)
                    shape, _, dtype = np.lib.format.read_array_header_1_0(member)
                    found.append((name.removesuffix(".npy"), shape, dtype))
        return found

    def ours() -> list[Any]:
        return [(key, member.shape, member.dtype) for key, member in npload.peek(path).items()]

    assert ours() == by_numpy()
    return {"numpy": by_numpy, "npload": ours}


def each_member(load: Callable[..., Any], path: Path) -> Callable[[], object]:
    def run() -> dict[str, Any]:
        with load(str(path)) as archive:
            return {key: archive[key] for key in archive.files}

    return run


def all_members(path: Path, **options: Any) -> Callable[[], dict[str, Any]]:
    def run() -> dict[str, Any]:
        with npload.load(str(path), **options) as archive:
            return archive.load_all()

    return run


def one_by_one(path: Path) -> Contenders:
    contenders: dict[str, Callable[[], Any]] = {
        "numpy": each_member(np.load, path),
        "npload": each_member(npload.load, path),
    }
    same_members(contenders)
    return contenders


def at_once(path: Path) -> Contenders:
    contenders: dict[str, Callable[[], Any]] = {
        "numpy": each_member(np.load, path),
        "npload": all_members(path),
        "npload, threads=1": all_members(path, threads=1),
    }
    same_members(contenders)
    return contenders


def same_members(contenders: dict[str, Callable[[], Any]]) -> None:
    theirs, ours = contenders["numpy"](), contenders["npload"]()
    assert list(ours) == list(theirs)
    for key in theirs:
        equal(ours[key], theirs[key])


def stored_npz(files: Inputs) -> Path:
    return files.npz("stored-256.npz", lambda: {"a": files.floats(256)})


def deflated_npz(files: Inputs) -> Path:
    def arrays() -> dict[str, np.ndarray]:
        return dict(zip("ab", np.array_split(files.integers(128), 2), strict=True))

    return files.npz("deflated-walk-128.npz", arrays, deflated=True)


def one_member(files: Inputs) -> Contenders:
    path = files.npz("deflated-walk-64-alone.npz", lambda: {"a": files.integers(64)}, deflated=True)
    return at_once(path)


def zstd(files: Inputs) -> Contenders:
    """The tensors of the deflated archive as zstd, which NumPy cannot read: beside the deflated one."""
    deflated = deflated_npz(files)

    def make(path: Path) -> None:
        with np.load(deflated) as archive:
            npload.save_npz(path, dict(archive), compression="zstd")

    smaller = files.file("zstd-walk-128.npz", make)
    contenders: dict[str, Callable[[], Any]] = {
        "numpy": each_member(np.load, deflated),
        "npload": all_members(smaller),
        "npload, deflated": all_members(deflated),
        "npload, threads=1": all_members(smaller, threads=1),
    }
    same_members(contenders)
    return contenders


def lookups(files: Inputs) -> Contenders:
    path = files.members()
    theirs, ours = np.load(path), npload.load(path)
    keys = theirs.files[:: max(1, len(theirs.files) // 100)]
    assert ours.files == theirs.files
    for key in keys:
        equal(ours[key], theirs[key])

    def look(archive: Any) -> Callable[[], object]:
        return lambda: [archive[key] for key in keys]

    return {"numpy": look(theirs), "npload": look(ours)}


def containment(files: Inputs) -> Contenders:
    path = files.members()
    theirs, ours = np.load(path), npload.load(path)
    keys = [*theirs.files[:: max(1, len(theirs.files) // 100)], "missing", "missing.npy"]
    assert [key in ours for key in keys] == [key in theirs for key in keys]

    def look(archive: Any) -> Callable[[], object]:
        def run() -> None:
            for key in keys:
                key in archive  # noqa: B015

        return run

    return {"numpy": look(theirs), "npload": look(ours)}


def opening(files: Inputs, count: int = 5000) -> Contenders:
    path = str(files.members(count))
    assert npload.load(path).files == np.load(path).files

    def run(load: Callable[..., Any]) -> Callable[[], object]:
        return lambda: load(path).close()

    return {"numpy": run(np.load), "npload": run(npload.load)}


def from_memory(files: Inputs, mebibytes: int) -> Contenders:
    array = files.floats(mebibytes)
    file = io.BytesIO()
    np.save(file, array)

    def run(load: Callable[..., Any]) -> Callable[[], Any]:
        def again() -> Any:
            file.seek(0)
            return load(file)

        return again

    contenders = {"numpy": run(np.load), "npload": run(npload.load)}
    equal(contenders["npload"](), contenders["numpy"]())
    return contenders


def open_file(files: Inputs) -> Contenders:
    path = files.npy("f4-64.npy", lambda: files.floats(64))

    def run(load: Callable[..., Any]) -> Callable[[], Any]:
        def again() -> Any:
            with open(path, "rb") as file:
                return load(file)

        return again

    contenders = {"numpy": run(np.load), "npload": run(npload.load)}
    equal(contenders["npload"](), contenders["numpy"]())
    return contenders


def fortran(files: Inputs) -> Contenders:
    return loads(files.npy("fortran-64.npy", lambda: np.asfortranarray(files.floats(64).reshape(256, -1))))


def structs(files: Inputs) -> Contenders:
    def array() -> np.ndarray:
        dtype = np.dtype([("id", "<i8"), ("place", "<f4", (3,)), ("name", "S12")])
        return np.frombuffer(files.floats(64).tobytes(), dtype)

    return loads(files.npy("structs-64.npy", array))


def objects(files: Inputs) -> Contenders:
    def array() -> np.ndarray:
        return np.array([{"n": n, "text": f"text {n}"} for n in range(100_000 // files.shrink)], dtype=object)

    return loads(files.npy("objects.npy", array), allow_pickle=True)


def safely(path: Path) -> Contenders:
    """NumPy with Python's own pickle, and npload with pickles as data."""
    name = str(path)
    return {"numpy": partial(np.load, name, allow_pickle=True), "npload": partial(npload.load, name, safe_pickle=True)}


def safe_dicts(files: Inputs) -> Contenders:
    def array() -> np.ndarray:
        return np.array([{"n": n, "text": f"text {n}"} for n in range(200_000 // files.shrink)], dtype=object)

    contenders = safely(files.npy("dicts.npy", array))
    equal(contenders["npload"](), contenders["numpy"]())
    return contenders


def safe_arrays(files: Inputs, protocol: int) -> Contenders:
    def make(path: Path) -> None:
        rng = np.random.default_rng(1)
        arrays = {f"layer {n}": rng.standard_normal(65_536, "f4") for n in range(max(5, 500 // files.shrink))}
        path.write_bytes(pickle.dumps(arrays, protocol))

    contenders: dict[str, Callable[[], Any]] = safely(files.file(f"arrays-{protocol}.pkl", make))
    same_members(contenders)
    return contenders


def small(files: Inputs) -> Contenders:
    return loads(files.npy("small.npy", lambda: np.arange(10.0)))


def small_npz(files: Inputs) -> Contenders:
    return one_by_one(files.npz("small.npz", lambda: {"a": np.arange(10.0)}))


def mapped(files: Inputs) -> Contenders:
    return loads(files.npy("f4-64.npy", lambda: files.floats(64)), mmap_mode="r")


SLICES = {
    "one row": (17_000,),
    "1,000 rows": (slice(4000, 5000),),
    "every 10th row": (slice(None, None, 10),),
    "every 100th row": (slice(None, None, 100),),
    "a column": (slice(None), 300),
    "a block": (slice(1000, 9000), slice(100, 400)),
    "the rear half, reversed": (slice(None, 16_384, -1),),
}


def part(files: Inputs, index: tuple[Any, ...], cold: bool = False) -> Contenders:
    """A part of a matrix of 32,768 rows of 4 KiB; `cold` drops the file from the page cache before."""
    path = str(files.npy("f4-128-matrix.npy", lambda: files.floats(128).reshape(-1, 1024)))
    rows = 32_768 // files.shrink
    if files.shrink > 1:
        index = (slice(rows // 2), *index[1:])
    lazy = npload.open(path)
    contenders: Contenders = {
        "numpy": lambda: np.array(np.load(path, mmap_mode="r")[index]),
        "npload": lambda: lazy[index],
    }
    np.testing.assert_array_equal(*(call() for call in contenders.values()), strict=True)
    return {name: forgotten(Path(path), call) if cold else call for name, call in contenders.items()}


DTYPES = [
    *((dtype, order) for dtype in ("<f8", ">f4", "<i2", "<c16") for order in "CF"),
    ("|b1", "C"),
    ("<U4", "C"),
    ("<M8[ns]", "C"),
]

CASES = [
    Case("npy 256 MB", large_npy, 1.8),
    Case("npy 256 MB, threads=1", one_thread),
    Case("npy 256 MB, cold", cold, rounds=5),
    Case("npz 256 MB, stored, cold", cold_npz, rounds=5),
    Case("npz 256 MB, stored", lambda files: one_by_one(stored_npz(files)), 3.2),
    Case("npz 128 MB, deflated, one by one", lambda files: one_by_one(deflated_npz(files))),
    Case("npz 128 MB, deflated, load_all", lambda files: at_once(deflated_npz(files)), 4.8),
    Case("npz 64 MB, deflated, one member", one_member, 2.9),
    Case("npz 128 MB, zstd, load_all", zstd),
    Case("npz 5,000 members, one by one", lambda files: one_by_one(files.members()), 80),
    Case("npz 5,000 members, load_all", lambda files: at_once(files.members()), 120),
    Case("npz of one small array", small_npz),
    Case("npy small", small, 20),
    Case("npy 1 MB", lambda files: loads(files.npy("f4-1.npy", lambda: files.floats(1)))),
    Case("npy mmap_mode='r'", mapped, 8),
    Case("npz lookup of 100 keys", lookups, 1),
    Case("npz `in` of 100 keys", containment, 1),
    Case("npz open, 5,000 members", opening),
    Case("npz open, 1,000,000 members", partial(opening, count=1_000_000), rounds=3),
    Case("npz peek, 5,000 members", peeking),
    Case("npz 100 members, load_all", lambda files: at_once(files.members(100))),
    Case("BytesIO 64 MB", lambda files: from_memory(files, 64)),
    Case("BytesIO 1 MB", lambda files: from_memory(files, 1)),
    Case("open file, 64 MB", open_file),
    Case("npy 64 MB, Fortran", fortran),
    Case("npy 64 MB, structs", structs),
    *(Case(f"npy 64 MB, {dtype}, {order}", partial(of_dtype, dtype=dtype, order=order)) for dtype, order in DTYPES),
    Case("npy 100,000 objects", objects),
    Case("safe: npy of 200,000 dicts", safe_dicts, 1.1),
    Case("safe: 500 arrays, protocol 4", lambda files: safe_arrays(files, 4), 1.8),
    Case("safe: 500 arrays, protocol 5", lambda files: safe_arrays(files, 5), 1.8),
    Case("safe: 500 arrays, protocol 2", lambda files: safe_arrays(files, 2)),
    *(Case(f"part: {name}", partial(part, index=index), 0.9) for name, index in SLICES.items()),
    *(Case(f"cold part: {name}", partial(part, index=index, cold=True), 1) for name, index in SLICES.items()),
]
