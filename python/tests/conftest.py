"""What all tests share: where the data lies, and the same test run with NumPy's own load."""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ml_dtypes  # noqa: F401  (NumPy knows ml_dtypes' names once it is imported: here always)
import numpy as np
import pytest

import npload
from expected import entries_for

TESTDATA = Path(__file__).resolve().parents[2] / "testdata"
LOADERS: dict[str, Callable[..., Any]] = {"npload": npload.load, "numpy": np.load}

faulthandler.enable()
# A job in the background ignores Ctrl-C, and so would the programs that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Name the marks of these tests."""
    config.addinivalue_line("markers", "numpy_leaks: others than npload leave files open in this test")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that takes `better` twice: npload passes it, and NumPy is known to fail it."""
    if "better" in metafunc.fixturenames:
        metafunc.parametrize("better", list(LOADERS), indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what NumPy fails (CONTRACT §7), and what is otherwise on this Python (differences.toml)."""
    passes = entries_for("numpy_passes")
    skips = entries_for("skip")
    for item in items:
        name = f"{item.path.name}::{item.name}"
        for skip in skips:
            if skip.names(name):
                item.add_marker(pytest.mark.skip(reason=skip.reason))
        callspec = getattr(item, "callspec", None)
        if callspec is None or callspec.params.get("better") != "numpy":
            continue
        strict = not any(entry.names(name) for entry in passes)
        item.add_marker(pytest.mark.xfail(strict=strict, reason="NumPy fails this: CONTRACT §7"))


@pytest.fixture(autouse=True)
def no_descriptor_leaks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Assert that a test leaves no file open, but where NumPy runs, which does."""
    before = len(os.listdir("/proc/self/fd"))
    yield
    callspec = getattr(request.node, "callspec", None)
    loaders = [] if callspec is None else [callspec.params.get(name) for name in ("both", "better")]
    if "numpy" in loaders or request.node.get_closest_marker("numpy_leaks"):
        return
    gc.collect(1)
    if len(os.listdir("/proc/self/fd")) > before:
        gc.collect()  # the collector may have made something old meanwhile
    assert len(os.listdir("/proc/self/fd")) <= before


@pytest.fixture(autouse=True)
def examples(doctest_namespace: dict[str, Any]) -> None:
    """Give examples the names that they use."""
    doctest_namespace.update(np=np, npload=npload)


@pytest.fixture
def better(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`npload.load`, and then `numpy.load`, which is expected to fail the test."""
    return LOADERS[request.param]


@pytest.fixture(params=list(LOADERS))
def both(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """`npload.load`, and then `numpy.load`: the test passes with either."""
    return LOADERS[request.param]


@pytest.fixture
def npy(tmp_path: Path) -> Path:
    """A file with the array [0, 1, …, 9]."""
    path = tmp_path / "ten.npy"
    np.save(path, np.arange(10))
    return path


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    """A stored archive with `a` (3 × 4 floats) and `b` (five integers)."""
    path = tmp_path / "two.npz"
    np.savez(path, a=np.arange(12.0).reshape(3, 4), b=np.arange(5))
    return path


@pytest.fixture
def open_archive(npz: Path) -> Iterator[Any]:
    """The archive of `npz`, open."""
    with npload.load(npz) as archive:
        yield archive
