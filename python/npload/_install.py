"""npload in the place of `numpy.load`, for programs that are not changed."""

import functools
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from npload._npload import load_exactly
from npload._substitute import Substitute


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


_substitute = Substitute(np, _load)


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
    _substitute.install()


def uninstall() -> None:
    """Put back the `numpy.load` that `install` has replaced."""
    _substitute.uninstall()


def installed() -> AbstractContextManager[None]:
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
    return _substitute.installed()
