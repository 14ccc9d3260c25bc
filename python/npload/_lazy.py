"""Archives of which parts are read."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from npload._closing import Closing
from npload._npload import LazyArray, open

if TYPE_CHECKING:
    from npload._npz import NpzFile


def rows(array: LazyArray, block: int) -> Iterator[Any]:
    """Iterate over the first axis of `array`, of which up to `block` bytes are read at a time."""
    if array.ndim == 0:
        raise TypeError("iteration over a 0-d array")
    bytes_of_one = array.nbytes // max(len(array), 1)
    count = max(1, block // max(bytes_of_one, 1))
    whole = [max(1, length) for length in array.shape[1:]]
    for _, rows in array.blocks((count, *whole)) if array.size else [(None, array[...])]:
        yield from rows


def again(
    path: str,
    key: str | None,
    stamp: tuple[int, int, int],
    arguments: dict[str, Any],
) -> LazyArray:
    """Open the array of another process's `LazyArray`, if its file is what it was."""
    opened: Any = open(path, **arguments)
    array: LazyArray = opened if key is None else opened[key]
    if array._stamp != stamp:
        raise ValueError(f"{path!r} has changed since it was opened: open it again")
    return array


class LazyNpz(Closing, Mapping[str, LazyArray]):
    """
    The arrays of an ``.npz`` file, opened and not loaded: what `open` gives for an archive.

    ``archive["w"][10:20]`` reads those rows only, where the member is stored; a compressed one is
    decompressed up to the last of them.
    """

    def __init__(self, npz: "NpzFile") -> None:
        self._npz = npz

    def __getitem__(self, key: str) -> LazyArray:
        """Return the array of that key, not loaded."""
        return self._npz._lazy(key)

    def __contains__(self, key: object) -> bool:
        """Return whether there is a member of that key."""
        return key in self._npz

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(self._npz)

    def __len__(self) -> int:
        """Return how many members there are."""
        return len(self._npz)

    def close(self) -> None:
        """Close the archive."""
        self._npz.close()

    def __repr__(self) -> str:
        """Name the first keys."""
        return "Lazy" + repr(self._npz)
