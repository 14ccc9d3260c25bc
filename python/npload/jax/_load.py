"""`load`: from a file to arrays on devices."""

import os
import stat
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from numpy.typing import DTypeLike

import npload
from npload._info import ArrayInfo
from npload._lazy import LazyNpz
from npload._npload import LazyArray
from npload._npz import NpzFile
from npload.jax._device import Device
from npload.jax._npz import NpzArrays
from npload.jax._place import Placements, Where, put
from npload.jax._source import InFile, InMemory
from npload.jax._values import OnNarrow, Rule


def load(
    file: Any,
    mmap_mode: Literal["r", "c", "r+"] | None = None,
    allow_pickle: bool | np.bool = False,
    fix_imports: bool = True,
    encoding: Literal["ASCII", "latin1", "bytes"] = "ASCII",
    *,
    max_header_size: int = 10000,
    safe_pickle: bool | np.bool = False,
    verify: bool | None = None,
    threads: int | None = None,
    device: Device | None = None,
    sharding: Placements = None,
    dtype: DTypeLike | None = None,
    on_narrow: OnNarrow = "error",
) -> Any:
    """
    Load an array, or an archive of arrays, as arrays of JAX.

    It takes what `jax.numpy.load` takes. Values land in aligned memory once, where JAX on a CPU uses
    them without a copy; with a sharding each process reads just the bytes of its own devices.

    Parameters
    ----------
    file : str, bytes, path or file object
        The file.
    mmap_mode : {None, 'r', 'c', 'r+'}, optional
        Map the file. On a CPU the array then is the file, without a copy, where its data lies at a
        multiple of 64 bytes, which is so in every ``.npy`` file that NumPy has written. The file must
        not change as long as the array lives.
    allow_pickle, fix_imports, encoding, max_header_size, safe_pickle, verify, threads
        As in `npload.load`.
    device : jax.Device, optional
        Where the array goes. Without `device` and `sharding` that is up to JAX, and the array is not
        committed, as `jax.numpy.load`'s is not.
    sharding : jax.sharding.Sharding, mapping or callable, optional
        How it is spread over devices. For an archive also a mapping of all its keys to shardings (or
        devices, or None), or a function that is called with a key and a `jax.ShapeDtypeStruct`.
    dtype : data-type, optional
        What the elements become. Elements that are bytes without a name (``V1``, ``V2``) are taken for
        this type if it is one of ml_dtypes; others, and ``V2`` as bfloat16, are converted.
    on_narrow : {'error', 'warn', 'allow'}, optional
        What happens where the type that JAX uses cannot hold a value: as a rule because it makes 32
        bits of 64 unless ``jax_enable_x64`` is on. Floats that stay finite are held.

    Returns
    -------
    jax.Array, NpzArrays, numpy.ndarray or object
        The array; an archive, to be closed or used in a ``with`` statement; NumPy's array where JAX
        has none of that dtype (texts, dates, structures, objects); what a pickle holds.

    Raises
    ------
    OverflowError
        A value does not fit; with ``on_narrow="error"``.
    TypeError
        JAX has no arrays of the dtype, and a device, a sharding or `dtype` was asked for.
    Exception
        As `npload.load`.

    See Also
    --------
    load_tree : An archive as a tree.

    Examples
    --------
    >>> import jax.numpy as jnp
    >>> import npload.jax
    >>> jnp.save("x.npy", jnp.array([1, 2.5], jnp.bfloat16))
    >>> npload.jax.load("x.npy")
    Array([1, 2.5], dtype=bfloat16)
    >>> jnp.savez("x.npz", w=jnp.ones((2, 2)), b=jnp.zeros(2))
    >>> with npload.jax.load("x.npz") as arrays:
    ...     arrays["w"] @ arrays["b"]
    Array([0., 0.], dtype=float32)
    """
    rule = Rule.of(dtype, on_narrow, threads)
    where = Where(device, sharding)
    plain: dict[str, Any] = {"max_header_size": max_header_size, "verify": verify, "threads": threads}
    opened: Any
    if _can_be_opened(
        file, mmap_mode, allow_pickle, encoding, safe_pickle, max_header_size
    ):
        opened = npload.open(file, **plain)
    else:
        opened = npload.load(
            file,
            mmap_mode,
            allow_pickle,
            fix_imports,
            encoding,
            safe_pickle=safe_pickle,
            **plain,
        )
    if isinstance(opened, LazyNpz):
        opened = opened._npz
    if isinstance(opened, NpzFile):
        return NpzArrays(opened, where, rule)
    if isinstance(opened, LazyArray):
        with opened:
            whole: Callable[[], Any] = opened.load
            return put(InFile(opened, name_of(file), whole), where.one(), rule)
    if isinstance(opened, np.ndarray):
        return put(InMemory(opened, name_of(file)), where.one(), rule)
    if not where.is_default or dtype is not None:
        raise TypeError(
            f"{name_of(file)} is a pickle: it loads as what it holds, without device, sharding and dtype"
        )
    return opened


def _can_be_opened(
    file: Any,
    mmap_mode: Any,
    allow_pickle: Any,
    encoding: Any,
    safe_pickle: Any,
    max_header_size: int,
) -> bool:
    """Whether parts of it can be read: it is a file with a path, and no pickle comes of it."""
    if mmap_mode or encoding not in ("ASCII", "latin1", "bytes"):
        return False
    if not all(isinstance(flag, bool | np.bool) for flag in (allow_pickle, safe_pickle)):
        return False
    if not isinstance(file, (str, bytes, os.PathLike)) or hasattr(file, "read"):
        return False
    try:
        found = os.stat(file)
    except (OSError, ValueError):
        return False
    if not stat.S_ISREG(found.st_mode) or found.st_size == 0:
        return False
    return not (allow_pickle or safe_pickle) or _has_numbers(file, max_header_size)


def _has_numbers(path: Any, max_header_size: int) -> bool:
    """Whether a file holds an array, and not one of objects."""
    with open(path, "rb") as file:
        if file.read(6) != b"\x93NUMPY":
            return False
    try:
        info = npload.peek(path, max_header_size=max_header_size)
    except ValueError:
        return False
    return isinstance(info, ArrayInfo) and info.dtype is not None and not info.dtype.hasobject


def name_of(file: Any) -> str:
    """Return what errors call a file."""
    if isinstance(file, (str, bytes, os.PathLike)):
        return os.fsdecode(file)
    return repr(getattr(file, "name", file))
