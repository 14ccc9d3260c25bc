"""Archives of which parts are read."""

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from npload._npload import LazyArray
    from npload._npz import NpzFile


class LazyNpz(Mapping[str, "LazyArray"]):
    """
    The arrays of an ``.npz`` file, opened and not loaded: what `open` gives for an archive.

    ``archive["w"][10:20]`` reads those rows only, where the member is stored; a compressed one is
    decompressed up to the last of them.
    """

    def __init__(self, npz: "NpzFile") -> None:
        self._npz = npz

    def __getitem__(self, key: str) -> "LazyArray":
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

    def __enter__(self) -> Self:
        """Return the archive itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the archive."""
        self.close()

    def close(self) -> None:
        """Close the archive."""
        self._npz.close()

    def __repr__(self) -> str:
        """Name the first keys."""
        return "Lazy" + repr(self._npz)
