"""`save`, `savez` and `savez_compressed`: NumPy's, and what is npload's own."""

import os
import pickle
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from npload._npload import write_npy, write_npz

_Path: TypeAlias = str | bytes | PathLike[str] | PathLike[bytes]


class _Writer(Protocol):
    """What takes bytes."""

    def write(self, data: bytes, /) -> object: ...


def save(
    file: _Path | _Writer,
    arr: ArrayLike,
    allow_pickle: bool = True,
    *,
    durable: bool = False,
    progress: Any = None,
) -> None:
    """
    Save an array to an ``.npy`` file.

    The bytes are those of `numpy.save`. A file of that name is replaced once the new one is whole: if
    anything fails, or the process ends, it stays as it was. Types of `ml_dtypes` come back by
    `npload.load`; plain NumPy reads their bytes.

    Parameters
    ----------
    file : str, bytes, path or file object
        Where to. A path gets ``.npy`` where it lacks it; a file object is written where it stands.
    arr : array_like
        The array. One in a memory order of its own is not copied.
    allow_pickle : bool, optional
        Whether an array of Python objects may be saved, by Python's `pickle`.
    durable : bool, optional
        Whether to return only when the file is on the disk, to be there after a power failure.
    progress : bool or callable, optional
        As in `load`.

    Raises
    ------
    OSError
        The file cannot be written: it is then what it was.
    ValueError
        The array holds Python objects, and ``allow_pickle=False``.

    See Also
    --------
    savez, savez_compressed : Several arrays in one file.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np, npload
    >>> path = os.path.join(tempfile.mkdtemp(), "x.npy")
    >>> npload.save(path, np.arange(3))
    >>> np.load(path)
    array([0, 1, 2])
    """
    options = {"durable": durable, "progress": progress}
    write_npy(_named(file, ".npy"), as_array(arr), bool(allow_pickle), options)


def savez(
    file: _Path | _Writer, *args: ArrayLike, allow_pickle: bool = True, **kwds: ArrayLike
) -> None:
    """
    Save arrays to an ``.npz`` file, uncompressed.

    Each array begins at a multiple of 64 bytes of the file, so that ``npload.load(file,
    mmap_mode="r")`` maps it, and JAX takes it, without a copy. As in `save`, a file of that name is
    replaced once the new one is whole.

    Parameters
    ----------
    file : str, bytes, path or file object
        Where to. A path gets ``.npz`` where it lacks it.
    *args : array_like
        Arrays that are named ``arr_0``, ``arr_1`` and so on.
    allow_pickle : bool, optional
        As in `save`.
    **kwds : array_like
        Arrays with their names.

    See Also
    --------
    save_npz : With a choice of compression and alignment.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np, npload
    >>> path = os.path.join(tempfile.mkdtemp(), "x.npz")
    >>> npload.savez(path, np.arange(3), w=np.ones(2))
    >>> np.load(path)["w"]
    array([1., 1.])
    """
    write_npz(_named(file, ".npz"), _members(args, kwds), bool(allow_pickle), {})


def savez_compressed(
    file: _Path | _Writer, *args: ArrayLike, allow_pickle: bool = True, **kwds: ArrayLike
) -> None:
    """
    Save arrays to an ``.npz`` file, compressed by deflate, on several threads.

    Parameters
    ----------
    file, *args, allow_pickle, **kwds
        As in `savez`.

    See Also
    --------
    save_npz : With a choice of method and level.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np, npload
    >>> path = os.path.join(tempfile.mkdtemp(), "x.npz")
    >>> npload.savez_compressed(path, w=np.zeros(100_000))
    >>> os.path.getsize(path) < 2000
    True
    """
    options = {"compression": "deflate"}
    write_npz(_named(file, ".npz"), _members(args, kwds), bool(allow_pickle), options)


def save_npz(
    file: _Path | _Writer,
    arrays: Mapping[str, ArrayLike] | Iterable[tuple[str, ArrayLike]],
    *,
    compression: Literal["deflate", "stored", "zstd"] = "deflate",
    level: int | None = None,
    align: int = 64,
    durable: bool = False,
    threads: int | None = None,
    progress: Any = None,
    allow_pickle: bool = True,
) -> None:
    """
    Save arrays to an ``.npz`` file, with options.

    Parameters
    ----------
    file : str, bytes, path or file object
        Where to. A path gets ``.npz`` where it lacks it.
    arrays : mapping of str to array_like, or pairs
        The arrays and their names, which may be any, ``file`` too. The same arrays and options make
        the same bytes.
    compression : {'deflate', 'stored', 'zstd'}, optional
        How members are compressed. Zstandard is read by npload, and by Python from 3.14 on.
    level : int, optional
        How tightly: 0 to 9 by deflate (6), 1 to 22 by Zstandard (3).
    align : int, optional
        At multiples of how many bytes of the file stored arrays begin: a power of two.
    durable : bool, optional
        As in `save`.
    threads : int, optional
        How many threads may compress, by default one for each core, at most 8.
    progress : bool or callable, optional
        As in `load`.
    allow_pickle : bool, optional
        As in `save`.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np, npload
    >>> path = os.path.join(tempfile.mkdtemp(), "x.npz")
    >>> npload.save_npz(path, {"layers/0/w": np.ones(3)}, compression="stored", align=4096)
    >>> npload.load(path)["layers/0/w"]
    array([1., 1., 1.])
    """
    pairs = arrays.items() if isinstance(arrays, Mapping) else arrays
    options = {
        "compression": compression,
        "level": level,
        "align": align,
        "durable": durable,
        "threads": threads,
        "progress": progress,
    }
    members = [(key, as_array(value)) for key, value in pairs]
    write_npz(_named(file, ".npz"), members, bool(allow_pickle), options)


def describe(array: Any, allow_pickle: bool) -> tuple[str, bytes | None]:
    """
    Return the descr of an array's header and, if it holds objects, its pickle.

    Only called for what is not numbers, texts or times.
    """
    dtype = array.dtype
    is_own = type(dtype)._legacy
    if dtype.hasobject or not is_own:
        if not allow_pickle:
            what = "Object arrays" if dtype.hasobject else "User-defined dtypes"
            raise ValueError(f"{what} cannot be saved when allow_pickle=False")
        # It warns where NumPy does.
        descr = repr(np.lib.format.dtype_to_descr(dtype))
        return descr, pickle.dumps(array, protocol=4)
    plain = repr(np.lib.format.dtype_to_descr(dtype))
    return (_descr(dtype) if _has_own_types(dtype) else plain), None


def _has_own_types(dtype: np.dtype[Any]) -> bool:
    """Return whether types that NumPy does not have are in a dtype."""
    if dtype.subdtype is not None:
        return _has_own_types(dtype.subdtype[0])
    if dtype.fields is not None:
        return any(_has_own_types(field[0]) for field in dtype.fields.values())
    return dtype.num >= 256


def _descr(dtype: np.dtype[Any]) -> str:
    """Return the descr with the names of ml_dtypes' types, of which the engine makes void and a note."""
    if dtype.fields is None:
        if dtype.num < 256:
            return repr(dtype.str)
        return repr((">" if dtype.byteorder == ">" else "") + dtype.name)
    parts = []
    at = 0
    for name in dtype.names or ():
        # NumPy has refused fields that overlap or are out of order.
        field, offset, *title = dtype.fields[name]
        if offset > at:
            parts.append(f"('', '|V{offset - at}')")
        shape = f", {field.shape!r}" if field.subdtype is not None else ""
        shown = repr((title[0], name) if title else name)
        parts.append(f"({shown}, {_descr(field.base)}{shape})")
        at = offset + field.itemsize
    if dtype.itemsize > at:
        parts.append(f"('', '|V{dtype.itemsize - at}')")
    return f"[{', '.join(parts)}]"


def _named(file: Any, suffix: str) -> Any:
    """Return a path with the suffix that it should have, or the file object."""
    if hasattr(file, "write"):
        return file
    path = os.fspath(file)
    end = suffix if isinstance(path, str) else os.fsencode(suffix)
    return path if path.endswith(end) else path + end


def as_array(value: Any) -> Any:
    """Return an array of a value, which loses nothing when it is saved."""
    array = np.asanyarray(value)
    if isinstance(array, np.ma.MaskedArray):
        raise NotImplementedError(
            "a masked array would lose its mask: save its data and its mask as two arrays"
        )
    return array


def _members(args: tuple[Any, ...], kwds: dict[str, Any]) -> list[tuple[str, Any]]:
    """Return names and arrays in NumPy's order: those with names first."""
    named = dict(kwds)
    for i, value in enumerate(args):
        key = f"arr_{i}"
        if key in named:
            raise ValueError(f"Cannot use un-named variables and keyword {key}")
        named[key] = value
    return [(key, as_array(value)) for key, value in named.items()]
