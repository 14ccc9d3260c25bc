"""Many files as one array."""

import bisect
import glob
import itertools
import math
import operator
import os
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from npload._closing import Closing
from npload._npload import LazyArray
from npload._npload import open as open_one

_BLOCK = 16 << 20
"""What iteration reads at a time, in bytes."""

_OPEN = 64
"""How many of its files are kept open."""


class _File(NamedTuple):
    """One of the files, as it was when it was opened first."""

    path: str
    shape: tuple[int, ...]
    stamp: tuple[int, int, int] | None


class LazyFiles(Closing):
    """
    The arrays of many ``.npy`` files as one array, opened and not loaded.

    What `open` gives with ``stack=`` or ``concat=``. Indexing it reads from the files that it needs,
    and of those no more than it needs. It may be shared between threads and with forked processes,
    and it can be pickled; a file that has changed since it was opened is refused.
    """

    def __init__(
        self,
        files: list[_File],
        dtype: np.dtype[Any],
        axis: int,
        options: dict[str, Any],
        *,
        stacked: bool,
    ) -> None:
        self._files = files
        self._dtype = dtype
        self._axis = axis
        self._options = options
        self._stacked = stacked
        # Where each file begins on the axis, and the last one ends.
        lengths = (1 if stacked else file.shape[axis] for file in files)
        self._starts = list(itertools.accumulate(lengths, initial=0))
        shape = files[0].shape
        behind = shape[axis:] if stacked else shape[axis + 1 :]
        self._shape = (*shape[:axis], self._starts[-1], *behind)
        self._opened: dict[int, LazyArray] = {}
        self._closed = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """What the elements are."""
        return self._dtype

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return len(self._shape)

    @property
    def size(self) -> int:
        """How many elements there are."""
        return math.prod(self._shape)

    @property
    def nbytes(self) -> int:
        """How many bytes the elements take."""
        return self.size * self._dtype.itemsize

    @property
    def chunks(self) -> tuple[int, ...]:
        """The shape of blocks that are read well: that of the first file, as `LazyArray.chunks`."""
        chunks = list(self._array(0).chunks)
        if self._stacked:
            chunks.insert(self._axis, 1)
        return tuple(chunks)

    def __len__(self) -> int:
        """Return the length of the first axis."""
        return self._shape[0]

    def __getitem__(self, index: Any) -> Any:
        """Read the elements of an index; one that is not basic reads all, and leaves it to NumPy."""
        parts = _basic(index, self.ndim)
        if parts is None:
            return self.load()[index]
        # NumPy says what its shape is, or what is wrong with it, without any elements.
        picked = np.broadcast_to(np.empty((), self._dtype), self._shape)[parts]
        axes = [place for place, part in enumerate(parts) if part is not None]
        place = axes[self._axis]
        before, chosen, behind = parts[:place], parts[place], parts[place + 1 :]
        if not isinstance(chosen, slice):
            position = operator.index(chosen) % self._shape[self._axis]
            number = self._file_of(position)
            row = () if self._stacked else (position - self._starts[number],)
            return self._array(number)[(*before, *row, *behind)]
        out = np.empty(picked.shape, self._dtype)
        axis = sum(part is None or isinstance(part, slice) for part in before)
        for number, to, rows in self._split(range(*chosen.indices(self._shape[self._axis]))):
            inner = () if self._stacked else (rows,)
            out[(*(slice(None),) * axis, to)] = self._array(number)[(*before, *inner, *behind)]
        return out

    def _file_of(self, position: int) -> int:
        """Return which file has a position on the axis."""
        return bisect.bisect_right(self._starts, position) - 1

    def _split(self, wanted: range) -> Iterator[tuple[int, int | slice, slice]]:
        """For each file that has some of `wanted`: where in the result they go, and which rows they are."""
        done = 0
        while done < len(wanted):
            number = self._file_of(wanted[done])
            start, stop = self._starts[number], self._starts[number + 1]
            inside = range(wanted[done], stop if wanted.step > 0 else start - 1, wanted.step)
            count = min(len(inside), len(wanted) - done)
            first = wanted[done] - start
            end = first + count * wanted.step
            rows = slice(first, end if end >= 0 else None, wanted.step)
            yield number, done if self._stacked else slice(done, done + count), rows
            done += count

    def _array(self, number: int) -> LazyArray:
        """Return one of the files; some stay open. There is no lock, which a fork might find held."""
        if self._closed:
            raise ValueError("the LazyFiles are closed")
        array = self._opened.get(number)
        if array is None:
            path, _, stamp = self._files[number]
            array = _npy(path, self._options)
            if array._stamp != stamp:
                raise ValueError(f"{path!r} has changed since it was opened: open the files again")
            self._opened[number] = array
            for oldest in list(self._opened)[:-_OPEN]:
                self._opened.pop(oldest, None)
        return array

    def load(self, out: np.ndarray[Any, Any] | None = None) -> np.ndarray[Any, Any]:
        """
        Load all files.

        Parameters
        ----------
        out : numpy.ndarray, optional
            An array of just this dtype and shape to load into. If the load fails it may hold
            anything.

        Returns
        -------
        numpy.ndarray
            `out`, or a new array.
        """
        if out is None:
            out = np.empty(self._shape, self._dtype)
        elif (out.dtype, out.shape) != (self._dtype, self._shape):
            raise ValueError(
                f"out has dtype {out.dtype} and shape {out.shape}, and the files have "
                f"{self._dtype} and {self._shape}"
            )
        before = (slice(None),) * self._axis
        for number, (start, stop) in enumerate(itertools.pairwise(self._starts)):
            place = (*before, start if self._stacked else slice(start, stop))
            array, target = self._array(number), out[(*place, ...)]
            flags = target.flags
            if flags.f_contiguous if array.fortran_order else flags.c_contiguous:
                array.load(out=target)
            else:
                target[...] = array[...]
        return out

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Load all files: what ``numpy.asarray`` calls."""
        if copy is False:
            raise ValueError("the array is in files: reading it makes a copy")
        array = self.load()
        return array if dtype is None else array.astype(dtype, copy=False)

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the first axis; rows are read some at a time, up to 16 MiB."""
        count = max(1, _BLOCK // max(1, self.nbytes // max(1, len(self))))
        for start in range(0, len(self), count):
            yield from self[start : start + count]

    def close(self) -> None:
        """Close the files; what is read after that raises a `ValueError`."""
        self._closed = True
        self._opened = {}

    def __getstate__(self) -> dict[str, Any]:
        """Return all but the open files, which other processes open for themselves."""
        return {**self.__dict__, "_opened": {}}

    def __dask_tokenize__(self) -> Any:
        """Return what dask names its tasks by: the same for the same unchanged files."""
        return type(self).__name__, self._files, self._axis, self._stacked

    def __repr__(self) -> str:
        """Tell dtype, shape and how many files there are."""
        return f"<npload.LazyFiles {self._dtype} {self._shape} in {len(self._files)} files>"


def open_files(file: Any, stack: int | None, concat: int | None, options: dict[str, Any]) -> LazyFiles:
    """Open the files that `file` names, for `npload.open`."""
    if stack is not None and concat is not None:
        raise TypeError("stack and concat exclude each other")
    paths = _paths(file)
    files = []
    for path in paths:
        with _npy(path, options) as array:
            files.append(_File(path, array.shape, array._stamp))
            if len(files) == 1:
                dtype, shape = array.dtype, array.shape
            if array.dtype != dtype:
                raise ValueError(f"{path!r} has dtype {array.dtype}, and {paths[0]!r} has {dtype}")
            if stack is not None:
                axis = normalize_axis_index(stack, len(shape) + 1)
                fits = array.shape == shape
            else:
                assert concat is not None
                axis = normalize_axis_index(concat, len(shape))
                fits = _without(array.shape, axis) == _without(shape, axis)
            if not fits:
                raise ValueError(
                    f"{path!r} has shape {array.shape}, and {paths[0]!r} has {shape}: they cannot be "
                    f"{'stacked' if stack is not None else f'joined along axis {axis}'}"
                )
    return LazyFiles(files, dtype, axis, options, stacked=stack is not None)


def _npy(path: str, options: dict[str, Any]) -> LazyArray:
    array = open_one(path, **options)
    if isinstance(array, LazyArray):
        return array
    array.close()
    raise ValueError(f"{path!r} is an archive: only .npy files become one array")


def _paths(file: Any) -> list[str]:
    """Return the absolute paths that a pattern, a path, or a list of paths means."""
    if not isinstance(file, (str, bytes, os.PathLike)) and isinstance(file, Iterable):
        paths = [os.fsdecode(path) for path in file]
        if not paths:
            raise ValueError("there are no files to open")
    else:
        path = os.fsdecode(file)
        paths = sorted(glob.glob(path), key=_natural) if glob.has_magic(path) else [path]
        if not paths:
            raise FileNotFoundError(f"no file matches {path!r}")
    return [os.path.abspath(path) for path in paths]


def _natural(path: str) -> list[Any]:
    """Return a key that sorts ``part-2`` before ``part-10``."""
    pieces = re.split(r"(\d+)", path)
    return [int(piece) if number % 2 else piece for number, piece in enumerate(pieces)]


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], *shape[axis + 1 :]) if axis < len(shape) else (-1, *shape)


def _basic(index: Any, ndim: int) -> tuple[Any, ...] | None:
    """Return a basic index with one entry for each axis, and None for new ones; None for any other."""
    parts = index if isinstance(index, tuple) else (index,)
    for part in parts:
        if part is None or part is ... or isinstance(part, slice):
            continue
        if isinstance(part, (bool, np.bool, np.ndarray)) or not hasattr(part, "__index__"):
            return None
    named = sum(part is not None and part is not ... for part in parts)
    if named > ndim or sum(part is ... for part in parts) > 1:
        raise IndexError(f"too many indices for array: array is {ndim}-dimensional, but {named} were indexed")
    if not any(part is ... for part in parts):
        parts = (*parts, ...)
    place = next(place for place, part in enumerate(parts) if part is ...)
    return (*parts[:place], *(slice(None),) * (ndim - named), *parts[place + 1 :])
