"""One archive in many threads; nothing leaks; the GIL is let go of."""

from __future__ import annotations

import concurrent.futures
import gc
import io
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload
from made import archive, header, npy, saved


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """An archive of 40 arrays, stored and deflated."""
    arrays = {f"a{number}": np.full((50 + number, 20), number) for number in range(40)}
    np.savez(tmp_path / "stored.npz", **arrays)
    np.savez_compressed(tmp_path / "deflated.npz", **arrays)
    return tmp_path


@pytest.mark.parametrize("name", ["stored.npz", "deflated.npz"])
def test_eight_threads_read_one_archive_400_times_each(better: Any, shared: Path, name: str) -> None:
    if better is np.load and sys.version_info >= (3, 14):
        pytest.skip("NumPy's failures are by chance")
    with better(shared / name) as npz:
        failures: list[str] = []

        def reads(seed: int) -> None:
            for turn in range(400):
                number = (turn * 7 + seed * 5) % 40
                try:
                    array = npz[f"a{number}"]
                    if array.shape != (50 + number, 20) or not (array == number).all():
                        failures.append(f"a{number}: wrong values")
                except Exception as problem:
                    failures.append(repr(problem))

        switch = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        try:
            threads = [threading.Thread(target=reads, args=(seed,)) for seed in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(switch)
    assert failures == []


@pytest.mark.parametrize("source", ["file", "memory", "reader"])
def test_threads_share_archives_of_every_source(shared: Path, source: str) -> None:
    data = (shared / "stored.npz").read_bytes()

    class Reader(io.BytesIO):
        pass

    with open(shared / "stored.npz", "rb") as file:
        npz = npload.load({"file": file, "memory": io.BytesIO(data), "reader": Reader(data)}[source])
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            results = list(pool.map(lambda n: (npz[f"a{n % 40}"] == n % 40).all(), range(400)))
        npz.close()
    assert all(results)


def test_load_all_in_threads(shared: Path) -> None:
    with npload.load(shared / "stored.npz") as npz, concurrent.futures.ThreadPoolExecutor(4) as pool:
        for everything in pool.map(lambda _: npz.load_all(), range(20)):
            assert len(everything) == 40
            assert (everything["a7"] == 7).all()


def test_closing_while_others_read_is_safe(shared: Path) -> None:
    for _ in range(20):
        npz = npload.load(shared / "stored.npz")
        seen: list[str] = []

        def reads(npz: Any = npz, seen: list[str] = seen) -> None:
            try:
                for number in range(40):
                    assert (npz[f"a{number}"] == number).all()
            except ValueError as problem:
                seen.append(str(problem))

        threads = [threading.Thread(target=reads) for _ in range(4)]
        for thread in threads:
            thread.start()
        npz.close()
        for thread in threads:
            thread.join()
        assert all("closed" in text for text in seen)


def test_other_threads_run_while_a_large_file_is_loaded(tmp_path: Path) -> None:
    array = np.zeros(40_000_000, "u1")
    np.savez_compressed(tmp_path / "x.npz", a=np.random.default_rng(0).integers(0, 4, 8_000_000, "u1"))
    np.save(tmp_path / "x.npy", array)
    ticks, stop = [0], threading.Event()

    def tick() -> None:
        while not stop.is_set():
            ticks[0] += 1
            time.sleep(0.0005)

    ticker = threading.Thread(target=tick)
    ticker.start()
    try:
        with npload.load(tmp_path / "x.npz") as npz:
            before, start = ticks[0], time.perf_counter()
            npz["a"]
            seconds, ticked = time.perf_counter() - start, ticks[0] - before
    finally:
        stop.set()
        ticker.join()
    if seconds > 0.01:
        assert ticked >= 2


def test_a_bytesio_that_another_thread_writes_to_gives_old_or_new_bytes() -> None:
    data = saved(np.zeros(200_000, "u1"))
    file = io.BytesIO(data)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with file.getbuffer() as view:
                view[1000:2000] = b"\1" * 1000

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(200):
            file.seek(0)
            array = npload.load(file)
            assert set(array.tolist()) <= {0, 1}
    finally:
        stop.set()
        writer.join()


def test_no_descriptor_and_no_memory_is_left_after_10_000_loads(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(100))
    np.savez(tmp_path / "a.npz", a=np.arange(100), b=np.arange(3))
    np.save(tmp_path / "o.npy", np.array([None, "x"], dtype=object))
    (tmp_path / "bad.npy").write_bytes(npy(header("<i4", (10,)), b"short"))
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04junk")
    (tmp_path / "crc.npz").write_bytes(
        archive({"a.npy": saved(1)}).replace(b"\x01\0\0\0\0\0\0\0", b"\2\0\0\0\0\0\0\0", 1)
    )
    data = (tmp_path / "a.npy").read_bytes()

    def once() -> None:
        npload.load(tmp_path / "a.npy")
        npload.load(io.BytesIO(data))
        npload.loads(data)
        npload.load(tmp_path / "a.npy", mmap_mode="r")
        npload.load(tmp_path / "o.npy", allow_pickle=True)
        npload.load(tmp_path / "a.npz")["a"]
        with npload.load(tmp_path / "a.npz") as npz:
            npz.load_all()
            npz.zip  # noqa: B018
            repr(npz)
        for name in ("bad.npy", "bad.npz", "missing.npy", "o.npy"):
            try:
                npload.load(tmp_path / name)
            except Exception:
                pass
        try:
            npload.load(tmp_path / "crc.npz")["a"]
        except Exception:
            pass

    for _ in range(100):
        once()
    gc.collect()
    descriptors, memory, blocks = len(os.listdir("/proc/self/fd")), resident(), sys.getallocatedblocks()
    for _ in range(10_000 // 12 + 1):
        once()
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert resident() - memory < 2 << 20
    assert sys.getallocatedblocks() - blocks < 500


def resident() -> int:
    """The bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_large_arrays_are_given_back_at_once(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.ones(20_000_000, "u1"))
    npload.load(tmp_path / "x.npy")
    before = resident()
    for _ in range(30):
        npload.load(tmp_path / "x.npy")
    assert resident() - before < 5 << 20


def test_reference_counts_are_level(npy: Path) -> None:
    file = io.BytesIO(npy.read_bytes())
    dtype = npload.load(npy).dtype
    before = sys.getrefcount(file), sys.getrefcount(npload.load), sys.getrefcount(dtype)
    for _ in range(100):
        file.seek(0)
        npload.load(file)
    assert (sys.getrefcount(file), sys.getrefcount(npload.load), sys.getrefcount(dtype)) == before
