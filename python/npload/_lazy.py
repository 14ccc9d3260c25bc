"""Archives of which parts are read."""

import collections.abc


class LazyNpz(collections.abc.Mapping):
    """
    The arrays of an ``.npz`` file, opened and not loaded: what `open` gives for an archive.

    ``archive["w"][10:20]`` reads those rows only, where the member is stored; a compressed one is
    decompressed up to the last of them.
    """

    def __init__(self, npz):
        self._npz = npz

    def __getitem__(self, key):
        """Return the array of that key, not loaded."""
        return self._npz._lazy(key)

    def __contains__(self, key):
        """Return whether there is a member of that key."""
        return key in self._npz

    def __iter__(self):
        """Iterate over the keys."""
        return iter(self._npz)

    def __len__(self):
        """Return how many members there are."""
        return len(self._npz)

    def __enter__(self):
        """Return the archive itself."""
        return self

    def __exit__(self, exc_type, exc_value, traceback):
        """Close the archive."""
        self.close()

    def close(self):
        """Close the archive."""
        self._npz.close()

    def __repr__(self):
        """Name the first keys."""
        return "Lazy" + repr(self._npz)
