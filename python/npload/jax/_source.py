"""Where an array's elements come from: a file of which boxes are read, or memory, which may be a mapping."""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from npload._npload import LazyArray
from npload._npz import NpzFile

Box: TypeAlias = tuple[tuple[int, int], ...]
"""The start and the end on each axis."""


class Source(Protocol):
    """An array that was not put on a device yet."""

    name: str
    """What errors call it."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """What the elements are."""

    @property
    def is_fortran(self) -> bool:
        """Whether the first axis varies fastest."""

    def as_it_is(self) -> NDArray[Any]:
        """Return the array as npload loads it, for what JAX has no arrays of."""

    def boxes(self, boxes: Sequence[Box]) -> list[NDArray[Any]]:
        """Return these boxes of it."""

    def blocks(
        self, shape: tuple[int, ...], *, is_whole: bool
    ) -> Iterator[tuple[Box, NDArray[Any]]] | None:
        """
        Read it block by block, in its order.

        `is_whole` says whether all of it is wanted. None where boxes are to be read instead.
        """


class InFile:
    """An array in a file."""

    def __init__(
        self,
        lazy: LazyArray,
        name: str,
        load: Callable[[], NDArray[Any]],
        *,
        is_verified: bool = False,
    ) -> None:
        self._lazy = lazy
        self._load = load
        self._is_verified = is_verified
        self.name = name

    @classmethod
    def member(cls, npz: NpzFile, key: str, name: str) -> Self:
        """Return the array of that key, of which every read of a part may verify all."""
        load = partial(npz.__getitem__, key)
        return cls(npz._lazy(key), name, load, is_verified=npz._arguments()["verify"] is True)

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self._lazy.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """What the elements are."""
        return self._lazy.dtype

    @property
    def is_fortran(self) -> bool:
        """Whether the first axis varies fastest in the file."""
        return self._lazy.fortran_order

    @property
    def is_compressed(self) -> bool:
        """Whether it is a compressed member, of which a part costs all that is before it."""
        return self._lazy._is_compressed

    def as_it_is(self) -> NDArray[Any]:
        """Load it."""
        return self._load()

    def boxes(self, boxes: Sequence[Box]) -> list[NDArray[Any]]:
        """Read these boxes, each into memory of its own, in C order and native byte order."""
        is_plain = self.dtype.isnative and (not self.is_fortran or _is_flat(self.shape))
        if is_plain and list(boxes) == [whole(self.shape)]:
            return [self._load()]
        return self._lazy._read_boxes(boxes)

    def blocks(
        self, shape: tuple[int, ...], *, is_whole: bool
    ) -> Iterator[tuple[Box, NDArray[Any]]] | None:
        """Read it in one pass: what is whole is checked so, and a member decompressed and verified once."""
        if not (is_whole or self.is_compressed or self._is_verified):
            return None
        blocks = self._lazy.blocks(shape)
        return ((tuple((axis.start, axis.stop) for axis in at), block) for at, block in blocks)


class Read(InFile):
    """An array in a file of which the boxes that will be asked for are being read."""

    def __init__(self, file: InFile, read: Future[list[NDArray[Any]]]) -> None:
        super().__init__(file._lazy, file.name, file._load)
        self._read = read

    def boxes(self, boxes: Sequence[Box]) -> list[NDArray[Any]]:
        """Return what was read."""
        return self._read.result()


class InMemory:
    """An array in memory, or mapped: boxes are views."""

    def __init__(self, array: NDArray[Any], name: str) -> None:
        self._array = array
        self.name = name

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """What the elements are."""
        return self._array.dtype

    @property
    def is_fortran(self) -> bool:
        """Whether the first axis varies fastest."""
        return self._array.flags.f_contiguous and not self._array.flags.c_contiguous

    def as_it_is(self) -> NDArray[Any]:
        """Return it."""
        return self._array

    def boxes(self, boxes: Sequence[Box]) -> list[NDArray[Any]]:
        """Return views of it."""
        indices: list[Any] = [(*(slice(*ends) for ends in box), ...) for box in boxes]
        return [self._array[index] for index in indices]

    def blocks(self, shape: tuple[int, ...], *, is_whole: bool) -> None:
        """Boxes cost nothing."""


def whole(shape: tuple[int, ...]) -> Box:
    """Return the box of all elements."""
    return tuple((0, length) for length in shape)


def _is_flat(shape: tuple[int, ...]) -> bool:
    """Whether C and Fortran order are the same."""
    return sum(length != 1 for length in shape) < 2 or math.prod(shape) == 0
