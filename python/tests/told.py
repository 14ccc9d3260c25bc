"""Tells what a load gave: everything that must be equal between two loaders, as plain values."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

Told = dict[str, Any]


def told(load: Callable[..., Any], *args: Any, **kwargs: Any) -> Told:
    """What a call of `load` gives: an array, an archive, bytes, an object, or its exception; and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = told_value(load(*args, **kwargs))
        except Exception as problem:
            result = told_error(problem)
    users = sorted({warning.category.__name__ for warning in caught if warning.category is UserWarning})
    return {**result, "warnings": users} if users else result


def told_error(problem: Exception) -> Told:
    """The class of an exception, and those that an `except` for it may name instead."""
    return {"error": [_name(kind) for kind in type(problem).__mro__ if issubclass(kind, Exception)]}


def _name(kind: type) -> str:
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def same(ours: Told, theirs: Told) -> bool:
    """Whether what we gave is what NumPy gave; an exception may be of a class derived from NumPy's."""
    if "members" in ours and "members" in theirs:
        return (
            ours["files"] == theirs["files"]
            and ours.get("warnings") == theirs.get("warnings")
            and list(ours["members"]) == list(theirs["members"])
            and all(same(member, theirs["members"][key]) for key, member in ours["members"].items())
        )
    if "error" in ours and "error" in theirs:
        return theirs["error"][0] in ours["error"] and ours.get("warnings") == theirs.get("warnings")
    return ours == theirs


def told_value(value: Any) -> Told:
    """What a loaded value is."""
    if isinstance(value, np.lib.npyio.NpzFile):
        with value:
            members = {key: told(value.__getitem__, key) for key in dict.fromkeys(_names(value))}
            return {"files": list(value.files), "members": members}
    if isinstance(value, np.ndarray):
        return told_array(value)
    if isinstance(value, bytes):
        return {"bytes": hashlib.sha256(value).hexdigest(), "len": len(value)}
    return {"object": repr(value)}


def _names(archive: Any) -> list[str]:
    """Keys, and the full names that lead elsewhere."""
    return [*archive.files, *(name for name in archive.zip.namelist() if name in archive)]


def told_array(array: np.ndarray) -> Told:
    """Class, dtype, shape, order, flags and bytes of an array."""
    flags = array.flags
    return {
        "class": f"{type(array).__module__}.{type(array).__name__}",
        "dtype": told_dtype(array.dtype),
        "shape": array.shape,
        "strides": array.strides if array.size else None,
        "contiguous": (flags.c_contiguous, flags.f_contiguous),
        "writeable": flags.writeable,
        "data": _objects(array) if array.dtype.hasobject else _data(array),
    }


def told_dtype(dtype: np.dtype) -> Any:
    """All that a dtype says, with alignment, titles, offsets and metadata."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return ("subarray", told_dtype(base), shape)
    own = (dtype.str, repr(dtype), dtype.itemsize, dtype.alignment, dtype.isalignedstruct, repr(dtype.metadata))
    if dtype.names is None:
        return own
    fields = dtype.fields or {}
    return (own, [(name, told_dtype(fields[name][0]), *fields[name][1:]) for name in dtype.names])


def _objects(array: np.ndarray) -> str:
    """The repr of all objects, without addresses."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(array.tolist()))


def _data(array: np.ndarray) -> str:
    """A digest of the bytes; padding, which NumPy does not promise to carry along, counts as zero."""
    data = array.tobytes()
    if array.dtype.names is not None and data:
        used = np.frombuffer(_used(array.dtype), "u1")
        data = (np.frombuffer(data, "u1").reshape(-1, used.size) * used).tobytes()
    return hashlib.sha256(data).hexdigest()


def _used(dtype: np.dtype) -> bytes:
    """For each byte of an item 1 where a field covers it."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return _used(base) * int(np.prod(shape, dtype=int))
    if dtype.names is None:
        return b"\1" * dtype.itemsize
    used = bytearray(dtype.itemsize)
    for name in dtype.names:
        inner, offset = (dtype.fields or {})[name][:2]
        used[offset : offset + inner.itemsize] = _used(inner)
    return bytes(used)
