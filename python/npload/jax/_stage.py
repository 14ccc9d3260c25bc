"""To devices with memory of their own: in pieces, so that the host never holds all of an array."""

import collections
import functools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Sharding

from npload.jax._device import Device, is_device
from npload.jax._source import Box, Source
from npload.jax._values import Rule

_PIECE = 32 << 20
"""What is read and sent at a time, in bytes."""

_AHEAD = 2
"""How many pieces may be on their way while the next one is read."""


def is_for(device: Device | None, shape: tuple[int, ...], dtype: np.dtype[Any]) -> bool:
    """Whether an array is to go to a device in pieces."""
    if math.prod(shape) * dtype.itemsize <= 2 * _PIECE or dtype.name.strip("u") in _PACKED:
        return False
    return _has_own_memory(device)


_PACKED = {"int1", "int2", "int4", "float4_e2m1fn"}
"""Types of which a device may have several in a byte: they are sent whole."""


def _has_own_memory(device: Device | None) -> bool:
    if device is None:
        chosen: Any = jax.config.jax_default_device
        device = chosen if is_device(chosen) else jax.local_devices(backend=chosen)[0]
    return str(device.platform) != "cpu"


@functools.partial(jax.jit, static_argnames="axis", donate_argnames="into")
def _write(into: jax.Array, piece: jax.Array, start: Any, axis: int) -> jax.Array:
    return jax.lax.dynamic_update_slice_in_dim(into, piece, start, axis)


def put(
    source: Source, box: Box, places: Sequence[Sharding | None], rule: Rule
) -> list[jax.Array]:
    """
    Return a box of a source on each of these devices.

    Each piece is read once, while those before it are sent.
    """
    target = rule.target(source.dtype)
    assert target is not None
    lengths = [end - start for start, end in box]
    axis, step = _cut(lengths, target.itemsize, is_fortran=source.is_fortran)
    arrays = [jnp.zeros(lengths, target, device=place) for place in places]
    sent: collections.deque[list[jax.Array]] = collections.deque()
    start, end = box[axis]
    for at in range(start, end, step):
        inner = (*box[:axis], (at, min(at + step, end)), *box[axis + 1 :])
        read = rule.convert(source.boxes([inner])[0], source.name, tuple(a for a, _ in inner))
        pieces = [jax.device_put(read, place) for place in places]
        arrays = [
            _write(array, piece, at - start, axis=axis)
            for array, piece in zip(arrays, pieces, strict=True)
        ]
        sent.append(pieces)
        if len(sent) > _AHEAD:
            for piece in sent.popleft():
                piece.block_until_ready()
    return arrays


def _cut(lengths: list[int], itemsize: int, *, is_fortran: bool) -> tuple[int, int]:
    """Return the axis along which pieces are cut, and how long they are on it."""
    nbytes = math.prod(lengths) * itemsize
    axes = [axis for axis in range(len(lengths)) if lengths[axis] > 1]
    if is_fortran:
        axes.reverse()
    fine = (axis for axis in axes if nbytes // lengths[axis] <= _PIECE)
    axis = next(fine, max(axes, key=lambda axis: lengths[axis]))
    return axis, max(1, _PIECE // (nbytes // lengths[axis]))
