"""Large pickles get the memory of Python's small objects with its pages, and leave Python's allocator as it was."""

from __future__ import annotations

import ctypes
import fractions
import importlib.abc
import pickle
import sys
import threading
from pathlib import Path

import pytest

import npload


class Allocator(ctypes.Structure):
    _fields_ = [("context", ctypes.c_void_p), ("allocate", ctypes.c_void_p), ("free", ctypes.c_void_p)]


def allocator() -> Allocator:
    there = Allocator()
    ctypes.pythonapi.PyObject_GetArenaAllocator(ctypes.byref(there))
    return there


def install(new: Allocator) -> None:
    ctypes.pythonapi.PyObject_SetArenaAllocator(ctypes.byref(new))


def words(allocator: Allocator) -> tuple[int | None, ...]:
    return (allocator.context, allocator.allocate, allocator.free)


@pytest.fixture(scope="module")
def dicts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A pickle of 100,000 dicts, 2.5 MB, which makes 30 MB of objects."""
    path = tmp_path_factory.mktemp("arenas") / "dicts.pkl"
    path.write_bytes(pickle.dumps([{"n": n, "text": f"text {n}"} for n in range(100_000)]))
    return path


class Look(importlib.abc.MetaPathFinder):
    """Looks at the allocator when a module is imported, which Python does in the middle of a load."""

    def __init__(self, module: str) -> None:
        self.module = module
        self.seen: list[tuple[int | None, ...]] = []

    def find_spec(self, name: str, *_: object) -> None:
        if name == self.module:
            self.seen.append(words(allocator()))


@pytest.mark.parametrize("is_large", [True, False])
def test_only_a_large_pickle_has_pages_with_its_arenas(
    is_large: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    things = [{"n": n} for n in range(100_000 if is_large else 100)]
    path = tmp_path / "things.pkl"
    path.write_bytes(pickle.dumps([things, fractions.Fraction(1, 2)]))
    look = Look("fractions")
    monkeypatch.delitem(sys.modules, "fractions")
    monkeypatch.setattr(sys, "meta_path", [look, *sys.meta_path])
    loaded, half = npload.load(path, safe_pickle=True)
    assert loaded == things and half == 0.5
    [seen] = look.seen
    assert (seen == words(allocator())) == (not is_large)


def test_pythons_allocator_is_as_before(dicts: Path) -> None:
    before = words(allocator())
    npload.load(dicts, safe_pickle=True)
    assert words(allocator()) == before


@pytest.mark.parametrize("end", [b"", b"cos\nsystem\n.", b"\xff", b"0" * 100])
def test_pythons_allocator_is_as_before_when_a_load_fails(dicts: Path, end: bytes, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pkl"
    broken.write_bytes(dicts.read_bytes()[:-1] + end)
    before = words(allocator())
    with pytest.raises((pickle.UnpicklingError, EOFError, ValueError)):
        npload.load(broken, safe_pickle=True)
    assert words(allocator()) == before


def test_threads_that_load_together_leave_it_too(dicts: Path) -> None:
    before = words(allocator())
    wrong = []

    def work() -> None:
        for _ in range(4):
            if len(npload.load(dicts, safe_pickle=True)) != 100_000:
                wrong.append("short")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert words(allocator()) == before


def test_another_allocator_stays_in_place(dicts: Path) -> None:
    npload.load(dicts, safe_pickle=True)
    before = allocator()
    # Python's functions do not look at it.
    another = Allocator(ctypes.addressof(before), before.allocate, before.free)
    install(another)
    try:
        loaded = npload.load(dicts, safe_pickle=True)
        there = words(allocator())
    finally:
        install(before)
    assert len(loaded) == 100_000
    assert there == words(another)
