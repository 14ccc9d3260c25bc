"""npload in the place of `numpy.load`, for programs that are not changed."""

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import numpy as np

from npload._npload import load_exactly

_numpys_load: Any = np.load
"""NumPy's own."""

_before: Any = _numpys_load
"""What `uninstall` puts back: what was there when `install` was called, else NumPy's own."""


@functools.wraps(np.load)
def _load(
    file: Any,
    mmap_mode: Any = None,
    allow_pickle: bool = False,
    fix_imports: bool = True,
    encoding: Any = "ASCII",
    *,
    max_header_size: int = 10000,
) -> Any:
    return load_exactly(
        file,
        mmap_mode,
        allow_pickle,
        fix_imports,
        encoding,
        max_header_size=max_header_size,
    )


def install() -> None:
    """
    Put npload in the place of `numpy.load`, for the whole process.

    Results are NumPy's exactly; only speed and safety differ. Code that did ``from numpy import
    load`` before keeps NumPy's.

    See Also
    --------
    uninstall : The way back.
    installed : For a ``with`` block.
    """
    global _before
    if np.load is not _load:
        _before = np.load
        np.load = _load


def uninstall() -> None:
    """Put back the `numpy.load` that `install` has replaced."""
    global _before
    if np.load is _load:
        np.load = _before
        _before = _numpys_load


@contextlib.contextmanager
def installed() -> Iterator[None]:
    """
    Put npload in the place of `numpy.load` for a ``with`` block.

    Examples
    --------
    >>> import numpy as np, npload
    >>> before = np.load
    >>> with npload.installed():
    ...     np.load is before
    False
    >>> np.load is before
    True
    """
    before = np.load
    install()
    try:
        yield
    finally:
        if before is not _load:
            uninstall()
