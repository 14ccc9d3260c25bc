"""Lazy arrays past one process: Dask's distributed scheduler, and Ray."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import npload
from made import header, npy


def read_bytes() -> int:
    """How many bytes this process has read, by system calls."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["rchar"])


@pytest.fixture(autouse=True)
def workers_find_this_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of 1 GiB, all of it zero but for the first element of each of 1,024 rows."""
    path = tmp_path / "large.npy"
    path.write_bytes(npy(header("<f8", (1024, 1 << 17))))
    start = path.stat().st_size
    os.truncate(path, start + (1 << 30))
    with path.open("r+b") as file:
        for row in range(1024):
            file.seek(start + (row << 20))
            file.write(np.float64(row).tobytes())
    return path


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[Any]:
    """Two workers, each a process that may use 500 MB."""
    distributed = pytest.importorskip("distributed")
    options = {
        "n_workers": 2,
        "threads_per_worker": 1,
        "memory_limit": "500MB",
        "dashboard_address": None,
        "local_directory": str(folder),
    }
    with distributed.LocalCluster(**options) as workers, distributed.Client(workers) as client:
        yield client


@pytest.mark.numpy_leaks  # Dask's own sockets
@pytest.mark.filterwarnings("ignore")
def test_dasks_workers_reduce_a_file_that_is_larger_than_their_memory(large: Path, tmp_path: Path) -> None:
    dask = pytest.importorskip("dask")
    da = pytest.importorskip("dask.array")
    with npload.open(large) as lazy, cluster(tmp_path) as client, dask.config.set({"array.chunk-size": "32MiB"}):
        assert isinstance(lazy, npload.LazyArray)
        array = da.from_array(lazy)
        assert array.numblocks == (32, 1)
        before = client.run(read_bytes)
        total = array.sum().compute()
        read = [count - before[worker] for worker, count in client.run(read_bytes).items()]
    assert total == sum(range(1024))
    # Each has read its chunks, and all together the file once.
    assert len(read) == 2
    assert all(count > 32 << 20 for count in read)
    assert (1 << 30) <= sum(read) < (1 << 30) + (64 << 20)


@pytest.mark.numpy_leaks  # Ray's own sockets
@pytest.mark.filterwarnings("ignore")
def test_rays_tasks_read_their_slices(large: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")  # or it would keep a token in the home folder
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    ray = pytest.importorskip("ray", reason="Ray is only there with --all")

    def rows(lazy: Any, start: int) -> tuple[float, int]:
        before = read_bytes()
        total = float(lazy[start : start + 4].sum())
        return total, read_bytes() - before

    # The names of its sockets have to be short.
    with tempfile.TemporaryDirectory(prefix="ray") as folder, npload.open(large) as lazy:
        ray.init(
            num_cpus=2, include_dashboard=False, _temp_dir=folder, object_store_memory=100 << 20, log_to_driver=False
        )
        try:
            task = ray.remote(rows)
            found = ray.get([task.remote(lazy, start) for start in (0, 500)])
        finally:
            ray.shutdown()
    assert [total for total, _ in found] == [0 + 1 + 2 + 3, 500 + 501 + 502 + 503]
    assert all(4 << 20 <= count < 6 << 20 for _, count in found)
