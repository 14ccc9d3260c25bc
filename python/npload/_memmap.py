"""`open_memmap`: files mapped, and new ones created."""

import operator
import sys
from collections.abc import Iterable
from os import PathLike
from typing import Any, Literal, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike

from npload._npload import create_npy, load


def open_memmap(
    filename: str | bytes | PathLike[str] | PathLike[bytes],
    mode: Literal["r", "r+", "c", "w+"] = "r+",
    dtype: DTypeLike | None = None,
    shape: SupportsIndex | Iterable[SupportsIndex] | None = None,
    fortran_order: bool = False,
    version: tuple[int, int] | None = None,
    *,
    max_header_size: int = 10000,
) -> np.memmap[Any, np.dtype[Any]]:
    """
    Map an ``.npy`` file, or create one of zeros and map it.

    Parameters
    ----------
    filename : str, bytes or path
        The file.
    mode : {'r+', 'r', 'c', 'w+'}, optional
        As in `load`; ``'w+'`` creates the file. It takes the place of one of that name only once it
        is complete.
    dtype : data-type, optional
        With ``'w+'``: what the elements are.
    shape : int or tuple of int
        With ``'w+'``: the lengths of the axes.
    fortran_order : bool, optional
        With ``'w+'``: whether the first index varies fastest.
    version : tuple of int, optional
        With ``'w+'``: the format's version, (1, 0), (2, 0) or (3, 0); by default the oldest that can
        hold the header.
    max_header_size : int, optional
        As in `load`; not in force with ``'w+'``.

    Returns
    -------
    numpy.memmap
        The array.

    Examples
    --------
    >>> import os, tempfile
    >>> import npload
    >>> path = os.path.join(tempfile.mkdtemp(), "new.npy")
    >>> array = npload.open_memmap(path, "w+", dtype="f4", shape=(2, 3))
    >>> array[0] = 7
    >>> array.flush()
    >>> npload.load(path)
    array([[7., 7., 7.],
           [0., 0., 0.]], dtype=float32)
    """
    if not isinstance(mode, str):
        raise TypeError(f"mode must be a text, not {mode!r}")
    if not mode:
        raise ValueError("mode must be one of 'r', 'c', 'r+', 'w+' (got '')")
    if mode == "w+":
        if shape is None:
            raise TypeError("mode 'w+' needs a shape")
        lengths = tuple(shape) if isinstance(shape, Iterable) else (shape,)
        elements = np.dtype(dtype)
        while elements.subdtype is not None:
            elements, inner = elements.subdtype
            lengths += inner
        descr = repr(np.lib.format.dtype_to_descr(elements))
        create_npy(
            filename, descr, tuple(map(operator.index, lengths)), bool(fortran_order), version
        )
        mode = "r+"
        # It limits what others wrote.
        max_header_size = sys.maxsize
    array = load(filename, mode, max_header_size=max_header_size)
    if not isinstance(array, np.memmap):
        array.close()
        raise ValueError(  # noqa: TRY004  (NumPy's exception for a file of another kind)
            f"{filename!r} is an archive: only an .npy file can be mapped as one array"
        )
    return array
