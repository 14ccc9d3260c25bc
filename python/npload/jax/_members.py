"""Members of an archive, many at a time: read side by side, and given to devices together."""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np
from jax.sharding import Sharding

from npload._npz import NpzFile
from npload.jax import _stage
from npload.jax._keys import are_keys, from_struct
from npload.jax._place import SMALL, Ready, boxes_to_read, give, read
from npload.jax._source import InFile, InMemory, Read, Source
from npload.jax._values import Rule

Place: TypeAlias = Callable[[str, tuple[int, ...], np.dtype[Any]], Sharding | None]
"""Says for a key, a shape and a dtype where the array goes."""

_PASSING = 64 << 20
"""How many bytes for each thread may be in memory only to become others, or to leave it."""


class _Plan(NamedTuple):
    """How a member is to be loaded."""

    sharding: Sharding | None = None
    target: np.dtype[Any] | None = None
    is_beside: bool = True
    """Whether it is loaded whole, beside others."""
    is_mapped: bool = False
    """Whether it is in memory as soon as it is asked for."""
    is_long: bool = False
    """Whether decompressing it is worth a thread."""
    passing: int = 0
    """How many bytes it takes in memory that are not its result there."""


def load_members(
    npz: NpzFile, keys: Iterable[str], place: Place, rule: Callable[[str], Rule]
) -> dict[str, Any]:
    """Return members by key, on the devices that `place` says, their values as `rule` says."""
    plans = {key: _plan(npz, key, place, rule(key)) for key in dict.fromkeys(keys)}
    threads = npz._arguments()["threads"] or min(8, os.cpu_count() or 1)
    loaded: dict[str, Any] = {}
    given: list[Any] = []
    with ThreadPoolExecutor(threads) as pool:
        for batch in _batches(plans, threads * _PASSING):
            ready = _ready(npz, batch, rule, pool)
            # Of what goes to other memory no more than two batches are in this one.
            for array in given:
                if isinstance(array, jax.Array):
                    array.block_until_ready()
            given = give(ready)
            del ready
            loaded.update(zip(batch, given, strict=True))
    return loaded


def _plan(npz: NpzFile, key: str, place: Place, rule: Rule) -> _Plan:
    header = npz._header(key)
    if header is None:
        return _Plan()
    dtype, shape = header
    target = rule.target(dtype)
    sharding = place(key, shape, dtype if target is None else target)
    is_mapped = dtype.hasobject or npz._arguments()["mmap_mode"] is not None
    if target is None:
        return _Plan(sharding, is_beside=sharding is None, is_mapped=is_mapped)
    if _stage.is_for(sharding, shape, target):
        return _Plan(sharding, target, is_beside=False, is_mapped=is_mapped)
    nbytes = math.prod(shape) * dtype.itemsize
    devices = 1 if sharding is None else len(sharding.addressable_devices)
    is_large = nbytes >= SMALL * devices
    stays = is_large and rule.keeps(dtype) and not _stage.has_own_memory(sharding)
    return _Plan(
        sharding,
        target,
        is_beside=sharding is None,
        is_mapped=is_mapped,
        is_long=nbytes >= SMALL,
        passing=0 if stays else nbytes,
    )


def _batches(plans: Mapping[str, _Plan], most: int) -> Iterator[dict[str, _Plan]]:
    """Cut members into batches of which no more passes through memory, or all of one member."""
    batch: dict[str, _Plan] = {}
    passing = 0
    for key, plan in plans.items():
        if passing and passing + plan.passing > most:
            yield batch
            batch, passing = {}, 0
        batch[key] = plan
        passing += plan.passing
    if batch:
        yield batch


def _ready(
    npz: NpzFile,
    batch: Mapping[str, _Plan],
    rule: Callable[[str], Rule],
    pool: ThreadPoolExecutor,
) -> list[Any]:
    """Read a batch, so that it can be given to devices."""
    beside = [key for key, plan in batch.items() if plan.is_beside]
    found = {beside[0]: npz[beside[0]]} if len(beside) == 1 else npz.load_all(beside)
    # What one thread decompresses, many do side by side. The rest is done by this one, in whose contexts of JAX
    # the arrays are wanted.
    sources = {
        key: _source(npz, key, plan, pool) for key, plan in batch.items() if not plan.is_beside
    }
    ready: list[Any] = []
    for key, plan in batch.items():
        # What an array was made of is let go of before the next one is.
        if not plan.is_beside:
            ready.append(read(sources.pop(key), plan.sharding, rule(key)))
        elif plan.target is None:
            ready.append(_as_it_is(found.pop(key), rule(key), _name(npz, key)))
        else:
            ready.append(Ready.one(rule(key).convert(found.pop(key), _name(npz, key)), None))
    return ready


def _as_it_is(found: Any, rule: Rule, name: str) -> Any:
    """Return what JAX has no array of as NumPy has it; random keys from their parts."""
    is_made = isinstance(found, np.ndarray) and are_keys(found.dtype, rule.dtype)
    return from_struct(found, None, name) if is_made else found


def _source(npz: NpzFile, key: str, plan: _Plan, pool: ThreadPoolExecutor) -> Source:
    """Return what a member is read from; a pool may begin to read what will be asked for."""
    name = _name(npz, key)
    if plan.is_mapped:
        return InMemory(npz[key], name)
    file = InFile.member(npz, key, name)
    if plan.target is None or not (plan.is_long and file.is_compressed):
        return file
    return Read(file, pool.submit(file.boxes, boxes_to_read(file, plan.sharding, plan.target)))


def _name(npz: NpzFile, key: str) -> str:
    """Return what errors call a member."""
    archive = npz._path
    return f"member {key!r}" if archive is None else f"{os.fspath(archive)}: member {key!r}"
