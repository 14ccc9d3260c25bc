"""The arrays of an archive, on their devices."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from npload._closing import Closing
from npload._npz import NpzFile
from npload.jax._members import load_members
from npload.jax._place import Where
from npload.jax._values import Rule


class NpzArrays(Closing, Mapping[str, Any]):
    """
    The arrays of an ``.npz`` file as JAX's, each put on its devices when it is asked for.

    What `load` gives for an archive: a mapping by key, to be closed or used in a ``with`` statement.
    Arrays that were loaded stay. Members that JAX has no arrays of come back as `npload.load` gives
    them. It may be shared between threads.

    Attributes
    ----------
    files : list of str
        The keys.
    """

    def __init__(self, npz: NpzFile, where: Where, rule: Rule) -> None:
        self._npz = npz
        self._where = where
        self._rule = rule
        where.check_keys(npz.files)

    @property
    def files(self) -> list[str]:
        """The keys, in the archive's order."""
        return self._npz.files

    def __getitem__(self, key: str) -> Any:
        """Load the array of that key."""
        return load_members(self._npz, [key], self._where.of, lambda _: self._rule)[key]

    def __contains__(self, key: object) -> bool:
        """Return whether there is a member of that key."""
        return key in self._npz

    def __iter__(self) -> Iterator[str]:
        """Iterate over the keys."""
        return iter(self._npz)

    def __len__(self) -> int:
        """Return how many members there are."""
        return len(self._npz)

    def load_all(self, keys: Iterable[str] | None = None) -> dict[str, Any]:
        """
        Load all arrays, or those of `keys`, side by side.

        Parameters
        ----------
        keys : iterable of str, optional
            Which members. By default all.

        Returns
        -------
        dict
            The arrays by key.
        """
        chosen = self.files if keys is None else list(keys)
        return load_members(self._npz, chosen, self._where.of, lambda _: self._rule)

    def close(self) -> None:
        """Close the archive."""
        self._npz.close()

    def __repr__(self) -> str:
        """Name the first keys."""
        return "Jax" + repr(self._npz)
