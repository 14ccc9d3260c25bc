"""What NumPy has not: peek, open, loads, load_many, out=, progress=."""

from __future__ import annotations

import io
import os
import pickle
import warnings
from array import array
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload
from conftest import TESTDATA
from made import archive, header, npy, saved
from told import told_dtype

ARRAY = np.arange(60, dtype="<i4").reshape(3, 4, 5)


# loads
def test_loads_takes_buffers_whose_elements_are_no_bytes() -> None:
    data = saved(ARRAY)
    data += b"\0" * (-len(data) % 8)
    words = array("Q", data)
    for given in (words, memoryview(words), np.frombuffer(data, "<f8"), np.frombuffer(data, "<i4").reshape(2, -1)):
        assert npload.loads(given).tolist() == ARRAY.tolist()
    apart = np.repeat(np.frombuffer(data, "u1"), 2)[::2]
    assert npload.loads(apart).tolist() == ARRAY.tolist()


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, np.frombuffer])
def test_loads_takes_anything_with_a_buffer(kind: Any) -> None:
    data = saved(ARRAY)
    given = np.frombuffer(data, "u1") if kind is np.frombuffer else kind(data)
    loaded = npload.loads(given)
    assert loaded.tolist() == ARRAY.tolist()
    assert loaded.flags.writeable
    packed = archive({"a.npy": data})
    given = np.frombuffer(packed, "u1") if kind is np.frombuffer else kind(packed)
    with npload.loads(given) as npz:
        assert npz["a"].tolist() == ARRAY.tolist()


def test_loads_keeps_nothing_of_a_buffer_that_changes() -> None:
    data = bytearray(saved(ARRAY))
    loaded = npload.loads(data)
    packed = bytearray(archive({"a.npy": saved(ARRAY)}))
    npz = npload.loads(packed)
    data[:], packed[:] = b"\xff" * len(data), b"\xff" * len(packed)
    data.clear()
    packed.clear()
    assert loaded.tolist() == ARRAY.tolist()
    assert npz["a"].tolist() == ARRAY.tolist()


def test_loads_of_parts_with_steps() -> None:
    data = saved(ARRAY)
    doubled = bytes(byte for byte in data for _ in range(2))
    assert npload.loads(memoryview(b"xx" + data)[2:]).tolist() == ARRAY.tolist()
    try:
        assert npload.loads(memoryview(doubled)[::2]).tolist() == ARRAY.tolist()
    except (BufferError, ValueError):
        pass  # refused: as good


@pytest.mark.parametrize("given", ["text", 5, None, [1]])
def test_loads_of_what_is_no_buffer_is_a_type_error(given: Any) -> None:
    with pytest.raises(TypeError):
        npload.loads(given)


def test_loads_takes_loads_options_by_name() -> None:
    data = saved(np.array([None], dtype=object))
    assert npload.loads(data, allow_pickle=True).tolist() == [None]
    with pytest.raises(ValueError, match="allow_pickle=False"):
        npload.loads(data)
    with pytest.raises(ValueError, match="max_header_size"):
        npload.loads(saved(ARRAY), max_header_size=5)
    with pytest.raises(EOFError, match="No data left in file"):
        npload.loads(b"")


# load_many
def test_load_many_gives_what_load_gives_in_order(tmp_path: Path) -> None:
    paths: list[Any] = []
    for number in range(30):
        np.save(tmp_path / f"{number}.npy", np.full((number, 100 * number), number))
        paths.append(tmp_path / f"{number}.npy")
    paths[3] = str(paths[3])
    paths[4] = os.fsencode(paths[4])
    for given in (paths, tuple(paths), iter(paths)):
        loaded = npload.load_many(given)
        assert type(loaded) is list
        assert [array.shape for array in loaded] == [(number, 100 * number) for number in range(30)]
        assert all((array == number).all() for number, array in enumerate(loaded))
    assert npload.load_many([]) == []


def test_load_many_of_archives_and_pickles(npy: Path, npz: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "o.npy", np.array([None], dtype=object))
    array, file, objects = npload.load_many([npy, npz, tmp_path / "o.npy"], allow_pickle=True)
    assert array.size == 10
    assert objects.tolist() == [None]
    with file:
        assert file["b"].size == 5


def test_load_many_names_the_file_that_fails(npy: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        npload.load_many([npy, tmp_path / "missing.npy", npy])
    assert os.fspath(caught.value.filename) == str(tmp_path / "missing.npy")
    (tmp_path / "bad.npy").write_bytes(npy.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"bad\.npy"):
        npload.load_many([npy, tmp_path / "bad.npy"])


def test_load_many_of_one_path_is_a_mistake(npy: Path) -> None:
    with pytest.raises((TypeError, OSError)):
        npload.load_many(str(npy))


# peek
@pytest.mark.parametrize(
    "path",
    [path for path in sorted((TESTDATA / "npy").glob("*.npy"))[::7] if "-ml" not in path.name],
    ids=lambda path: path.name,
)
def test_peek_tells_what_load_gives(path: Path) -> None:
    try:
        loaded = npload.load(path)
    except ValueError:
        return
    if not isinstance(loaded, np.ndarray):
        return
    info = npload.peek(path)
    assert told_dtype(info.dtype) == told_dtype(loaded.dtype)
    assert (info.shape, info.ndim, info.size, info.nbytes) == (loaded.shape, loaded.ndim, loaded.size, loaded.nbytes)


def test_peek_of_an_archive_tells_each_member(npz: Path) -> None:
    info = npload.peek(npz)
    assert list(info) == ["a", "b"]
    assert (info["a"].dtype, info["a"].shape, info["a"].nbytes) == (np.dtype("f8"), (3, 4), 96)
    assert info["b"].member == "b.npy"


def test_peek_reads_headers_only(tmp_path: Path) -> None:
    path = tmp_path / "huge.npy"
    path.write_bytes(npy(header("<f8", (1 << 20, 1 << 10))))
    os.truncate(path, path.stat().st_size + (1 << 33))
    info = npload.peek(path)
    assert info.nbytes == 1 << 33
    assert info.shape == (1 << 20, 1 << 10)


def test_peek_leaves_an_open_file_where_it_stands() -> None:
    file = io.BytesIO(b"xx" + saved(ARRAY))
    file.seek(2)
    assert npload.peek(file).shape == ARRAY.shape
    assert file.tell() == 2
    assert npload.load(file).shape == ARRAY.shape


def test_peek_raises_what_load_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        npload.peek(tmp_path / "missing")
    with pytest.raises(EOFError):
        npload.peek(io.BytesIO())
    with pytest.raises(ValueError, match="contains pickled"):
        npload.peek(io.BytesIO(b"hello, world"))


# open
INDICES: list[Any] = [
    ..., 0, -1, (1, 2, 3), slice(None), slice(1, 3), slice(None, None, 2), slice(None, None, -1), slice(2, 0, -1),
    (slice(None), 1), (..., 2), (slice(1), ..., slice(None, None, -2)), (None, 1), slice(0, 0), (1, slice(5, 9)),
    np.int64(1), (),
]  # fmt: skip


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_indexing_an_open_file_gives_what_indexing_the_array_gives(tmp_path: Path, index: Any, order: Any) -> None:
    array = np.array(ARRAY, order=order)
    np.save(tmp_path / "x.npy", array)
    lazy = npload.open(tmp_path / "x.npy")
    part = lazy[index]
    assert np.shape(part) == np.shape(array[index])
    assert np.asarray(part).dtype == array.dtype
    assert np.asarray(part).tolist() == np.asarray(array[index]).tolist()


def test_an_open_file_tells_what_it_holds(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", ARRAY)
    lazy = npload.open(tmp_path / "x.npy")
    assert (lazy.shape, lazy.dtype, lazy.ndim, lazy.size, lazy.nbytes) == ((3, 4, 5), np.dtype("<i4"), 3, 60, 240)
    assert len(lazy) == 3
    assert np.asarray(lazy[...]).tolist() == ARRAY.tolist()
    assert "(3, 4, 5)" in repr(lazy)


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.npy"
    path.write_bytes(npy(header("<f8", (1 << 20, 1 << 10))))
    os.truncate(path, path.stat().st_size + (1 << 33))
    lazy = npload.open(path)
    assert lazy[12345, 5:8].tolist() == [0, 0, 0]
    assert lazy[:: 1 << 18, 0].tolist() == [0] * 4


@pytest.mark.parametrize("index", [3, -4, (0, 4), (0, 0, 0, 0)])
def test_an_index_out_of_bounds_is_an_index_error(tmp_path: Path, index: Any) -> None:
    np.save(tmp_path / "x.npy", ARRAY)
    with pytest.raises(IndexError):
        npload.open(tmp_path / "x.npy")[index]
    with pytest.raises(IndexError):
        ARRAY[index]


def test_parts_are_arrays_of_their_own(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", ARRAY)
    lazy = npload.open(tmp_path / "x.npy")
    part = lazy[1]
    part[:] = -1
    assert type(part) is np.ndarray and part.flags.writeable
    assert lazy[1].tolist() == ARRAY[1].tolist()


def test_members_of_an_open_archive(npz: Path) -> None:
    with npload.open(npz) as lazy:
        assert list(lazy) == ["a", "b"] and len(lazy) == 2 and "a" in lazy
        assert lazy["a"].shape == (3, 4)
        assert lazy["a"][1:, 2].tolist() == [6, 10]
        assert lazy["b"][-1] == 4
        with pytest.raises(KeyError, match="zz is not a file in the archive"):
            lazy["zz"]


def test_fields_of_an_open_file(tmp_path: Path) -> None:
    array = np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "<i4"), ("b", "<f8")])
    np.save(tmp_path / "x.npy", array)
    lazy = npload.open(tmp_path / "x.npy")
    assert np.asarray(lazy["b"]).tolist() == [2.5, 4.5]
    assert np.asarray(lazy[1:]["a"]).tolist() == [3]


def test_parts_of_compressed_members(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "c.npz", a=ARRAY)
    with npload.open(tmp_path / "c.npz") as lazy:
        assert lazy["a"][1, 2].tolist() == ARRAY[1, 2].tolist()


def test_bounds_that_no_axis_reaches(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", ARRAY)
    lazy = npload.open(tmp_path / "x.npy")
    far = 2**70
    for index in (slice(far), slice(-far, 2), slice(None, None, far), slice(far, None, -1), slice(np.int8(2))):
        assert lazy[index].tolist() == ARRAY[index].tolist(), index
    with pytest.raises(IndexError):
        lazy[2**70]
    with pytest.raises(TypeError, match="slice indices must be integers"):
        lazy["x":]  # type: ignore[misc]


def test_a_name_where_there_are_no_fields_is_an_index_error_as_in_numpy(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", ARRAY)
    lazy: Any = npload.open(tmp_path / "x.npy")
    for indexed in (lazy, ARRAY):
        with pytest.raises(IndexError, match="only integers, slices"):
            indexed["x"]


def test_closing_an_open_array(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", ARRAY)
    before = len(os.listdir("/proc/self/fd"))
    with npload.open(tmp_path / "x.npy") as lazy:
        assert isinstance(lazy, npload.LazyArray)
        part = lazy[1]
        assert len(os.listdir("/proc/self/fd")) == before + 1
    assert len(os.listdir("/proc/self/fd")) == before
    lazy.close()
    with pytest.raises(ValueError, match="closed"):
        lazy[1]
    with pytest.raises(ValueError, match="closed"):
        np.asarray(lazy)
    assert lazy.shape == (3, 4, 5) and part.tolist() == ARRAY[1].tolist()


def test_open_raises_what_load_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        npload.open(tmp_path / "missing.npy")
    np.save(tmp_path / "o.npy", np.array([None], dtype=object))
    with pytest.raises(ValueError, match="[Oo]bject"):
        npload.open(tmp_path / "o.npy")[...]


# out=
def test_out_stays_where_it_is_while_it_is_filled(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones(1 << 20))
    out = np.zeros(1 << 20)
    refused = []

    def resize(done: int, total: int) -> None:
        try:
            out.resize(1, refcheck=False)
        except ValueError as err:
            refused.append(err)

    npload.load(tmp_path / "x.npy", out=out, progress=resize)
    assert refused and out.sum() == 1 << 20
    out.resize(1, refcheck=False)


@pytest.mark.parametrize("order", ["C", "F"])
def test_out_is_filled_and_returned(tmp_path: Path, order: Any) -> None:
    array = np.array(np.arange(300_000).reshape(300, 1000), order=order)
    np.save(tmp_path / "x.npy", array)
    with open(tmp_path / "x.npy", "rb") as file:
        for source in (tmp_path / "x.npy", file, io.BytesIO((tmp_path / "x.npy").read_bytes())):
            out = np.zeros_like(array)
            assert npload.load(source, out=out) is out
            np.testing.assert_array_equal(out, array)


@pytest.mark.parametrize(
    ("out", "error"),
    [
        (np.zeros((3, 4, 5), "<i8"), TypeError),
        (np.zeros((3, 4, 5), ">i4"), TypeError),
        (np.zeros((3, 20), "<i4"), ValueError),
        (np.zeros((3, 4, 10), "<i4")[..., ::2], ValueError),
        (np.zeros((3, 4, 5), "<i4", order="F"), ValueError),
        (np.broadcast_to(np.zeros((), "<i4"), (3, 4, 5)), ValueError),
        ([0] * 60, TypeError),
        (bytearray(240), TypeError),
    ],
    ids=["dtype", "byte order", "shape", "gaps", "order", "read-only", "list", "bytearray"],
)
def test_an_out_that_does_not_fit_is_refused_and_untouched(tmp_path: Path, out: Any, error: type[Exception]) -> None:
    np.save(tmp_path / "x.npy", ARRAY)
    with pytest.raises(error):
        npload.load(tmp_path / "x.npy", out=out)
    assert not np.asarray(out).any()


def test_out_may_be_a_view(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", ARRAY)
    whole = np.zeros((2, 3, 4, 5), "<i4")
    npload.load(tmp_path / "x.npy", out=whole[1])
    assert whole[1].tolist() == ARRAY.tolist() and not whole[0].any()


def test_out_for_an_archive_is_refused(npz: Path) -> None:
    with pytest.raises((TypeError, ValueError), match="out"):
        npload.load(npz, out=np.zeros(5))


# progress=
def test_progress_is_told_up_to_the_end(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(30_000_000, "u1"))
    told: list[tuple[int, int]] = []
    npload.load(tmp_path / "x.npy", progress=lambda done, total: told.append((done, total)))
    assert told and told[-1] == (30_000_000, 30_000_000)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {total for _, total in told} == {30_000_000}


def test_what_progress_raises_ends_the_load(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(30_000_000, "u1"))

    def enough(done: int, total: int) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="^enough$"):
        npload.load(tmp_path / "x.npy", progress=enough)
    assert npload.load(tmp_path / "x.npy").size == 30_000_000


@pytest.mark.parametrize("size", [1, 30_000_000])
def test_what_progress_raises_at_the_end_is_raised_then_and_not_later(tmp_path: Path, size: int) -> None:
    np.save(tmp_path / "x.npy", np.zeros(size, "u1"))

    def enough(done: int, total: int) -> None:
        if done == total:
            raise LookupError("enough")

    with pytest.raises(LookupError, match="^enough$"):
        npload.load(tmp_path / "x.npy", progress=enough)
    with pytest.raises(EOFError):
        npload.loads(b"")


def test_progress_of_load_all(npz: Path) -> None:
    told: list[tuple[int, int]] = []
    with npload.load(npz, progress=lambda *pair: told.append(pair)) as archive:
        archive.load_all()
    assert told and told[-1][0] == told[-1][1]


def test_progress_may_load_another_file(npy: Path, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros(30_000_000, "u1"))
    inner: list[Any] = []
    npload.load(tmp_path / "x.npy", progress=lambda *_: inner.append(npload.load(npy).sum()))
    assert inner and set(inner) == {45}


def test_progress_true_shows_a_bar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    np.save(tmp_path / "x.npy", np.zeros(1000))
    assert npload.load(tmp_path / "x.npy", progress=True).size == 1000
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "7.81k" in shown.err or "8.00k" in shown.err or "%" in shown.err


@pytest.mark.parametrize("progress", [5, "bar"])
def test_a_progress_that_cannot_be_called_is_a_type_error(npy: Path, progress: Any) -> None:
    with pytest.raises(TypeError):
        npload.load(npy, progress=progress)


def test_load_many_warns_of_each_file_once_where_another_holds_objects(tmp_path: Path) -> None:
    python2 = "{'descr': '%s', 'fortran_order': False, 'shape': (1L,), }"
    (tmp_path / "old.npy").write_bytes(npy(python2 % "<i4", bytes(4)))
    objects = pickle.dumps(np.array([None], object), protocol=2)
    (tmp_path / "objects.npy").write_bytes(npy(python2 % "|O", objects))
    np.save(tmp_path / "plain.npy", np.array([None], object))
    for names in (["old", "plain"], ["old", "objects"], ["plain", "old"]):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            npload.load_many([tmp_path / f"{name}.npy" for name in names], allow_pickle=True)
        assert len(told) == (2 if "objects" in names else 1), names
