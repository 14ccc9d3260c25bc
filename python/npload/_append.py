"""Files that grow and archives that change: `NpyAppender` and `edit_npz`."""

import os
from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from npload import _npload
from npload._npload import Appender
from npload._save import as_array


class NpyAppender:
    """
    An ``.npy`` file that grows along its first axis.

    NumPy leaves room in its headers for the length to grow, so that no data are moved. Readers see the
    old length or the new one, after a crash too. One appender at a time may have a file open.

    Parameters
    ----------
    file : str, bytes or path
        The file. If it is not there, the first array that is appended makes it, as `save` does.
    durable : bool, optional
        Whether each append waits until it is on the disk.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np, npload
    >>> path = os.path.join(tempfile.mkdtemp(), "log.npy")
    >>> with npload.NpyAppender(path) as log:
    ...     log.append(np.zeros((2, 3)))
    ...     log.append(np.ones((1, 3)))
    >>> np.load(path).shape
    (3, 3)
    """

    def __init__(
        self, file: str | bytes | PathLike[str] | PathLike[bytes], *, durable: bool = False
    ) -> None:
        self._path = os.fspath(file)
        self._durable = durable
        self._appender: Appender | None = None
        self._closed = False
        if os.path.exists(self._path):
            self._appender = Appender(self._path, durable)

    def append(self, array: ArrayLike) -> None:
        """
        Append an array, of the file's dtype and its further axes.

        Parameters
        ----------
        array : array_like
            What is appended: its first axis may have any length.
        """
        if self._closed:
            raise ValueError("the appender is closed")
        rows = as_array(array)
        if self._appender is None:
            if rows.ndim == 0:
                raise ValueError("an array without axes cannot grow")
            # In C order, in which the first axis can grow.
            made = {"durable": self._durable}
            _npload.write_npy(self._path, np.ascontiguousarray(rows), False, made)
            self._appender = Appender(self._path, self._durable)
            return
        self._appender.append(rows)

    @property
    def shape(self) -> tuple[int, ...] | None:
        """The shape of the file's array; None while there is none."""
        return None if self._appender is None else self._appender.shape

    @property
    def dtype(self) -> np.dtype[Any] | None:
        """The dtype of the file's array; None while there is none."""
        return None if self._appender is None else self._appender.dtype

    def close(self) -> None:
        """Close the file."""
        self._closed = True
        if self._appender is not None:
            self._appender.close()

    def __enter__(self) -> Self:
        """Return it."""
        return self

    def __exit__(self, *_raised: object) -> None:
        """Close the file."""
        self.close()


def edit_npz(
    file: str | bytes | PathLike[str] | PathLike[bytes],
    *,
    add: Mapping[str, ArrayLike] | None = None,
    replace: Mapping[str, ArrayLike] | None = None,
    remove: Iterable[str] = (),
    compression: Literal["deflate", "stored", "zstd"] = "stored",
    level: int | None = None,
    align: int = 64,
    durable: bool = False,
    progress: Any = None,
    allow_pickle: bool = True,
) -> None:
    """
    Change an ``.npz`` file: add, replace and remove arrays, all at once or not at all.

    The archive is written anew and renamed into its place. Arrays that stay are copied as they are
    compressed.

    Parameters
    ----------
    file : str, bytes or path
        The archive.
    add, replace : mapping of str to array_like, optional
        Arrays that are new, and that take the place of those of their names.
    remove : iterable of str, optional
        Names of arrays that go.
    compression, level, align, durable, progress, allow_pickle
        As in `save_npz`, for the new arrays; here they are stored by default.

    Raises
    ------
    KeyError
        There is no array of a name that is to be replaced or removed.
    ValueError
        There is one of a name that is to be added, or the archive changed meanwhile. The file is then
        what it was.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np, npload
    >>> path = os.path.join(tempfile.mkdtemp(), "x.npz")
    >>> npload.savez(path, a=np.ones(2), b=np.zeros(2))
    >>> npload.edit_npz(path, add={"c": np.arange(3)}, remove=["a"])
    >>> npload.load(path).files
    ['b', 'c']
    """
    changes: list[tuple[str, str, Any]] = [("remove", key, None) for key in remove]
    changes += [("replace", key, as_array(value)) for key, value in (replace or {}).items()]
    changes += [("add", key, as_array(value)) for key, value in (add or {}).items()]
    options = {
        "compression": compression,
        "level": level,
        "align": align,
        "durable": durable,
        "progress": progress,
    }
    _npload.edit_npz(file, changes, bool(allow_pickle), options)
