"""Where arrays go: uncommitted, to a device, or in shards to the devices of a sharding."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import jax
import numpy as np
from jax.sharding import Sharding, SingleDeviceSharding
from numpy.typing import NDArray

from npload.jax import _stage
from npload.jax._device import Device, is_device
from npload.jax._keys import from_struct, implementation
from npload.jax._source import Box, Source, whole
from npload.jax._values import Rule

Placement: TypeAlias = Device | Sharding | None
Placements: TypeAlias = (
    Placement
    | Mapping[str, Placement]
    | Callable[[str, jax.ShapeDtypeStruct], Placement]
)


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


def put(source: Source, sharding: Sharding | None, rule: Rule) -> Any:
    """Return a source as an array on its devices; as NumPy's where JAX has none of its dtype."""
    target = rule.target(source.dtype)
    if target is None:
        if implementation(source.dtype) is not None and rule.dtype is None:
            return from_struct(source.as_it_is(), sharding, source.name)
        if sharding is not None:
            raise TypeError(
                f"{source.name}: JAX {jax.__version__} has no arrays of {source.dtype}, so that it "
                "cannot be put on devices; without device and sharding it loads as NumPy's array"
            )
        return source.as_it_is()
    if sharding is None:
        if _stage.is_for(None, source.shape, target):
            return _stage.put(source, [whole(source.shape)], [None], rule)[0]
        return jax.device_put(_read(source, [whole(source.shape)], rule)[0])
    return _shards(source, sharding, rule, target)


def _shards(source: Source, sharding: Sharding, rule: Rule, target: np.dtype[Any]) -> jax.Array:
    shape = source.shape
    boxes = boxes_of(sharding, shape, source.name)
    places = places_of(sharding, boxes)
    if any(_stage.is_for(place, shape, target) for place in places.values()):
        parts = _stage.put(source, list(boxes.values()), list(places.values()), rule)
    else:
        # Devices that hold the same share the memory: nobody writes to it.
        distinct = list(dict.fromkeys(boxes.values()))
        read = dict(zip(distinct, _read(source, distinct, rule), strict=True))
        parts = jax.device_put([read[box] for box in boxes.values()], list(places.values()))
    return jax.make_array_from_single_device_arrays(shape, sharding, parts, dtype=target)


def boxes_of(sharding: Sharding, shape: tuple[int, ...], name: str) -> dict[Device, Box]:
    """Return what each of this process's devices holds of an array."""
    try:
        checked: Any = sharding
        checked.check_compatible_aval(shape)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
    indices = sharding.addressable_devices_indices_map(shape)
    return {device: _box(index, shape) for device, index in indices.items()}


def places_of(sharding: Sharding, devices: Iterable[Device]) -> dict[Device, Sharding]:
    """Return the sharding of each device's own part."""
    kind = sharding.memory_kind
    return {device: SingleDeviceSharding(device, memory_kind=kind) for device in devices}


def _read(source: Source, boxes: Sequence[Box], rule: Rule) -> list[NDArray[Any]]:
    read = source.boxes(boxes)
    for number, box in enumerate(boxes):
        start = tuple(start for start, _ in box)
        read[number] = rule.convert(read[number], source.name, start)
    return read


def _box(index: Any, shape: tuple[int, ...]) -> Box:
    """Return the box that a device's index means."""
    parts = zip(index, shape, strict=True)
    return tuple(part.indices(length)[:2] for part, length in parts)
