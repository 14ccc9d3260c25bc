"""What arrays are like, and the other ways to get them."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import npload


@pytest.mark.parametrize("size", [0, 1, 1000, 8191, 8192, 100_000, 1_000_000])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_are_plain_writable_and_aligned(tmp_path, size, order):
    array = np.arange(size * 2.0).reshape((2, size), order=order)
    np.save(tmp_path / "x.npy", array)
    loaded = npload.load(tmp_path / "x.npy")
    assert type(loaded) is np.ndarray
    assert np.array_equal(loaded, array)
    assert loaded.flags.writeable
    assert loaded.flags.f_contiguous == array.flags.f_contiguous
    if array.nbytes >= 64 << 10:
        assert loaded.ctypes.data % 64 == 0
    view = loaded[:, size // 2 :]
    del loaded
    view[...] = 7


def test_stringdtype(tmp_path):
    array = np.array(["a", "bc", "x" * 100], dtype=np.dtypes.StringDType())
    with pytest.warns(UserWarning, match="Custom dtypes"):
        np.save(tmp_path / "s.npy", array, allow_pickle=True)
    loaded = npload.load(tmp_path / "s.npy", allow_pickle=True)
    assert loaded.dtype == array.dtype
    assert loaded.tolist() == array.tolist()


def test_memmap(npy, array):
    for mode in ("r", "c", "r+"):
        ours, numpys = npload.load(npy, mmap_mode=mode), np.load(npy, mmap_mode=mode)
        assert type(ours) is np.memmap
        for name in ("offset", "mode", "filename"):
            assert getattr(ours, name) == getattr(numpys, name)
        assert ours.flags.writeable == numpys.flags.writeable
        assert np.array_equal(ours, array)
        assert type(ours[0]) is np.memmap
        assert isinstance(ours[0, 0], np.float64)
    ours[0, 0] = 99
    ours.flush()
    assert npload.load(npy)[0, 0] == 99
    assert (
        npload.load(str(npy), mmap_mode="r").filename == np.load(str(npy), mmap_mode="r").filename
    )


def test_names_of_mapped_files_are_made_absolute_as_in_numpy(npy, monkeypatch):
    monkeypatch.chdir(npy.parent)
    name = npy.name
    folder = npy.parent
    for path in (
        name,
        f"./{name}",
        f"{folder}/../{folder.name}/{name}",
        f"{folder}//{name}",
        bytes(npy),
    ):
        ours, numpys = npload.load(path, mmap_mode="r"), np.load(path, mmap_mode="r")
        assert ours.filename == numpys.filename


def test_a_mapping_is_closed_once_no_array_uses_it(npy):
    array = npload.load(npy, mmap_mode="r")
    mapping = array._mmap
    part = array[1:]
    del array
    with pytest.raises(BufferError, match="delete them first"):
        mapping.close()
    assert not mapping.closed
    del part
    mapping.close()
    assert mapping.closed


def test_objects_are_not_mapped(tmp_path):
    np.save(tmp_path / "o.npy", np.array([None]), allow_pickle=True)
    for allow in (False, True):
        with pytest.raises(ValueError, match="Python objects in dtype"):
            npload.load(tmp_path / "o.npy", mmap_mode="r", allow_pickle=allow)


@pytest.mark.parametrize(
    "dtype", ["f4", ">i8", "S5", "U3", [("a", "i4"), ("b", "f8", (2,))], "M8[ms]"]
)
@pytest.mark.parametrize("fortran", [False, True])
def test_open_memmap_creates_what_numpy_reads(tmp_path, dtype, fortran):
    path = tmp_path / "new.npy"
    array = npload.open_memmap(path, "w+", dtype=dtype, shape=(2, 3), fortran_order=fortran)
    array[...] = np.ones((2, 3), dtype)
    array.flush()
    loaded = np.load(path)
    assert loaded.dtype == np.dtype(dtype)
    assert np.array_equal(loaded, np.ones((2, 3), dtype))
    assert loaded.flags.f_contiguous == fortran
    with pytest.raises(TypeError):
        npload.open_memmap(path, "w+")


def test_open_memmap_opens(npy, npz, array):
    assert np.array_equal(npload.open_memmap(npy), array)
    with pytest.raises(ValueError, match="archive"):
        npload.open_memmap(npz, "r")


def test_out(npy, array):
    out = np.empty_like(array)
    assert npload.load(npy, out=out) is out
    assert np.array_equal(out, array)
    for bad, error in [
        (np.empty(3), ValueError),
        (np.empty((3, 4), "f4"), TypeError),
        (np.empty((4, 3)).T, ValueError),
        (np.broadcast_to(1.0, (3, 4)), ValueError),
        ([1], TypeError),
    ]:
        with pytest.raises(error):
            npload.load(npy, out=bad)
    with pytest.raises(ValueError, match="exclude"):
        npload.load(npy, out=out, mmap_mode="r")
    with open(npy, "rb") as file:
        assert npload.load(file, out=out) is out
        assert file.tell() == npy.stat().st_size


def test_progress(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(10_000_000, "u1"))
    told = []
    npload.load(tmp_path / "x.npy", progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (10_000_000, 10_000_000)
    assert told == sorted(told)

    class Enough(Exception):
        pass

    def stop(done, total):
        raise Enough

    with pytest.raises(Enough):
        npload.load(tmp_path / "x.npy", progress=stop)
    with pytest.raises(TypeError):
        npload.load(tmp_path / "x.npy", progress=3)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"safe_pickle": True}, NotImplementedError, "safe_pickle"),
        ({"mmap_mode": "x"}, ValueError, "mode must be one of"),
        ({"encoding": "utf-8"}, ValueError, "encoding must be 'ASCII', 'latin1', or 'bytes'"),
        ({"threads": 0}, ValueError, "at least 1"),
        ({"verify": "no"}, TypeError, "verify"),
        ({"max_header_size": "x"}, TypeError, None),
        ({"max_header_size": 10}, ValueError, "max_header_size"),
        ({"unknown": 1}, TypeError, "unknown"),
    ],
)
def test_arguments_are_checked(npy, arguments, error, text):
    with pytest.raises(error, match=text):
        npload.load(npy, **arguments)


def test_allow_pickle_lifts_the_limit_of_headers(npy, array):
    assert np.array_equal(npload.load(npy, allow_pickle=True, max_header_size=10), array)
    assert np.array_equal(npload.load(npy, max_header_size=2**100), array)


def test_peek(npy, npz):
    info = npload.peek(npy)
    assert (info.dtype, info.shape, info.offset, info.compression) == ("f8", (3, 4), 128, "npy")
    assert (info.ndim, info.size, info.nbytes) == (2, 12, 96)
    infos = npload.peek(npz)
    assert [(key, info.shape) for key, info in infos.items()] == [
        ("a", (3, 4)),
        ("b", (5,)),
        ("c", ()),
    ]
    with open(npz, "rb") as file:
        assert npload.peek(file) == infos
        assert file.tell() == 0


def test_open_reads_parts_as_numpy_indexes(tmp_path):
    whole = np.arange(600).reshape(10, 20, 3)
    np.save(tmp_path / "x.npy", whole)
    np.savez_compressed(tmp_path / "x.npz", x=whole)
    with npload.open(tmp_path / "x.npz") as archive:
        for lazy in (npload.open(tmp_path / "x.npy"), archive["x"]):
            assert (lazy.shape, lazy.dtype, lazy.ndim) == (whole.shape, whole.dtype, 3)
            assert (lazy.size, lazy.nbytes, len(lazy)) == (whole.size, whole.nbytes, 10)
            for index in [
                np.s_[0],
                np.s_[-1, 2],
                np.s_[1:5, ::-2],
                np.s_[..., 0],
                np.s_[None, 3, :, 1:],
                np.s_[::-1, ::-1, ::-1],
                np.s_[2, 3, 1],
                np.s_[[1, 5, 2]],
                np.s_[np.array([True, False] * 5)],
                np.s_[np.int64(4)],
                np.s_[whole > 50],
                np.s_[...],
                np.s_[()],
                np.s_[5:5],
            ]:
                read, expected = lazy[index], whole[index]
                assert type(read) is type(expected)
                assert np.array_equal(read, expected)
                assert np.shape(read) == np.shape(expected)
            assert np.array_equal(np.asarray(lazy, dtype="f4"), whole)
            for bad in (10, (0, 0, 0, 0), np.s_[..., ...]):
                with pytest.raises(IndexError):
                    lazy[bad]


def test_open_reads_fields(tmp_path):
    records = np.array([(1, 2.5), (3, 4.5)], dtype=[("a", "i4"), ("b", "f8")])
    np.save(tmp_path / "r.npy", records)
    lazy = npload.open(tmp_path / "r.npy")
    assert np.array_equal(lazy["b"], records["b"])
    assert lazy[1].tolist() == records[1].tolist()


def test_load_many(npy, npz, array, tmp_path):
    np.save(tmp_path / "o.npy", np.array([None, 1]), allow_pickle=True)
    first, archive, objects = npload.load_many(
        [npy, str(npz), tmp_path / "o.npy"], allow_pickle=True
    )
    assert np.array_equal(first, array)
    assert np.array_equal(archive["a"], array)
    assert objects.tolist() == [None, 1]
    archive.close()
    assert npload.load_many([]) == []
    with pytest.raises(FileNotFoundError, match="missing"):
        npload.load_many([npy, "missing", npy])


def test_install(npy, npz, array):
    numpys = np.load
    with npload.installed():
        assert np.load is not numpys
        assert np.array_equal(np.load(npy), array)
        with np.load(npz, mmap_mode="r") as archive:
            assert type(archive["a"]) is np.ndarray
            assert repr(archive).count("\n") == 0
        with npload.installed():
            pass
        assert np.load is not numpys
    assert np.load is numpys
    npload.install()
    npload.install()
    npload.uninstall()
    npload.uninstall()
    assert np.load is numpys


def test_a_program_is_run_unchanged(tmp_path, npy):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, numpy\nprint(numpy.load.__wrapped__.__name__, numpy.load(sys.argv[1]).shape)"
    )
    run = [sys.executable, "-m", "npload.run", script, npy]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    assert done.stdout == "load (3, 4)\n"


def test_the_command(npy):
    command = os.path.join(os.path.dirname(sys.executable), "npload")
    done = subprocess.run(
        [command, "show", npy, "0, :2"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[0. 1.]\n"
    assert subprocess.run([command, "info", "missing"], capture_output=True).returncode == 1


def test_ctrl_c_ends_a_long_load(tmp_path):
    with open(tmp_path / "big.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "|u1", "fortran_order": False, "shape": (3 << 30,)}
        )
        file.truncate(file.tell() + (3 << 30))

    def interrupt():
        time.sleep(0.15)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        while time.monotonic() < start + 20:
            npload.load(tmp_path / "big.npy")
    thread.join()
    assert time.monotonic() < start + 5


def rss():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_memory_and_descriptors_are_level_after_many_loads(npy, npz, tmp_path):
    large = tmp_path / "large.npy"
    np.save(large, np.zeros(20_000))

    def loads(count):
        for _ in range(count):
            npload.load(npy)
            with npload.load(npz) as archive:
                archive["a"]
            npload.load(npy, mmap_mode="r")
            with open(npy, "rb") as file:
                npload.load(file)
            npload.load(large)

    loads(200)
    gc.collect()
    before, files = rss(), len(os.listdir("/proc/self/fd"))
    loads(2_500)
    gc.collect()
    assert rss() - before < 2 << 20
    assert len(os.listdir("/proc/self/fd")) == files


def test_nothing_keeps_references(npy):
    path = str(npy)
    dtype = np.dtype("f8")
    references = sys.getrefcount(path), sys.getrefcount(dtype)
    for _ in range(100):
        npload.load(path)
    assert sys.getrefcount(path) == references[0]
    assert abs(sys.getrefcount(dtype) - references[1]) < 10
