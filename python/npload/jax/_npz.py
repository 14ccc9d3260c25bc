"""The arrays of an archive, on their devices."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import jax
import numpy as np

from npload._closing import Closing
from npload._npz import NpzFile
from npload.jax import _stage
from npload.jax._keys import from_struct, implementation
from npload.jax._place import Where, boxes_of, places_of, put
from npload.jax._source import Box, InFile, InMemory, Read, Source
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


def load_members(
    npz: NpzFile,
    keys: Iterable[str],
    place: Callable[[str, tuple[int, ...], np.dtype[Any]], Any],
    rule: Callable[[str], Rule],
) -> dict[str, Any]:
    """Return members by key, on the devices that `place` says, their values as `rule` says."""
    whole: list[str] = []
    parts: dict[str, tuple[Source, Any]] = {}
    compressed: dict[str, tuple[InFile, list[Box]]] = {}
    keys = list(dict.fromkeys(keys))
    for key in keys:
        header = npz._header(key)
        if header is None:
            whole.append(key)
            continue
        dtype, shape = header
        target = rule(key).target(dtype)
        sharding = place(key, shape, dtype if target is None else target)
        if sharding is None and not (target is not None and _stage.is_for(None, shape, target)):
            whole.append(key)
            continue
        if dtype.hasobject or npz._arguments()["mmap_mode"] is not None:
            parts[key] = InMemory(npz[key], _name(npz, key)), sharding
            continue
        lazy = npz._lazy(key)
        source = InFile(lazy, _name(npz, key), partial(npz.__getitem__, key))
        parts[key] = source, sharding
        if lazy._is_compressed and sharding is not None and target is not None:
            held = boxes_of(sharding, shape, source.name)
            places = places_of(sharding, held).values()
            if not any(_stage.is_for(place, shape, target) for place in places):
                compressed[key] = source, list(dict.fromkeys(held.values()))
    loaded = _put_whole(npz, whole, rule)

    # One of these is decompressed by one thread: many side by side. The rest is done by this one, in whose
    # contexts of JAX the arrays are wanted.
    with ThreadPoolExecutor(_threads(npz, len(compressed))) as pool:
        for key, (source, boxes) in compressed.items():
            parts[key] = Read(source, pool.submit(source.boxes, boxes)), parts[key][1]
        loaded.update((key, put(*parts.pop(key), rule(key))) for key in list(parts))
    return {key: loaded[key] for key in keys}


def _put_whole(npz: NpzFile, keys: list[str], rule: Callable[[str], Rule]) -> dict[str, Any]:
    """Load members side by side, and hand those that JAX can have to it at once, uncommitted."""
    if len(keys) == 1:
        found = {keys[0]: npz[keys[0]]}
    elif keys == npz.files:
        found = npz.load_all()
    else:
        found = npz.load_all(keys) if keys else {}
    ready = {}
    for key in found:
        if isinstance(found[key], np.ndarray) and rule(key).target(found[key].dtype) is not None:
            # What was 64 bits wide is let go of, one after the other.
            found[key] = ready[key] = rule(key).convert(found[key], _name(npz, key))
        elif isinstance(found[key], np.ndarray) and implementation(found[key].dtype) is not None:
            found[key] = from_struct(found[key], None, _name(npz, key))
    found.update(jax.device_put(ready))
    return found


def _threads(npz: NpzFile, members: int) -> int:
    threads: int | None = npz._arguments()["threads"]
    return max(1, min(members, threads or min(8, os.cpu_count() or 1)))


def _name(npz: NpzFile, key: str) -> str:
    """Return what errors call a member."""
    archive = npz._path
    return f"member {key!r}" if archive is None else f"{os.fspath(archive)}: member {key!r}"
