"""To devices with memory of their own: in pieces, so that the host never holds all of an array."""

import collections
import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Sharding
from numpy.typing import NDArray

from npload.jax._device import is_device
from npload.jax._source import Box, Source
from npload.jax._values import Rule

_PIECE = 32 << 20
"""What is read and sent at a time, in bytes."""

_AHEAD = 2
"""How many pieces may be on their way while the next one is read."""


def is_for(place: Sharding | None, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    """Whether an array is to go to its device, or to those of a sharding, in pieces."""
    if math.prod(shape) * dtype.itemsize <= 2 * _PIECE or dtype.name.strip("u") in _PACKED:
        return False
    # Where a piece begins is an int32.
    if max(shape) >= 1 << 31 or not has_own_memory(place):
        return False
    if place is None:
        return True
    device: Any = next(iter(place.addressable_devices))
    return place.memory_kind in (None, device.default_memory().kind)


_PACKED = {"int1", "int2", "int4", "float4_e2m1fn"}
"""Types of which a device may have several in a byte: they are sent whole."""


def has_own_memory(place: Sharding | None) -> bool:
    """Whether devices have memory that is not the host's."""
    if place is not None:
        devices: Any = place.addressable_devices
        return any(device.platform != "cpu" for device in devices)
    chosen: Any = jax.config.jax_default_device
    device = chosen if is_device(chosen) else jax.local_devices(backend=chosen)[0]
    return str(device.platform) != "cpu"


@functools.partial(jax.jit, static_argnames=("shape", "dtype"))
def _zeros(shape: tuple[int, ...], dtype: np.dtype[Any]) -> jax.Array:
    return jnp.zeros(shape, dtype)


@functools.partial(jax.jit, donate_argnames="into")
def _write(into: jax.Array, piece: jax.Array, start: jax.Array) -> jax.Array:
    return jax.lax.dynamic_update_slice(into, piece, [start[axis] for axis in range(into.ndim)])


def put(
    source: Source, boxes: Sequence[Box], places: Sequence[Sharding | None], rule: Rule
) -> list[jax.Array]:
    """
    Return these boxes of a source, each on the device beside it.

    Each piece is read once, while those before it are sent.
    """
    target = rule.target(source.dtype)
    assert target is not None
    distinct = list(dict.fromkeys(boxes))
    left = sum(_size(box) for box in distinct)
    arrays: dict[int, jax.Array] = {}
    sent: collections.deque[list[jax.Array]] = collections.deque()
    for at, read in _pieces(source, distinct, max(source.dtype.itemsize, target.itemsize)):
        converted: dict[Box, NDArray[Any]] = {}
        pieces = []
        for number, (box, place) in enumerate(zip(boxes, places, strict=True)):
            part = _common(at, box)
            if part is None:
                continue
            if part not in converted:
                first = tuple(start for start, _ in part)
                converted[part] = rule.convert(read[_within(part, at)], source.name, first)
            start = np.array([inner.start for inner in _within(part, box)], "i4")
            piece, there = jax.device_put((converted[part], start), place)
            # What cannot be read takes no memory on the device.
            into = arrays[number] if number in arrays else _empty(box, target, place)
            arrays[number] = _write(into, piece, there)
            pieces.append(piece)
        sent.append(pieces)
        if len(sent) > _AHEAD:
            for piece in sent.popleft():
                piece.block_until_ready()
        left -= sum(_size(part) for part in converted)
        if left == 0:
            break
    return [arrays[number] for number in range(len(boxes))]


def _empty(box: Box, dtype: np.dtype[Any], place: Sharding | None) -> jax.Array:
    shape = tuple(end - start for start, end in box)
    empty: jax.Array
    if place is None:
        empty = _zeros(shape, dtype)
    else:
        (device,) = place.device_set
        with jax.default_device(device):
            empty = jax.device_put(_zeros(shape, dtype), place)
    return empty


def _pieces(
    source: Source, boxes: list[Box], itemsize: int
) -> Iterator[tuple[Box, NDArray[Any]]]:
    """Read distinct boxes in pieces; in one pass, with what lies between them, if that suits."""
    items, is_fortran = _PIECE // itemsize, source.is_fortran
    block = _block(source.shape, items, is_fortran=is_fortran)
    is_whole = sum(_size(box) for box in boxes) == math.prod(source.shape)
    blocks = source.blocks(block, is_whole=is_whole)
    if blocks is not None:
        return blocks
    cuts = (at for box in boxes for at in _cut(box, items, is_fortran=is_fortran))
    return ((at, source.boxes([at])[0]) for at in cuts)


def _cut(box: Box, items: int, *, is_fortran: bool) -> Iterator[Box]:
    """Cut a box into pieces that lie well in the file."""
    block = _block([end - start for start, end in box], items, is_fortran=is_fortran)
    return _grid(box, block)


def _grid(box: Box, block: tuple[int, ...]) -> Iterator[Box]:
    if not box:
        yield ()
        return
    start, end = box[0]
    for at in range(start, end, block[0]):
        for rest in _grid(box[1:], block[1:]):
            yield ((at, min(at + block[0], end)), *rest)


def _block(shape: Sequence[int], items: int, *, is_fortran: bool) -> tuple[int, ...]:
    """Return the shape of not more than so many elements that lie next to each other."""
    lengths = []
    for length in shape if is_fortran else reversed(shape):
        lengths.append(max(1, min(length, items)))
        items //= lengths[-1]
    return tuple(lengths if is_fortran else reversed(lengths))


def _common(one: Box, other: Box) -> Box | None:
    """Return the box that is in both."""
    both = zip(one, other, strict=True)
    common = tuple((max(a[0], b[0]), min(a[1], b[1])) for a, b in both)
    return common if all(start < end for start, end in common) else None


def _within(box: Box, outer: Box) -> tuple[slice, ...]:
    """Return where a box lies in another one."""
    both = zip(box, outer, strict=True)
    return tuple(slice(start - at, end - at) for (start, end), (at, _) in both)


def _size(box: Box) -> int:
    return math.prod(end - start for start, end in box)
