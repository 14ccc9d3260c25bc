"""Pickles by Python's own `pickle`: only called when the user allows them."""

import os
import pickle
from typing import Any


def object_array(file: Any, **options: Any) -> Any:
    """Return the object array whose pickle comes next in `file`."""
    try:
        return pickle.load(file, **options)
    except UnicodeError as err:
        raise _unicode_error(err) from err


def object_array_at(file: Any, offset: int, **options: Any) -> Any:
    """Return the object array whose pickle begins at `offset` in `file`."""
    file.seek(offset)
    return object_array(file, **options)


def object_array_in(data: Any, **options: Any) -> Any:
    """Return the object array whose pickle `data` begins with."""
    try:
        return pickle.loads(data, **options)
    except UnicodeError as err:
        raise _unicode_error(err) from err


def pickle_at(file: Any, path: Any, **options: Any) -> Any:
    """Return what is pickled in `file`, of that path."""
    file.seek(0)
    return _whole(file, path, options)


def pickle_in(file: Any, head: bytes, **options: Any) -> Any:
    """Return what is pickled next in `file`, of which `head` was read already."""
    if head:
        file = _back(file, head)
    return _whole(file, file, options)


def _whole(file: Any, name: Any, options: dict[str, Any]) -> Any:
    try:
        return pickle.load(file, **options)
    except Exception as err:
        raise pickle.UnpicklingError(f"Failed to interpret file {name!r} as a pickle") from err


def _unicode_error(err: UnicodeError) -> UnicodeError:
    return UnicodeError(
        f"Unpickling a python object failed: {err!r}\n"
        "You may need to pass the encoding= option to numpy.load"
    )


def _back(file: Any, head: bytes) -> Any:
    """Return `file` as it was before `head` was read from it."""
    try:
        file.seek(-len(head), os.SEEK_CUR)
    except OSError:
        return _Rewound(file, head)
    return file


class _Rewound:
    """A file that cannot seek, with bytes put back in front of it."""

    def __init__(self, file: Any, head: bytes) -> None:
        self._file = file
        self._head = head

    def __repr__(self) -> str:
        return repr(self._file)

    def read(self, size: int | None = -1) -> Any:
        if size is None or size < 0:
            head, self._head = self._head, b""
            return head + self._file.read()
        head, self._head = self._head[:size], self._head[size:]
        return head + self._file.read(size - len(head)) if len(head) < size else head

    def readline(self) -> Any:
        end = self._head.find(b"\n") + 1
        if end:
            line, self._head = self._head[:end], self._head[end:]
            return line
        head, self._head = self._head, b""
        return head + self._file.readline()
