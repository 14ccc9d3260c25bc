"""Where arrays go: uncommitted, to a device, or in shards to the devices of a sharding."""

import functools
import itertools
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np
from jax.sharding import Sharding, SingleDeviceSharding
from numpy.typing import NDArray

from npload.jax import _stage
from npload.jax._device import Device, is_device
from npload.jax._keys import are_keys, from_struct
from npload.jax._source import Box, Source, whole
from npload.jax._values import Rule

Placement: TypeAlias = Device | Sharding | None
Placements: TypeAlias = (
    Placement
    | Mapping[str, Placement]
    | Callable[[str, jax.ShapeDtypeStruct], Placement]
)

SMALL = 64 << 10
"""Arrays, and shards, of fewer bytes may be copied by JAX."""


class Where:
    """The `device` or `sharding` of a load, by key where there are several arrays."""

    def __init__(self, device: Device | None, sharding: Placements) -> None:
        if device is not None and sharding is not None:
            raise ValueError("device and sharding exclude each other: a sharding names its devices")
        if device is not None and not is_device(device):
            raise TypeError(f"device must be a jax.Device, not {type(device).__name__}")
        self._given: Placements = sharding if device is None else device
        if not self._is_one and not isinstance(self._given, Mapping) and not callable(self._given):
            raise TypeError(
                "sharding must be a jax.sharding.Sharding or, for an archive, a mapping of keys to "
                f"shardings or a function, not {type(self._given).__name__}"
            )

    @property
    def _is_one(self) -> bool:
        return self._given is None or isinstance(self._given, Sharding) or is_device(self._given)

    @property
    def is_default(self) -> bool:
        """Whether JAX chooses."""
        return self._given is None

    def check_keys(self, keys: Sequence[str]) -> None:
        """Refuse a mapping that is not about these keys."""
        if isinstance(self._given, Mapping):
            known = set(keys)
            missing = [key for key in keys if key not in self._given]
            unknown = [key for key in self._given if key not in known]
            if missing or unknown:
                raise ValueError(
                    "the mapping of shardings does not fit the archive: "
                    f"it has nothing for {missing}, and {unknown} are not in the archive. "
                    "A value of None leaves a key's place to JAX"
                )

    def one(self) -> Sharding | None:
        """Return the place of the only array there is."""
        if not self._is_one:
            raise TypeError("shardings by key are for archives, and this is one array")
        return _as_sharding(self._given, "sharding")

    def of(self, key: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Sharding | None:
        """Return the place of a key's array."""
        if self._is_one:
            return _as_sharding(self._given, "sharding")
        if isinstance(self._given, Mapping):
            # A member may be asked for by its whole name.
            key = key if key in self._given else key.removesuffix(".npy")
            if key not in self._given:
                raise ValueError(
                    f"the mapping of shardings has nothing for {key!r}; None leaves its place to JAX"
                )
            return _as_sharding(self._given[key], f"the sharding of {key!r}")
        assert callable(self._given)
        return _as_sharding(
            self._given(key, jax.ShapeDtypeStruct(shape, dtype)),  # type: ignore[no-untyped-call]
            f"the sharding of {key!r}"
        )


def _as_sharding(given: Any, what: str) -> Sharding | None:
    if given is None or isinstance(given, Sharding):
        return given
    if is_device(given):
        return SingleDeviceSharding(given)
    raise TypeError(
        f"{what} must be a jax.sharding.Sharding, a jax.Device or None, not {type(given).__name__}"
    )


class Ready(NamedTuple):
    """An array in host memory, to be given to its devices."""

    parts: list[NDArray[Any]]
    places: list[Sharding | None]
    """Where each part goes."""
    join: Callable[[list[jax.Array]], jax.Array]
    """Makes the array of its parts on their devices."""

    @classmethod
    def one(cls, array: NDArray[Any], place: Sharding | None) -> "Ready":
        """Return an array that goes to a place as it is."""
        return cls([array], [place], operator.itemgetter(0))


def put(source: Source, sharding: Sharding | None, rule: Rule) -> Any:
    """Return a source as an array on its devices; as NumPy's where JAX has none of its dtype."""
    return give([read(source, sharding, rule)])[0]


def read(source: Source, sharding: Sharding | None, rule: Rule) -> Any:
    """Read a source, so that it is `Ready`, or is what `put` returns."""
    target = rule.target(source.dtype)
    if target is None:
        if are_keys(source.dtype, rule.dtype):
            return from_struct(source.as_it_is(), sharding, source.name)
        if sharding is not None:
            raise TypeError(
                f"{source.name}: JAX {jax.__version__} has no arrays of {source.dtype}, so that it "
                "cannot be put on devices; without device and sharding it loads as NumPy's array"
            )
        return source.as_it_is()
    boxes, places, join = _spread(source, sharding, target)
    if _stage.is_for(sharding, source.shape, target):
        return join(_stage.put(source, boxes, places, rule))
    # Devices that hold the same share the memory: nobody writes to it.
    distinct = list(dict.fromkeys(boxes))
    parts = dict(zip(distinct, _converted(source, distinct, rule), strict=True))
    return Ready([parts[box] for box in boxes], places, join)


def give(ready: Sequence[Any]) -> list[Any]:
    """Return arrays that are `Ready` on their devices, given to JAX all at once, and others as they are."""
    waiting = [array for array in ready if isinstance(array, Ready)]
    parts = [part for array in waiting for part in array.parts]
    places = [place for array in waiting for place in array.places]
    there = iter(jax.device_put(parts, places if any(places) else None))
    return [
        array.join(list(itertools.islice(there, len(array.parts)))) if isinstance(array, Ready) else array
        for array in ready
    ]


def boxes_to_read(source: Source, sharding: Sharding | None, target: np.dtype[Any]) -> list[Box]:
    """Return the boxes that `read` will ask a source for."""
    boxes, _, _ = _spread(source, sharding, target)
    return list(dict.fromkeys(boxes))


def _spread(
    source: Source, sharding: Sharding | None, target: np.dtype[Any]
) -> tuple[list[Box], list[Sharding | None], Callable[[list[jax.Array]], jax.Array]]:
    """Return the boxes of an array that go to places of their own, these, and what makes one array of them."""
    shape = source.shape
    if sharding is None:
        return [whole(shape)], [None], operator.itemgetter(0)
    # One device takes every shape; JAX 0.8 cannot be asked whether it does.
    if not isinstance(sharding, SingleDeviceSharding):
        try:
            checked: Any = sharding
            checked.check_compatible_aval(shape)
        except ValueError as error:
            raise ValueError(f"{source.name}: {error}") from None
    is_small = math.prod(sharding.shard_shape(shape)) * target.itemsize < SMALL
    is_one = sharding.is_fully_addressable and (is_small or sharding.is_fully_replicated)
    if is_one and not _stage.is_for(sharding, shape, target):
        # JAX cuts it: for small shards that takes less time than one array for each.
        return [whole(shape)], [sharding], operator.itemgetter(0)
    indices: Mapping[Any, Any] = sharding.addressable_devices_indices_map(shape)
    kind = sharding.memory_kind
    return (
        [_box(index, shape) for index in indices.values()],
        [SingleDeviceSharding(device, memory_kind=kind) for device in indices],
        functools.partial(jax.make_array_from_single_device_arrays, shape, sharding, dtype=target),
    )


def _converted(source: Source, boxes: Sequence[Box], rule: Rule) -> list[NDArray[Any]]:
    read = source.boxes(boxes)
    for number, box in enumerate(boxes):
        start = tuple(start for start, _ in box)
        read[number] = rule.convert(read[number], source.name, start)
    return read


def _box(index: Any, shape: tuple[int, ...]) -> Box:
    """Return the box that a device's index means."""
    parts = zip(index, shape, strict=True)
    return tuple(part.indices(length)[:2] for part, length in parts)
