"""`NpzFile`: a mapping as NumPy's is (CONTRACT §5)."""

from __future__ import annotations

import collections.abc
import copy
import gc
import gzip
import io
import os
import pickle
import time
import weakref
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload
from made import archive, saved

ONE, TWO = saved(1), saved(np.arange(2))


def test_it_is_a_mapping_and_an_npzfile(open_archive: Any) -> None:
    assert isinstance(open_archive, npload.NpzFile)
    assert isinstance(open_archive, collections.abc.Mapping)
    assert isinstance(open_archive, np.lib.npyio.NpzFile)


def test_the_mapping_protocol(both: Any, npz: Path) -> None:
    with both(npz) as archive:
        assert archive.files == ["a", "b"]
        assert len(archive) == 2
        assert list(archive) == ["a", "b"]
        assert list(archive.keys()) == ["a", "b"]
        assert [value.shape for value in archive.values()] == [(3, 4), (5,)]
        assert [key for key, value in archive.items()] == ["a", "b"]
        assert "a" in archive and "a.npy" in archive and "zz" not in archive
        assert archive.get("a").shape == (3, 4)
        assert archive.get("zz") is None
        assert archive.get("zz", 7) == 7
        assert dict(archive).keys() == {"a", "b"}
        assert {**archive}.keys() == {"a", "b"}


def test_lookup_by_either_name(both: Any, npz: Path) -> None:
    with both(npz) as archive:
        assert archive["a"].tolist() == archive["a.npy"].tolist()


def test_an_unknown_key_is_a_key_error_that_says_so(both: Any, npz: Path) -> None:
    with both(npz) as archive:
        for key in ("zz", "zz.npy", "", "a.npy.npy", "A"):
            with pytest.raises(KeyError) as caught:
                archive[key]
            assert caught.value.args == (f"{key} is not a file in the archive",)


@pytest.mark.parametrize("key", [1, None, ("a",), b"a", 1.5])
def test_keys_of_other_types_are_not_there(both: Any, npz: Path, key: Any) -> None:
    with both(npz) as archive:
        assert key not in archive
        with pytest.raises(KeyError, match="is not a file in the archive"):
            archive[key]


def test_keys_that_cannot_be_hashed_are_refused_as_numpys(npz: Path) -> None:
    def refused(load: Any) -> type:
        with load(npz) as archive, pytest.raises(Exception) as caught:
            archive[["a"]]
        return caught.type

    assert issubclass(refused(npload.load), refused(np.load) | KeyError)


def test_texts_that_are_no_unicode_are_not_there(both: Any, npz: Path) -> None:
    with both(npz) as archive:
        assert "\ud800" not in archive
        with pytest.raises(KeyError):
            archive["\ud800"]


def test_strings_of_another_class_are_keys(both: Any, npz: Path) -> None:
    with both(npz) as archive:
        assert archive[np.str_("b")].size == 5
        assert np.str_("b") in archive


def test_members_as_attributes(both: Any, npz: Path) -> None:
    with both(npz) as archive:
        assert archive.f.a.shape == (3, 4)
        assert sorted(dir(archive.f)) == ["a", "b"]
        with pytest.raises(AttributeError, match="zz"):
            _ = archive.f.zz


def test_zip_and_fid_are_there(both: Any, npz: Path) -> None:
    with both(npz) as archive:
        assert isinstance(archive.zip, zipfile.ZipFile)
        assert archive.zip.namelist() == ["a.npy", "b.npy"]
        assert archive.fid.name == str(npz)
        assert not archive.fid.closed
    with open(npz, "rb") as file, both(file) as archive:
        assert archive.fid is None
        assert archive.zip.namelist() == ["a.npy", "b.npy"]


def test_the_context_manager_gives_itself_and_closes(both: Any, npz: Path) -> None:
    archive = both(npz)
    with archive as entered:
        assert entered is archive
        fid, file = archive.fid, archive.zip
    assert archive.zip is None and archive.fid is None and archive.f is None
    assert fid.closed
    assert file.fp is None


def test_an_exception_in_the_context_goes_on(both: Any, npz: Path) -> None:
    with pytest.raises(LookupError, match="mine"), both(npz):
        raise LookupError("mine")


def test_closing_twice_is_fine(both: Any, npz: Path) -> None:
    archive = both(npz)
    archive.close()
    archive.close()


def test_a_closed_archive_still_knows_its_keys_and_loads_nothing(both: Any, npz: Path) -> None:
    archive = both(npz)
    archive.close()
    assert archive.files == ["a", "b"]
    assert "a" in archive
    assert len(archive) == 2
    with pytest.raises((AttributeError, ValueError)):
        archive["a"]


def test_a_closed_archive_says_that_it_is_closed(npz: Path) -> None:
    archive = npload.load(npz)
    archive.close()
    with pytest.raises(ValueError, match="closed"):
        archive["a"]
    with pytest.raises(ValueError, match="closed"):
        archive.load_all()
    assert "two.npz" in repr(archive)


def test_arrays_outlive_the_archive(both: Any, npz: Path) -> None:
    with both(npz) as archive:
        array = archive["a"]
    assert array[2, 3] == 11


def test_each_lookup_loads_anew(both: Any, npz: Path) -> None:
    with both(npz) as archive:
        first, second = archive["b"], archive["b"]
        first[:] = 0
        assert second.tolist() == [0, 1, 2, 3, 4]


def test_the_repr_begins_with_numpys_and_shows_dtypes_and_shapes(npz: Path) -> None:
    with npload.load(npz) as ours, np.load(npz) as theirs:
        assert repr(ours).startswith(repr(theirs))
        assert "float64" in repr(ours) and "(3, 4)" in repr(ours)
        assert "int64" in repr(ours) and "(5,)" in repr(ours)


def test_the_repr_names_five_keys_at_most(both: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", *range(9))
    with both(tmp_path / "x.npz") as archive:
        assert repr(archive).partition("\n")[0] == (
            f"NpzFile {str(tmp_path / 'x.npz')!r} with keys: arr_0, arr_1, arr_2, arr_3, arr_4..."
        )


def test_the_repr_of_an_archive_in_memory(both: Any, npz: Path) -> None:
    with both(io.BytesIO(npz.read_bytes())) as archive:
        assert repr(archive).startswith("NpzFile 'object' with keys: a, b")


def test_a_repr_of_damaged_members_is_no_error(tmp_path: Path) -> None:
    data = archive({"a.npy": b"\x93NUMPYxx", "raw": b"text"})
    with npload.load(io.BytesIO(data)) as npz:
        assert "a, raw" in repr(npz)


def test_members_that_are_no_arrays_are_bytes(both: Any) -> None:
    members = {"text.txt": b"hello", "looks.npy": b"no array", "pickle": pickle.dumps([1]), "empty": b""}
    with both(io.BytesIO(archive(members)), allow_pickle=True) as npz:
        assert npz.files == ["text.txt", "looks", "pickle", "empty"]
        for name, data in members.items():
            assert npz[name] == data
            assert type(npz[name]) is bytes
        assert npz["looks"] == b"no array"


def test_a_raw_member_beside_an_array_of_its_name(both: Any) -> None:
    with both(io.BytesIO(archive({"a": b"raw", "a.npy": ONE}))) as npz:
        assert npz.files == ["a", "a"]
        assert npz["a"] == b"raw"
        assert npz["a.npy"] == 1
    with both(io.BytesIO(archive({"a.npy": ONE, "a": b"raw"}))) as npz:
        assert npz["a"] == b"raw"
        assert npz["a.npy"] == 1


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_of_duplicates_the_last_wins_and_all_are_listed(both: Any) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.npy", ONE)
        file.writestr("b.npy", ONE)
        file.writestr("a.npy", TWO)
    out.seek(0)
    with both(out) as npz:
        assert npz.files == ["a", "b", "a"]
        assert npz["a"].tolist() == [0, 1]
        assert len(npz) == 3
        assert "a" in npz


def test_keys_with_slashes_and_directories(both: Any) -> None:
    with both(io.BytesIO(archive({"d/": b"", "d/a.npy": ONE, "/b.npy": TWO, "ü.npy": ONE}))) as npz:
        assert npz.files == ["d/", "d/a", "/b", "ü"]
        assert npz["d/a"] == 1
        assert npz["d/"] == b""
        assert npz["ü"] == 1


def test_only_one_npy_is_stripped(both: Any) -> None:
    with both(io.BytesIO(archive({"a.npy.npy": ONE, ".npy": TWO}))) as npz:
        assert npz.files == ["a.npy", ""]
        assert npz["a.npy"] == 1
        assert npz[""].tolist() == [0, 1]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_method(both: Any, method: int) -> None:
    array = np.arange(10_000)
    with both(io.BytesIO(archive({"a.npy": saved(array), "raw": b"hello" * 99}, method))) as npz:
        np.testing.assert_array_equal(npz["a"], array)
        assert npz["raw"] == b"hello" * 99


def test_nested_archives_are_bytes(both: Any, npz: Path) -> None:
    with both(io.BytesIO(archive({"in.npz": npz.read_bytes()}))) as outer, both(io.BytesIO(outer["in.npz"])) as inner:
        assert inner["b"].tolist() == [0, 1, 2, 3, 4]


def test_object_members_only_when_allowed(both: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "o.npz", o=np.array([None, "x"], dtype=object), n=np.arange(2))
    with both(tmp_path / "o.npz") as npz:
        assert npz["n"].tolist() == [0, 1]
        with pytest.raises(ValueError, match="^Object arrays cannot be loaded when allow_pickle=False"):
            npz["o"]
    with both(tmp_path / "o.npz", allow_pickle=True) as npz:
        assert npz["o"].tolist() == [None, "x"]


def test_an_archive_in_a_file_given_open_leaves_the_file_open(both: Any, npz: Path) -> None:
    with open(npz, "rb") as file:
        both(file).close()
        assert not file.closed
        with both(file) as archive:
            assert archive["b"].size == 5
        file.seek(0)
        assert file.read(2) == b"PK"


def test_an_archive_survives_the_close_of_the_file_given_open_or_says_so(npz: Path) -> None:
    file = open(npz, "rb")
    archive = npload.load(file)
    file.close()
    try:
        assert archive["b"].tolist() == [0, 1, 2, 3, 4]
    except ValueError as problem:
        assert "closed" in str(problem)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_pickled_by_its_path(npz: Path, protocol: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(npz.parent)
    with npload.load("two.npz") as archive:
        data = pickle.dumps(archive, protocol)
        monkeypatch.chdir("/")
        assert len(data) < 1000, "the path and not the arrays"
        with pickle.loads(data) as again:
            assert isinstance(again, npload.NpzFile)
            assert again.files == ["a", "b"]
            assert again["b"].tolist() == [0, 1, 2, 3, 4]
        with copy.copy(archive) as again:
            assert again["b"].size == 5


def test_what_it_was_opened_with_is_pickled_too(npz: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "o.npz", o=np.array([None], dtype=object))
    with npload.load(tmp_path / "o.npz", allow_pickle=True) as archive:
        assert pickle.loads(pickle.dumps(archive))["o"].tolist() == [None]
    with npload.load(npz, mmap_mode="r") as archive:
        assert type(pickle.loads(pickle.dumps(archive))["a"]) is np.memmap


def test_an_archive_without_a_path_cannot_be_pickled(npz: Path) -> None:
    with npload.load(io.BytesIO(npz.read_bytes())) as archive, pytest.raises(TypeError, match="pickle"):
        pickle.dumps(archive)


def test_looking_up_one_of_many_members_takes_no_longer(tmp_path: Path) -> None:
    def seconds(members: int) -> float:
        path = tmp_path / f"{members}.npz"
        path.write_bytes(archive({f"m{number}.npy": ONE for number in range(members)}))
        with npload.load(path) as npz:
            keys = [f"m{number * (members // 100)}" for number in range(100)]
            assert keys[0] in npz
            best = 1e9
            for _ in range(5):
                start = time.perf_counter()
                for key in keys:
                    assert key in npz
                    npz[key]
                best = min(best, time.perf_counter() - start)
        return best

    assert seconds(30_000) < 10 * seconds(300)


def test_a_named_file_object_is_named_in_the_repr(npz: Path) -> None:
    with open(npz, "rb") as file, npload.load(file) as ours, np.load(file) as theirs:
        assert repr(ours).startswith(repr(theirs))


def test_the_class_opens_files_as_numpys_does(npz: Path) -> None:
    for kind in (npload.NpzFile, np.lib.npyio.NpzFile):
        with open(npz, "rb") as file, kind(file) as archive:
            assert archive.files == ["a", "b"]
            assert archive["b"].size == 5
        owned = open(npz, "rb")
        with kind(owned, own_fid=True) as archive:
            assert archive.fid is owned
        assert owned.closed


def test_deleting_an_archive_closes_its_file(npz: Path) -> None:
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))
    archive: Any = npload.load(npz)
    archive.zip, archive.fid  # noqa: B018
    del archive
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before


def test_a_representation_of_an_archive_that_cannot_be_read_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "x.npz.gz").write_bytes(gzip.compress(archive({"a.npy": saved(np.arange(3))})))
    np.save(tmp_path / "good.npy", np.arange(4))
    with gzip.open(tmp_path / "x.npz.gz") as file:
        npz = npload.load(file)
    assert repr(npz) == "NpzFile 'object' with keys: a"
    assert npload.load(tmp_path / "good.npy").tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("kind", ["progress", "file", "lazy"])
def test_an_archive_in_a_cycle_is_collected(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, a=np.arange(3))

    class Holder:
        def __init__(self) -> None:
            self.file = io.BytesIO(path.read_bytes())
            self.seek, self.tell = self.file.seek, self.file.tell
            if kind == "progress":
                self.npz: Any = npload.load(path, progress=self.told)
            elif kind == "lazy":
                self.npz = npload.open(self)
                self.members = [self.npz["a"], self.npz["a"]]
            else:
                self.npz = npload.load(self)
            self.array = self.npz["a"]

        def read(self, size: int = -1) -> bytes:
            return self.file.read(size)

        def told(self, done: int, total: int) -> None:
            pass

    holders = weakref.WeakSet([Holder() for _ in range(50)])
    gc.collect()
    assert len(holders) == 0


def test_another_file_that_took_the_path_is_not_the_archive(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, a=np.arange(3))
    with npload.load(path) as npz:
        np.savez(tmp_path / "new.npz", b=np.arange(4))
        os.replace(tmp_path / "new.npz", path)
        assert npz["a"].tolist() == [0, 1, 2]
        for name in ("zip", "fid"):
            with pytest.raises(ValueError, match="another file has taken the place of"):
                getattr(npz, name)


class Named(npload.NpzFile):
    """A class of a user's."""


def test_pickling_keeps_the_class_and_what_install_promises(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, a=np.arange(3))
    with Named(path) as npz, pickle.loads(pickle.dumps(npz)) as again:
        assert type(again) is Named
    with npload.installed():
        exact = np.load(path)
    with exact, pickle.loads(pickle.dumps(exact)) as again:
        assert type(again) is npload.NpzFile
        assert repr(again) == repr(exact) == f"NpzFile {str(path)!r} with keys: a"


def test_it_tells_how_it_was_opened(both: Any, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=np.arange(3))
    with both(tmp_path / "x.npz") as npz:
        assert (npz.allow_pickle, npz.max_header_size) == (False, 10000)
        assert npz.pickle_kwargs == {"encoding": "ASCII", "fix_imports": True}
    with both(tmp_path / "x.npz", allow_pickle=True, encoding="latin1", max_header_size=5000) as npz:
        assert npz.allow_pickle is True
        assert npz.pickle_kwargs == {"encoding": "latin1", "fix_imports": True}
