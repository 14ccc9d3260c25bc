"""Whether two results are the same: types, values to the last bit, and which objects are one object."""

from __future__ import annotations

import struct
from collections import OrderedDict, defaultdict, deque
from typing import Any

import numpy as np


def assert_same(ours: Any, theirs: Any) -> None:
    """Assert that `ours` is what `theirs` is, with the same objects shared in the same places."""
    there: dict[int, int] = {}
    back: dict[int, int] = {}
    todo = [(ours, theirs)]
    while todo:
        a, b = todo.pop()
        assert type(a) is type(b), (a, b)
        if isinstance(a, type):
            assert a is b
            continue
        seen = there.get(id(a)), back.get(id(b))
        if seen != (None, None):
            assert seen == (id(b), id(a)), "objects are shared otherwise"
            continue
        there[id(a)], back[id(b)] = id(b), id(a)
        todo.extend(_parts(a, b))


def _parts(a: Any, b: Any) -> list[tuple[Any, Any]]:
    """What two objects hold, in pairs; their own values are compared."""
    match a:
        case np.ndarray():
            assert (a.dtype, a.shape) == (b.dtype, b.shape)
            # Of axes without a second element nothing is said.
            strides = [(x, y) for x, y, n in zip(a.strides, b.strides, a.shape, strict=True) if a.size and n > 1]
            assert all(x == y for x, y in strides)
            assert a.flags.c_contiguous == b.flags.c_contiguous and a.flags.f_contiguous == b.flags.f_contiguous
            assert a.dtype.metadata == b.dtype.metadata and a.dtype.isalignedstruct == b.dtype.isalignedstruct
            assert a.flags.writeable == b.flags.writeable
            if a.dtype.hasobject or a.dtype.char == "T":
                return list(zip(a.ravel().tolist(), b.ravel().tolist(), strict=True))
            assert a.tobytes() == b.tobytes()
            return []
        case np.generic():
            assert a.dtype == b.dtype and a.tobytes() == b.tobytes()
            return []
        case list() | tuple():
            return list(zip(a, b, strict=True))
        case deque():
            assert a.maxlen == b.maxlen
            return list(zip(a, b, strict=True))
        case dict() | OrderedDict():
            if isinstance(a, defaultdict):
                assert a.default_factory is b.default_factory
            return [*zip(a.keys(), b.keys(), strict=True), *zip(a.values(), b.values(), strict=True)]
        case set() | frozenset():
            assert sorted(map(_key, a)) == sorted(map(_key, b))
            return []
        case int():
            assert a == b
            return []
        case float():
            assert struct.pack("d", a) == struct.pack("d", b)
            return []
        case complex():
            assert struct.pack("dd", a.real, a.imag) == struct.pack("dd", b.real, b.imag)
            return []
        case _:
            assert repr(a) == repr(b)
            return []


def _key(element: Any) -> tuple[str, Any]:
    """What an element of a set is found by, which has an order of its own: its type, and its text or what it holds."""
    match element:
        case frozenset():
            return repr(type(element)), sorted(map(_key, element))
        case tuple():
            return repr(type(element)), [_key(part) for part in element]
        case _:
            return repr(type(element)), repr(element)
