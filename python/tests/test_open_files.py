"""Files given open: read from where they stand, left exactly behind the array, never closed."""

from __future__ import annotations

import gzip
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

import npload
from made import archive, saved

SMALL = np.arange(10)
LARGE = np.arange(100_000, dtype="<f4").reshape(200, 500)
ARRAYS = [
    SMALL,
    LARGE,
    LARGE.T,
    np.array(5.0),
    np.empty((0, 3)),
    np.zeros(3, ">i2"),
    np.array(["ab", "c"]),
    np.ones(4, [("a", "i1"), ("b", "f8")]),
]


def raw(path: Path) -> BinaryIO:
    return open(path, "rb", buffering=0)


def both_ways(path: Path) -> BinaryIO:
    return open(path, "r+b")


def tiny_buffer(path: Path) -> BinaryIO:
    return open(path, "rb", buffering=16)


def in_memory(path: Path) -> BinaryIO:
    return io.BytesIO(path.read_bytes())


def spooled(path: Path) -> Any:
    file = tempfile.SpooledTemporaryFile()
    file.write(path.read_bytes())
    file.seek(0)
    return file


def spooled_to_disk(path: Path) -> Any:
    file = tempfile.SpooledTemporaryFile(max_size=10)
    file.write(path.read_bytes())
    file.seek(0)
    return file


def temporary(path: Path) -> Any:
    file = tempfile.TemporaryFile()
    file.write(path.read_bytes())
    file.seek(0)
    return file


def named_temporary(path: Path) -> Any:
    file = tempfile.NamedTemporaryFile()
    file.write(path.read_bytes())
    file.flush()
    file.seek(0)
    return file


def gzipped(path: Path) -> Any:
    packed = path.with_suffix(".gz")
    packed.write_bytes(gzip.compress(path.read_bytes(), 1))
    return gzip.open(packed, "rb")


def zip_member(path: Path) -> Any:
    archive = zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED)
    archive.write(path, "member")
    archive.close()
    return zipfile.ZipFile(path.with_suffix(".zip")).open("member")


class Reader:
    """A reader of one's own: read, seek, tell."""

    def __init__(self, path: Path) -> None:
        self.inner = io.BytesIO(path.read_bytes())
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        return self.inner.read(size)

    def readline(self) -> bytes:
        return self.inner.readline()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.inner.seek(offset, whence)

    def tell(self) -> int:
        return self.inner.tell()

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class Readinto(Reader):
    """One that reads into memory, too."""

    def readinto(self, memory: Any) -> int:
        return self.inner.readinto(memory)


class ShortReads(Reader):
    """One that gives at most 7 bytes at once, but for the first six."""

    def read(self, size: int = -1) -> bytes:
        return self.inner.read(min(size, 7) if size >= 0 else size)


OPENERS: list[Callable[[Path], Any]] = [
    raw,
    both_ways,
    tiny_buffer,
    in_memory,
    spooled,
    spooled_to_disk,
    temporary,
    named_temporary,
    gzipped,
    zip_member,
    Reader,
    Readinto,
]
opened = pytest.mark.parametrize(
    "opener", [lambda path: open(path, "rb"), *OPENERS], ids=lambda opener: opener.__name__
)


@pytest.fixture
def several(tmp_path: Path) -> Path:
    """All ARRAYS in one file, one after the other, after five bytes of another kind."""
    path = tmp_path / "several"
    with open(path, "wb") as out:
        out.write(b"other")
        for array in ARRAYS:
            np.save(out, array)
    return path


@opened
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_arrays_one_after_the_other_and_the_position_after_each(both: Any, several: Path, opener: Any) -> None:
    ends, end = [], 5
    for array in ARRAYS:
        out = io.BytesIO()
        np.save(out, array)
        end += len(out.getvalue())
        ends.append(end)
    with opener(several) as file:
        assert file.read(5) == b"other"
        for array, end in zip(ARRAYS, ends, strict=True):
            loaded = both(file)
            assert type(loaded) is np.ndarray
            assert loaded.dtype == array.dtype
            assert loaded.flags.f_contiguous == array.flags.f_contiguous
            np.testing.assert_array_equal(loaded, array)
            assert file.tell() == end
        with pytest.raises(EOFError, match="^No data left in file$"):
            both(file)
        assert not file.closed


@opened
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_archives_in_open_files(both: Any, npz: Path, opener: Any) -> None:
    with opener(npz) as file:
        archive = both(file)
        assert archive.files == ["a", "b"]
        assert archive["b"].tolist() == [0, 1, 2, 3, 4]
        assert archive["a"].shape == (3, 4)
        archive.close()
        assert not file.closed


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@opened
def test_what_is_read_and_written_after_an_array_is_what_follows_it(opener: Any, tmp_path: Path) -> None:
    path = tmp_path / "then-text"
    with open(path, "wb") as out:
        np.save(out, LARGE)
        out.write(b"and so on")
    with opener(path) as file:
        npload.load(file)
        assert file.read() == b"and so on"


def test_a_file_read_and_written_in_turn(tmp_path: Path) -> None:
    with open(tmp_path / "turns", "w+b") as file:
        np.save(file, SMALL)
        np.save(file, LARGE)
        file.seek(0)
        assert npload.load(file).tolist() == SMALL.tolist()
        assert npload.load(file).shape == LARGE.shape
        np.save(file, SMALL)
        end = file.tell()
        file.seek(0)
        for _ in range(3):
            npload.load(file)
        assert file.tell() == end


def test_what_is_written_but_not_flushed_is_read(tmp_path: Path) -> None:
    with open(tmp_path / "unflushed", "w+b") as file:
        np.save(file, SMALL)
        file.seek(0)
        file.write(b"\x93NUMPY")
        file.seek(0)
        assert npload.load(file).tolist() == SMALL.tolist()


def test_npy_then_npz_in_one_file(both: Any, tmp_path: Path, npz: Path) -> None:
    with open(tmp_path / "mixed", "w+b") as file:
        np.save(file, SMALL)
        file.write(npz.read_bytes())
        file.seek(0)
        assert both(file).tolist() == SMALL.tolist()
        assert both(file)["b"].tolist() == [0, 1, 2, 3, 4]


def test_short_reads_are_read_on(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", LARGE)
    np.testing.assert_array_equal(npload.load(ShortReads(tmp_path / "x.npy")), LARGE)


def test_the_data_ends_early_in_a_real_file(both: Any, npy: Path) -> None:
    npy.write_bytes(npy.read_bytes()[:-1])
    message = r"Failed to read all data for array\. Expected \(10,\) = 10 elements, could only read 9 elements\."
    with open(npy, "rb") as file, pytest.raises(ValueError, match=message + r" \(file seems not fully written\?\)"):
        both(file)
    with pytest.raises(ValueError, match=message + r" \(file seems not fully written\?\)"):
        both(npy)


@pytest.mark.parametrize("opener", [in_memory, Reader, Readinto, gzipped])
def test_the_data_ends_early_in_memory_and_in_other_readers(both: Any, npy: Path, opener: Any) -> None:
    npy.write_bytes(npy.read_bytes()[:-1])
    with opener(npy) as file, pytest.raises(ValueError, match="EOF: reading array data, expected 80 bytes got 79"):
        both(file)


def test_the_buffer_of_a_bytesio_may_be_in_use(npy: Path) -> None:
    file = io.BytesIO(npy.read_bytes())
    with file.getbuffer() as view:
        assert npload.load(file).tolist() == list(range(10))
        view[-8:] = (77).to_bytes(8, "little")
        file.seek(0)
        assert npload.load(file)[-1] == 77


def test_a_bytesio_is_not_changed_and_does_not_change_the_array(npy: Path) -> None:
    data = npy.read_bytes()
    file = io.BytesIO(data)
    array = npload.load(file)
    array[:] = -1
    assert file.getvalue() == data
    file.seek(0)
    again = npload.load(file)
    file.seek(len(data) - 80)
    file.write(b"\xff" * 80)
    assert again.tolist() == list(range(10))


def test_subclasses_of_bytesio_are_read_as_they_read(npy: Path) -> None:
    class Counted(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            return super().read(size)

    file = Counted(npy.read_bytes())
    assert npload.load(file).tolist() == list(range(10))
    assert file.reads > 0


@pytest.mark.parametrize("opener", [lambda path: open(path, "rb"), in_memory, Reader], ids=["file", "memory", "reader"])
@pytest.mark.parametrize("data", [b"hello, world", b"abc", b""], ids=repr)
def test_what_is_no_array_is_left_to_be_read_by_others(tmp_path: Path, opener: Any, data: bytes) -> None:
    (tmp_path / "x").write_bytes(b"xx" + data)
    after = []
    for load in (npload.load, np.load):
        with opener(tmp_path / "x") as file:
            file.seek(2)
            with pytest.raises((ValueError, EOFError)):
                load(file)
            after.append(file.tell())
    assert after == [2, 2]


def test_a_file_without_seek_is_an_attribute_error(both: Any, npy: Path) -> None:
    class NoSeek:
        def __init__(self) -> None:
            self.inner = open(npy, "rb")

        def read(self, size: int = -1) -> bytes:
            return self.inner.read(size)

    file = NoSeek()
    with file.inner, pytest.raises(AttributeError, match="seek"):
        both(file)


def test_text_in_memory_is_an_os_error(both: Any) -> None:
    with pytest.raises(OSError):
        both(io.StringIO("\x93NUMPY and so on"))


def test_a_file_opened_as_text_is_refused_as_numpy_refuses_it(npy: Path) -> None:
    def refusal(load: Any) -> type:
        with open(npy, encoding="latin1") as file, pytest.raises(Exception) as caught:
            load(file)
        return caught.type

    assert refusal(npload.load) is refusal(np.load)


def test_a_closed_file_is_a_value_error(both: Any, npy: Path) -> None:
    file = open(npy, "rb")
    file.close()
    with pytest.raises(ValueError, match="closed file"):
        both(file)
    memory = io.BytesIO(npy.read_bytes())
    memory.close()
    with pytest.raises(ValueError, match="closed file"):
        both(memory)


def test_a_file_open_for_writing_only_is_refused_as_numpy_refuses_it(tmp_path: Path) -> None:
    def refusal(load: Any) -> type:
        with open(tmp_path / "w", "wb") as file, pytest.raises(Exception) as caught:
            load(file)
        return caught.type

    assert refusal(npload.load) is refusal(np.load) is io.UnsupportedOperation


@pytest.mark.parametrize("after", [0, 1, 6, 8, 20, 200, 100_000])
@pytest.mark.parametrize("into", [False, True])
def test_what_a_reader_raises_is_raised(both: Any, tmp_path: Path, after: int, into: bool) -> None:
    np.save(tmp_path / "x.npy", LARGE)

    class Failure(Exception):
        pass

    class Failing(Reader):
        left = after

        def read(self, size: int = -1) -> bytes:
            self.left -= size
            if self.left < 0:
                raise Failure("the tape tore")
            return super().read(size)

    class FailingInto(Failing):
        def readinto(self, memory: Any) -> int:
            data = self.read(len(memory))
            memory[: len(data)] = data
            return len(data)

    with pytest.raises(Failure, match="^the tape tore$"):
        both((FailingInto if into else Failing)(tmp_path / "x.npy"))


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError, StopIteration, OSError])
def test_any_exception_of_a_reader_is_raised(tmp_path: Path, error: type[BaseException]) -> None:
    class Failing(Reader):
        def read(self, size: int = -1) -> bytes:
            raise error("by the reader")

    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(error, match="by the reader"):
        npload.load(Failing(tmp_path / "x"))


def test_a_reader_that_raises_when_an_archive_is_read_raises_that(npz: Path) -> None:
    class Failing(Reader):
        fails = False

        def read(self, size: int = -1) -> bytes:
            if self.fails:
                raise LookupError("the tape tore")
            return super().read(size)

    file = Failing(npz)
    archive = npload.load(file)
    file.fails = True
    with pytest.raises(LookupError, match="the tape tore"):
        archive["a"]
    file.fails = False
    assert archive["b"].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("given", [None, "text", 5, bytearray(b"\x93NUMPY"), memoryview(b"\x93NUMPY")])
def test_what_read_gives_that_is_no_bytes_is_no_crash(npy: Path, given: Any) -> None:
    class Odd(Reader):
        def read(self, size: int = -1) -> Any:
            return given

    try:
        npload.load(Odd(npy))
    except (TypeError, ValueError, OSError, EOFError):
        pass


@pytest.mark.parametrize("claimed", [-1, 10**9, None, "x"])
def test_what_readinto_claims_wrongly_is_an_error_and_no_crash(npy: Path, claimed: Any) -> None:
    class Liar(Reader):
        def readinto(self, memory: Any) -> Any:
            return claimed

    with pytest.raises((TypeError, ValueError, OSError, OverflowError)):
        npload.load(Liar(npy))


def test_a_read_that_gives_more_than_was_asked_for_is_an_error_and_no_crash(npy: Path) -> None:
    class Generous(Reader):
        def read(self, size: int = -1) -> bytes:
            return super().read(size) + b"more"

    try:
        npload.load(Generous(npy))
    except (ValueError, OSError):
        pass


def test_a_reader_that_keeps_the_memory_it_was_given_cannot_change_the_array(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", LARGE)
    kept: list[Any] = []

    class Keeper(Reader):
        def readinto(self, memory: Any) -> int:
            kept.append(memory)
            return self.inner.readinto(memory)

    array = npload.load(Keeper(tmp_path / "x.npy"))
    for memory in kept:
        try:
            memory[:] = b"\xff" * len(memory)
        except ValueError:
            pass  # released: as good
    np.testing.assert_array_equal(array, LARGE)


def test_the_position_of_a_file_shared_with_a_child_process_is_left_where_it_should_be(npy: Path) -> None:
    with open(npy, "rb") as file:
        npload.load(file)
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) >= file.tell()
        assert file.read(1) == b""


def test_readers_with_large_arrays(tmp_path: Path) -> None:
    array = np.arange(3_000_000, dtype="<i4")
    np.save(tmp_path / "x.npy", array)
    for opener in (Reader, Readinto, gzipped, in_memory, zip_member):
        with opener(tmp_path / "x.npy") as file:
            np.testing.assert_array_equal(npload.load(file), array)


class Slow:
    """A reader that does something else within each read."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)
        self.meanwhile: Callable[[], object] = lambda: None

    def seek(self, offset: int, whence: int = 0) -> int:
        return self.file.seek(offset, whence)

    def tell(self) -> int:
        return self.file.tell()

    def read(self, size: int = -1) -> bytes:
        self.meanwhile()
        return self.file.read(size)


@pytest.mark.timeout(20, method="thread")
def test_a_reader_that_uses_its_own_archive_raises() -> None:
    slow = Slow(archive({"a.npy": saved(SMALL)}))
    npz = npload.load(slow)
    slow.meanwhile = lambda: npz["a"]
    with pytest.raises(RuntimeError, match="reentrant use of the file object"):
        npz["a"]
    slow.meanwhile = lambda: None
    assert npz["a"].tolist() == SMALL.tolist()


def test_a_child_forked_while_another_thread_reads_goes_on() -> None:
    slow = Slow(archive({"a.npy": saved(SMALL)}))
    npz = npload.load(slow)
    inside, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        inside.set()
        go_on.wait(20)

    slow.meanwhile = wait
    reading = threading.Thread(target=lambda: npz["a"])
    reading.start()
    inside.wait(20)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        signal.alarm(10)
        slow.meanwhile = lambda: None
        os._exit(0 if npz["a"].tolist() == SMALL.tolist() else 1)
    status = os.waitpid(child, 0)[1]
    go_on.set()
    reading.join()
    assert status == 0


def test_a_readinto_that_claims_more_than_it_was_given_is_an_error() -> None:
    class Liar(io.BytesIO):
        def readinto(self, memory: Any) -> int:
            return super().readinto(memory) + 1

    file = io.BytesIO()
    np.save(file, np.arange(3))
    with pytest.raises(OSError, match="the reader gave 7 bytes where 6 were asked for"):
        npload.load(Liar(file.getvalue()))


def test_a_file_opened_by_a_name_in_bytes_warns_of_nothing(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.arange(3))
    script = "import sys, npload; print(npload.load(open(sys.argv[1].encode(), 'rb')))"
    command = [sys.executable, "-P", "-bb", "-c", script, str(tmp_path / "x.npy")]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout == "[0 1 2]\n"


@pytest.mark.parametrize("after", [1, 5, 9, 14, 20])
def test_what_a_reader_raises_comes_through_whichever_thread_reads(after: int) -> None:
    file = io.BytesIO()
    np.savez(file, a=np.zeros(4 << 20))
    file.seek(0)

    class Reader:
        calls = 0
        seek, tell = file.seek, file.tell

        def read(self, size: int = -1) -> bytes:
            self.calls += 1
            if self.calls > after:
                raise LookupError("no more today")
            return file.read(size)

    with pytest.raises(LookupError, match="no more today"):
        npload.load(Reader(), threads=4)["a"]
