"""mmap_mode and open_memmap (CONTRACT §4)."""

from __future__ import annotations

import gc
import io
import mmap
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload


@pytest.mark.parametrize("mode", ["r", "c", "r+"])
def test_a_mapped_array_is_a_memmap_with_offset_mode_and_filename(both: Any, npy: Path, mode: str) -> None:
    mapped = both(npy, mmap_mode=mode)
    assert type(mapped) is np.memmap
    assert mapped.tolist() == list(range(10))
    assert mapped.offset == 128
    assert mapped.mode == mode
    assert mapped.filename == npy.resolve()
    assert mapped.flags.writeable is (mode != "r")
    assert mapped.base is not None
    del mapped


def test_the_base_passes_for_an_mmap(both: Any, npy: Path) -> None:
    mapped = both(npy, mmap_mode="r")
    # joblib goes by it, and hands such an array to other processes by the file's name.
    assert isinstance(mapped.base, mmap.mmap)
    mapped.base.flush()
    del mapped


@pytest.mark.parametrize("kind", [str, os.fsencode, Path])
def test_filename_is_as_numpy_has_it(npy: Path, kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(npy.parent)
    for path in (str(npy), "ten.npy", "./ten.npy", f"{npy.parent}/../{npy.parent.name}//ten.npy"):
        ours, theirs = npload.load(kind(path), mmap_mode="r"), np.load(kind(path), mmap_mode="r")
        assert ours.filename == theirs.filename
        assert type(ours.filename) is type(theirs.filename)


ARRAYS = {
    "0-d": np.array(5.0),
    "zero-size": np.empty((3, 0)),
    "big-endian": np.arange(5, dtype=">i4"),
    "fortran": np.asfortranarray(np.arange(12.0).reshape(3, 4)),
    "struct": np.ones(3, [("a", "i1"), ("b", "<f8")]),
    "text": np.array(["a", "bc"]),
    "dates": np.arange(3).astype("M8[s]"),
    "bool": np.array([True, False]),
    "large": np.arange(1_000_000),
}


@pytest.mark.parametrize("mode", ["r", "c", "r+"])
@pytest.mark.parametrize("name", ARRAYS)
def test_every_kind_of_array_is_mapped_as_numpy_maps_it(tmp_path: Path, name: str, mode: str) -> None:
    np.save(tmp_path / "x.npy", ARRAYS[name])
    ours, theirs = (load(tmp_path / "x.npy", mmap_mode=mode) for load in (npload.load, np.load))
    assert type(ours) is type(theirs) is np.memmap
    assert (ours.dtype, ours.shape, ours.mode, ours.offset) == (theirs.dtype, theirs.shape, theirs.mode, theirs.offset)
    assert ours.strides == theirs.strides or not ours.size
    assert ours.flags.writeable == theirs.flags.writeable
    np.testing.assert_array_equal(ours, ARRAYS[name])


def test_changes_of_an_array_mapped_read_write_are_in_the_file(both: Any, npy: Path) -> None:
    mapped = both(npy, mmap_mode="r+")
    mapped[3] = -1
    mapped.flush()
    assert np.load(npy)[3] == -1
    del mapped
    assert np.load(npy).tolist() == [0, 1, 2, -1, 4, 5, 6, 7, 8, 9]


def test_changes_of_an_array_mapped_copy_on_write_are_not(both: Any, npy: Path) -> None:
    mapped = both(npy, mmap_mode="c")
    mapped[3] = -1
    mapped.flush()
    assert mapped[3] == -1
    assert np.load(npy)[3] == 3


def test_an_array_mapped_read_only_refuses_changes(both: Any, npy: Path) -> None:
    mapped = both(npy, mmap_mode="r")
    with pytest.raises(ValueError, match="read-only"):
        mapped[0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        mapped.setflags(write=True)


def test_views_and_results_of_a_memmap_behave_as_numpys(both: Any, npy: Path) -> None:
    mapped = both(npy, mmap_mode="r")
    assert type(mapped[2:5]) is np.memmap
    assert mapped[2:5].filename == mapped.filename
    assert type(mapped + 1) is np.ndarray or type(mapped + 1) is np.memmap
    assert mapped.sum() == 45
    assert type(mapped.sum()) is np.int64
    assert pickle.loads(pickle.dumps(np.asarray(mapped))).tolist() == list(range(10))
    view = mapped[5:]
    del mapped
    gc.collect()
    assert view.tolist() == [5, 6, 7, 8, 9]


def test_objects_are_not_mapped_even_when_allowed(both: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "o.npy", np.array([None], dtype=object))
    for allow_pickle in (False, True):
        with pytest.raises(ValueError, match="^Array can't be memory-mapped: Python objects in dtype."):
            both(tmp_path / "o.npy", mmap_mode="r", allow_pickle=allow_pickle)


def test_a_wrong_mode_is_a_value_error_that_lists_the_modes(both: Any, npy: Path) -> None:
    with pytest.raises(ValueError, match="r.*c.*r") as caught:
        both(npy, mmap_mode="x")
    assert "mode must be one of" in str(caught.value)


def test_an_open_file_is_not_mapped(both: Any, npy: Path) -> None:
    with open(npy, "rb") as file, pytest.raises(ValueError, match="(?i)memmap cannot use existing file handles"):
        both(file, mmap_mode="r")


def test_memory_is_not_mapped(both: Any, npy: Path) -> None:
    with pytest.raises(TypeError):
        both(io.BytesIO(npy.read_bytes()), mmap_mode="r")


def test_a_file_that_is_too_short_is_not_mapped_for_reading(both: Any, npy: Path) -> None:
    npy.write_bytes(npy.read_bytes()[:-1])
    with pytest.raises(ValueError):
        both(npy, mmap_mode="r")


def test_r_plus_of_a_file_that_may_not_be_written_is_a_permission_error(both: Any, npy: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everything")
    npy.chmod(0o444)
    with pytest.raises(PermissionError):
        both(npy, mmap_mode="r+")


def test_mapped_files_leave_no_descriptor_open(npy: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    kept = [npload.load(npy, mmap_mode="r") for _ in range(50)]
    assert len(os.listdir("/proc/self/fd")) <= before + 1
    del kept


def test_a_map_goes_when_its_last_array_goes(npy: Path) -> None:
    def mapped() -> bool:
        return npy.name in Path("/proc/self/maps").read_text()

    array = npload.load(npy, mmap_mode="r")
    view = array[3:]
    assert mapped()
    del array
    assert mapped()
    assert view[0] == 3
    del view
    gc.collect()
    assert not mapped()


def test_closing_a_map_explicitly_is_safe(npy: Path) -> None:
    array = npload.load(npy, mmap_mode="r")
    mapping = array._mmap
    with pytest.raises(BufferError):
        mapping.close()
    assert array.tolist() == list(range(10))
    del array
    gc.collect()
    mapping.close()
    assert mapping.closed


def test_a_map_outlives_the_file_that_is_removed(npy: Path) -> None:
    array = npload.load(npy, mmap_mode="r")
    npy.unlink()
    assert array.sum() == 45


def test_mapped_members_of_an_archive_are_memmaps_of_the_archive(npz: Path) -> None:
    with npload.load(npz, mmap_mode="r") as archive:
        mapped = archive["b"]
        assert type(mapped) is np.memmap
        assert mapped.mode == "r"
        assert mapped.filename == npz.resolve()
        assert mapped.tolist() == [0, 1, 2, 3, 4]
        data = npz.read_bytes()
        assert data[mapped.offset : mapped.offset + mapped.nbytes] == mapped.tobytes()
    assert mapped[4] == 4, "it lives on after the archive is closed"


def test_mapped_members_with_copy_on_write_change_nothing(npz: Path) -> None:
    before = npz.read_bytes()
    with npload.load(npz, mmap_mode="c") as archive:
        mapped = archive["a"]
        mapped[0] = -1
        assert mapped[0, 0] == -1
        assert archive["a"][0, 0] == 0
    assert npz.read_bytes() == before


def test_load_all_of_a_mapped_archive_maps(npz: Path) -> None:
    with npload.load(npz, mmap_mode="r") as archive:
        assert {key: type(value) for key, value in archive.load_all().items()} == {"a": np.memmap, "b": np.memmap}


def test_open_memmap_opens_as_numpys(npy: Path) -> None:
    for mode in ("r", "c", "r+"):
        ours, theirs = npload.open_memmap(npy, mode), np.lib.format.open_memmap(npy, mode)
        assert (type(ours), ours.mode, ours.offset) == (type(theirs), theirs.mode, theirs.offset)
        np.testing.assert_array_equal(ours, theirs)
    assert npload.open_memmap(npy).mode == "r+"


@pytest.mark.numpy_leaks
@pytest.mark.parametrize("fortran", [False, True])
@pytest.mark.parametrize("dtype", ["<f8", ">i2", [("a", "<i4"), ("b", "S3")], "U2"])
@pytest.mark.parametrize("shape", [(3, 4), (5,), (), (0, 2)])
def test_open_memmap_creates_the_file_that_numpy_creates(tmp_path: Path, dtype: Any, shape: Any, fortran: bool) -> None:
    made = {}
    for name, module in (("ours", npload.open_memmap), ("theirs", np.lib.format.open_memmap)):
        try:
            mapped = module(tmp_path / name, "w+", dtype, shape, fortran)
        except Exception as problem:
            made[name] = repr(type(problem))
            continue
        assert not mapped.size or mapped.flags.writeable
        mapped.flush()
        made[name] = (tmp_path / name).read_bytes()
    assert made["ours"] == made["theirs"]


@pytest.mark.numpy_leaks
@pytest.mark.filterwarnings("ignore:Stored array in format:UserWarning")
@pytest.mark.parametrize("version", [None, (1, 0), (2, 0), (3, 0), (4, 0), (1, 1)])
@pytest.mark.parametrize("dtype", ["<f8", [("é", "<i4")], [("日", "<i4")]])
def test_open_memmap_writes_the_version_that_is_asked_for(tmp_path: Path, version: Any, dtype: Any) -> None:
    made = {}
    for name, module in (("ours", npload.open_memmap), ("theirs", np.lib.format.open_memmap)):
        try:
            module(tmp_path / name, "w+", dtype, (3,), version=version)
        except ValueError:
            made[name] = b"refused"
        else:
            made[name] = (tmp_path / name).read_bytes()
    assert made["ours"] == made["theirs"]


def test_open_memmap_takes_a_length_as_shape(tmp_path: Path) -> None:
    assert npload.open_memmap(tmp_path / "new.npy", "w+", "i4", 5).shape == (5,)


def test_open_memmap_writes(tmp_path: Path) -> None:
    mapped = npload.open_memmap(tmp_path / "new.npy", mode="w+", dtype="<f4", shape=(2, 3))
    mapped[...] = [[1, 2, 3], [4, 5, 6]]
    mapped.flush()
    assert np.load(tmp_path / "new.npy").tolist() == [[1, 2, 3], [4, 5, 6]]


def test_open_memmap_refuses_objects_and_leaves_the_old_file(tmp_path: Path, npy: Path) -> None:
    before = npy.read_bytes()
    with pytest.raises(ValueError, match="Array can't be memory-mapped: Python objects in dtype."):
        npload.open_memmap(npy, "w+", dtype=object, shape=(2,))
    assert npy.read_bytes() == before


def test_open_memmap_needs_a_path(npy: Path) -> None:
    with open(npy, "rb") as file, pytest.raises(ValueError, match="Memmap cannot use existing file handles"):
        npload.open_memmap(file, "r")


def test_open_memmap_refuses_archives(npz: Path) -> None:
    with pytest.raises(ValueError):
        npload.open_memmap(npz, "r")


def test_stored_members_written_by_others_are_mapped_at_any_offset(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(4, dtype="<f8"))
    for pad in range(9):
        path = tmp_path / f"{pad}.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("p" * pad + ".txt", "x" * pad)
            archive.write(tmp_path / "x.npy", "x.npy")
        with npload.load(path, mmap_mode="r") as npz:
            assert npz["x"].tolist() == [0, 1, 2, 3]
            assert (npz["x"] * 2).tolist() == [0, 2, 4, 6]


def test_a_mapped_member_of_a_relative_path_has_an_absolute_filename(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    np.savez(tmp_path / "x.npz", a=np.arange(3))
    monkeypatch.chdir(tmp_path)
    with npload.load("x.npz", mmap_mode="r") as npz:
        monkeypatch.chdir("/")
        assert npz["a"].filename == str(tmp_path / "x.npz")


CREATORS = pytest.mark.parametrize("create", [npload.open_memmap, np.lib.format.open_memmap])


def test_a_new_file_of_arrays_as_elements_has_their_axes(tmp_path: Path) -> None:
    made = npload.open_memmap(tmp_path / "x.npy", "w+", dtype="(2,)f4", shape=(3,))
    assert (made.shape, made.dtype) == ((3, 2), np.float32)
    made[:] = np.arange(6).reshape(3, 2)
    made.flush()
    assert npload.load(tmp_path / "x.npy").tolist() == [[0, 1], [2, 3], [4, 5]]


@CREATORS
def test_a_new_file_has_the_header_that_it_needs(create: Any, tmp_path: Path) -> None:
    made = create(tmp_path / "x.npy", "w+", dtype="f4", shape=(3,), max_header_size=1)
    assert made.tolist() == [0, 0, 0]


@CREATORS
def test_a_mode_is_a_text(create: Any, npy: Path) -> None:
    with pytest.raises(TypeError):
        create(npy, None)
    with pytest.raises(ValueError, match="mode must be one of"):
        create(npy, "")
