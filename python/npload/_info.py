"""What `peek` tells of an array."""

import math
from typing import Any, NamedTuple

import numpy as np


class ArrayInfo(NamedTuple):
    """
    One array in a file, as its header describes it.

    `dtype` and `shape` are None for an archive's member that is no array, or that cannot be read:
    then `error` says why.
    """

    dtype: np.dtype[Any] | None = None
    shape: tuple[int, ...] | None = None
    fortran_order: bool = False
    offset: int | None = None
    """Where its data begins in the file; None where it is compressed."""
    compression: str = "npy"
    """``npy``, or how the archive's member is compressed: ``stored``, ``deflate`` …"""
    file_size: int = 0
    """The size of the file or member, header and all."""
    stored_size: int = 0
    """How many bytes it takes, compressed."""
    member: str | None = None
    """The whole name of the archive's member."""
    error: Exception | None = None

    @property
    def ndim(self) -> int | None:
        """How many axes it has."""
        return None if self.shape is None else len(self.shape)

    @property
    def size(self) -> int | None:
        """How many elements it has."""
        return None if self.shape is None else math.prod(self.shape)

    @property
    def nbytes(self) -> int | None:
        """How many bytes its elements take."""
        if self.size is None or self.dtype is None:
            return None
        return self.size * self.dtype.itemsize
