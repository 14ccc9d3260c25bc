"""Files of all kinds: what is read, and where the position is afterwards."""

import gzip
import io
import os
import pathlib
import pickle
import tempfile
import threading

import numpy as np
import pytest

import npload

ARRAYS = [
    np.arange(30000.0).reshape(3, 10000),
    np.array([{"a": 1}, None, "x"], dtype=object),
    np.asfortranarray(np.arange(6, dtype=">i2").reshape(2, 3)),
    np.array("s"),
]


@pytest.fixture
def stream(tmp_path):
    """Return a file of several arrays and an archive, and where each array ends."""
    path = tmp_path / "stream.bin"
    ends = []
    with open(path, "wb") as file:
        for array in ARRAYS:
            np.save(file, array, allow_pickle=True)
            ends.append(file.tell())
        np.savez(file, last=ARRAYS[0])
    return path, ends


class Plain:
    """A reader with nothing but what NumPy asks for."""

    def __init__(self, file):
        self._file = file

    def read(self, size=-1):
        return self._file.read(size)

    def readline(self):
        return self._file.readline()

    def seek(self, *where):
        return self._file.seek(*where)

    def tell(self):
        return self._file.tell()


class Offset(io.BytesIO):
    """A BytesIO whose `read` is its own, and whose `readinto` must not be taken for it."""

    def read(self, size=-1):
        return bytes(byte ^ 255 for byte in super().read(size))


OPENERS = {
    "buffered": lambda path: open(path, "rb"),
    "unbuffered": lambda path: open(path, "rb", buffering=0),
    "read-write": lambda path: open(path, "r+b"),
    "bytes": lambda path: io.BytesIO(path.read_bytes()),
    "plain": lambda path: Plain(io.BytesIO(path.read_bytes())),
    "over buffered": lambda path: io.BufferedReader(open(path, "rb", buffering=0), 77),
}


@pytest.mark.parametrize("opener", OPENERS.values(), ids=OPENERS)
def test_arrays_follow_each_other_and_the_position_is_exact(stream, opener):
    path, ends = stream
    file = opener(path)
    for array, end in zip(ARRAYS, ends, strict=True):
        loaded = npload.load(file, allow_pickle=True)
        assert loaded.dtype == array.dtype
        assert loaded.tolist() == array.tolist()
        assert file.tell() == end
    with npload.load(file) as archive:
        assert np.array_equal(archive["last"], ARRAYS[0])
    getattr(file, "close", lambda: None)()


def test_at_the_end_nothing_is_left(npy, array):
    with open(npy, "rb") as file:
        npload.load(file)
        with pytest.raises(EOFError, match="No data left in file"):
            npload.load(file)


@pytest.mark.parametrize("kind", ["str", "bytes", "path", "fspath"])
def test_paths_of_all_kinds(npy, array, kind):
    class Named:
        def __fspath__(self):
            return str(npy)

    path = {"str": str(npy), "bytes": bytes(npy), "path": npy, "fspath": Named()}[kind]
    assert np.array_equal(npload.load(path), array)


def test_a_name_that_is_not_utf8(tmp_path, array):
    name = os.fsencode(tmp_path) + b"/\xff\xfe.npy"
    with open(name, "wb") as file:
        np.save(file, array)
    assert np.array_equal(npload.load(name), array)
    assert np.array_equal(npload.load(os.fsdecode(name)), array)
    with pytest.raises(FileNotFoundError):
        npload.load(name + b"x")


def test_gzip(tmp_path, npz, array):
    path = tmp_path / "x.gz"
    with gzip.open(path, "wb") as file:
        np.save(file, array)
        np.save(file, array + 1)
    with gzip.open(path) as file:
        assert np.array_equal(npload.load(file), array)
        assert np.array_equal(npload.load(file), array + 1)
        with pytest.raises(EOFError):
            npload.load(file)
    with gzip.open(path, "wb") as file:
        file.write(npz.read_bytes())
    with gzip.open(path) as file, npload.load(file) as archive:
        assert np.array_equal(archive["a"], array)
        assert list(archive.load_all()) == ["a", "b", "c"]


def test_a_temporary_file_is_read_as_a_file(array):
    with tempfile.NamedTemporaryFile() as file:
        np.save(file, array)
        file.seek(0)
        assert np.array_equal(npload.load(file), array)
        assert file.tell() == 128 + array.nbytes


def test_pipes(npy, npz, array, tmp_path):
    def feed(path, fd):
        with os.fdopen(fd, "wb") as file:
            file.write(path.read_bytes())

    for path in (npy, npz):
        read, write = os.pipe()
        thread = threading.Thread(target=feed, args=(path, write))
        thread.start()
        with os.fdopen(read, "rb") as file:
            loaded = npload.load(file)
            assert np.array_equal(loaded if path == npy else loaded["a"], array)
        thread.join()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    thread = threading.Thread(target=lambda: fifo.write_bytes(npy.read_bytes()))
    thread.start()
    assert np.array_equal(npload.load(fifo), array)
    thread.join()


def test_pickles_come_out_of_pipes(tmp_path):
    read, write = os.pipe()
    with os.fdopen(write, "wb") as file:
        pickle.dump({"a": [1, 2]}, file)
    with os.fdopen(read, "rb") as file:
        assert npload.load(file, allow_pickle=True) == {"a": [1, 2]}


def test_a_subclass_with_a_read_of_its_own_is_read_by_it(npy, array):
    hidden = bytes(byte ^ 255 for byte in npy.read_bytes())
    assert np.array_equal(npload.load(Offset(hidden)), array)


def test_a_bytesio_is_not_changed_and_may_change(array):
    file = io.BytesIO()
    np.save(file, array)
    before = file.getvalue()
    file.seek(0)
    with file.getbuffer() as exported:
        assert np.array_equal(npload.load(file), array)
        file.seek(0)
        exported[-1] ^= 1
        assert not np.array_equal(npload.load(file), array)
        exported[-1] ^= 1
    assert file.getvalue() == before
    file.seek(0)
    archive = io.BytesIO()
    np.savez(archive, a=array)
    with npload.load(archive if archive.seek(0) == 0 else None) as npz:
        archive.seek(0)
        archive.write(b"\0" * 100)
        assert np.array_equal(npz["a"], array)


def test_an_exception_of_the_reader_is_not_changed(npy):
    class Mine(Exception):
        pass

    class Broken(io.RawIOBase):
        def __init__(self):
            self.left = 60

        def readable(self):
            return True

        def readinto(self, memory):
            if self.left <= 0:
                raise Mine("from the reader")
            part = npy.read_bytes()[60 - self.left : 60][: len(memory)]
            memory[: len(part)] = part
            self.left -= len(part)
            return len(part)

    with pytest.raises(Mine, match="from the reader"):
        npload.load(Broken())


@pytest.mark.parametrize(
    ("file", "error"),
    [
        (3, TypeError),
        (None, TypeError),
        (io.StringIO("some text"), OSError),
        ("no/such/file", FileNotFoundError),
        ("/", IsADirectoryError),
        ("a\0b", ValueError),
        (b"a\0b", ValueError),
    ],
)
def test_what_is_no_file_raises_as_in_numpy(file, error):
    with pytest.raises(error):
        np.load(file)
    if isinstance(file, io.StringIO):
        file.seek(0)
    with pytest.raises(error) as told:
        npload.load(file)
    if error in (FileNotFoundError, IsADirectoryError):
        assert told.value.filename == file
        assert told.value.errno is not None


def test_a_reader_without_seek_raises_as_in_numpy(npy):
    class Reader:
        def read(self, size=-1):
            return b""

    with pytest.raises(AttributeError):
        npload.load(Reader())


def test_a_file_object_is_not_mapped(npy, npz):
    with open(npy, "rb") as file, pytest.raises(ValueError, match="existing file handles"):
        npload.load(file, mmap_mode="r")
    for kind in (io.BytesIO, lambda data: Plain(io.BytesIO(data))):
        with pytest.raises(TypeError):
            npload.load(kind(npy.read_bytes()), mmap_mode="r")
        with pytest.warns(UserWarning, match="not memory-mapped"):
            npload.load(kind(npz.read_bytes()), mmap_mode="r").close()


def test_after_a_refusal_the_position_is_where_it_was(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(pickle.dumps([1, 2, 3]))
    for file in (open(path, "rb"), io.BytesIO(path.read_bytes())):
        with file:
            with pytest.raises(ValueError):
                npload.load(file)
            assert pickle.load(file) == [1, 2, 3]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda b: np.frombuffer(b, "u1")])
def test_loads(npy, npz, array, kind):
    assert np.array_equal(npload.loads(kind(npy.read_bytes())), array)
    with npload.loads(kind(npz.read_bytes())) as archive:
        assert np.array_equal(archive["a"], array)
    assert npload.loads(kind(pickle.dumps({1: 2})), allow_pickle=True) == {1: 2}


def test_short_data_is_told_as_in_numpy(npy):
    data = npy.read_bytes()[:-9]
    npy.write_bytes(data)
    for file, text in (
        (npy, "Failed to read all data for array"),
        (io.BytesIO(data), "EOF: reading"),
    ):
        with pytest.raises(ValueError, match=text):
            npload.load(file)
        with pytest.raises(ValueError, match=text):
            np.load(file if isinstance(file, pathlib.Path) else io.BytesIO(data))
