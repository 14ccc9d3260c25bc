"""`NpzFile`: NumPy's, and what is more."""

import collections.abc
import io
import os
import zipfile

import numpy as np
import pytest

import npload


def test_it_is_a_mapping_and_numpys_npzfile(npz, array):
    with npload.load(npz) as archive, np.load(npz) as numpys:
        assert isinstance(archive, collections.abc.Mapping)
        assert isinstance(archive, np.lib.npyio.NpzFile)
        assert archive.files == numpys.files == list(archive) == list(archive.keys())
        assert len(archive) == 3
        assert "a" in archive
        assert "a.npy" in archive
        assert "b" in archive.keys()
        assert "zz" not in archive
        assert 3 not in archive
        assert np.array_equal(archive["a.npy"], array)
        assert np.array_equal(archive.f.a, array)
        assert archive.get("zz") is None
        assert archive.get("zz", 5) == 5
        assert [value.shape for value in archive.values()] == [(3, 4), (5,), ()]
        assert dict(archive.items()).keys() == {"a", "b", "c"}
        assert dir(archive.f) == archive.files
        with pytest.raises(AttributeError):
            archive.f.zz  # noqa: B018


@pytest.mark.parametrize("key", ["zz", 3, (1, 2), None, b"a"])
def test_a_key_that_is_not_there(npz, key):
    with npload.load(npz) as archive, pytest.raises(KeyError) as told:
        archive[key]
    assert told.value.args == (f"{key} is not a file in the archive",)


def test_the_representation_is_numpys_with_dtypes_and_shapes(npz):
    with npload.load(npz) as archive, np.load(npz) as numpys:
        first, *others = repr(archive).splitlines()
        assert first == repr(numpys)
        assert others == ["  a: float64 (3, 4)", "  b: int64 (5,)", "  c: float32 ()"]


def test_zip_and_fid_are_there_and_are_closed(npz):
    archive = npload.load(npz)
    opened, file = archive.zip, archive.fid
    assert opened.namelist() == ["a.npy", "b.npy", "c.npy"]
    assert file.name == str(npz)
    archive.close()
    archive.close()
    assert file.closed
    assert opened.fp is None
    assert (archive.zip, archive.fid, archive.f) == (None, None, None)
    with pytest.raises(ValueError, match="closed"):
        archive["a"]


def test_arrays_outlive_the_archive(npz, array):
    with npload.load(npz) as archive:
        loaded = archive["a"]
    assert np.array_equal(loaded, array)


def test_load_all(npz, array):
    with npload.load(npz) as archive:
        loaded = archive.load_all()
        assert list(loaded) == ["a", "b", "c"]
        assert np.array_equal(loaded["a"], array)
        some = archive.load_all(["c", "a.npy"])
        assert list(some) == ["c", "a.npy"]
        assert np.array_equal(some["a.npy"], array)
        assert archive.load_all([]) == {}
        with pytest.raises(KeyError):
            archive.load_all(["zz"])
        loaded["a"][0] = 7
        loaded["b"][0] = 7


def test_object_members(tmp_path):
    path = tmp_path / "o.npz"
    np.savez(path, o=np.array([1, "x"], dtype=object), n=np.arange(3))
    with npload.load(path) as archive:
        with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
            archive["o"]
        with pytest.raises(ValueError, match="Object arrays cannot be loaded"):
            archive.load_all()
    with npload.load(path, allow_pickle=True) as archive:
        assert archive["o"].tolist() == [1, "x"]
        assert archive.load_all()["o"].tolist() == [1, "x"]


def test_members_that_are_no_arrays_are_bytes(tmp_path):
    path = tmp_path / "r.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"raw")
        file = io.BytesIO()
        np.save(file, np.arange(3))
        archive.writestr("a.npy", file.getvalue())
        archive.writestr("dir/", b"")
        archive.writestr("empty", b"")
    with npload.load(path) as archive, np.load(path) as numpys:
        assert archive.files == numpys.files == ["a", "a", "dir/", "empty"]
        for key in ("a", "a.npy", "dir/", "empty"):
            assert np.array_equal(archive[key], numpys[key])
            assert type(archive[key]) is type(numpys[key])


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
@pytest.mark.parametrize("size", [0, 10, 5_000, 100_000, 2_000_000])
def test_every_size_and_method(tmp_path, method, size):
    array = np.arange(size, dtype="i4")
    file = io.BytesIO()
    np.save(file, array)
    path = tmp_path / "m.npz"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.npy", file.getvalue())
    with npload.load(path) as archive:
        for loaded in (archive["a"], archive.load_all()["a"], npload.loads(path.read_bytes())["a"]):
            assert np.array_equal(loaded, array)
            assert loaded.flags.writeable
            assert type(loaded) is np.ndarray


def test_the_class_opens_archives_itself(npz, npy, array):
    with npload.NpzFile(npz) as archive:
        assert np.array_equal(archive["a"], array)
    file = open(npz, "rb")
    with npload.NpzFile(file, own_fid=True, allow_pickle=True) as archive:
        assert archive.fid is file
        assert np.array_equal(archive["a"], array)
    assert file.closed
    with pytest.raises(zipfile.BadZipFile):
        npload.NpzFile(io.BytesIO(b"PK\x03\x04 nothing"))


def test_a_users_file_stays_open(npz):
    with open(npz, "rb") as file:
        npload.load(file).close()
        assert not file.closed


def test_many_members_are_found_fast(tmp_path):
    path = tmp_path / "many.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for i in range(20_000):
            archive.writestr(f"{i}.npy", b"")
    with npload.load(path) as archive:
        assert "19999" in archive
        assert archive["19999"] == b""
        assert len(archive) == 20_000


def test_only_archives_with_a_path_can_be_pickled(npz):
    import pickle

    with (
        npload.load(io.BytesIO(npz.read_bytes())) as archive,
        pytest.raises(TypeError, match="path"),
    ):
        pickle.dumps(archive)


def test_the_members_of_an_archive_in_a_relative_path(npz, monkeypatch, array):
    import pickle

    monkeypatch.chdir(npz.parent)
    with npload.load(npz.name) as archive:
        text = pickle.dumps(archive)
        monkeypatch.chdir(os.sep)
        assert np.array_equal(archive["a"], array)
    monkeypatch.chdir(npz.parent)
    pickle.loads(text).close()
