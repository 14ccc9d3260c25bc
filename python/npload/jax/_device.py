"""What a device is to type checkers, to whom JAX does not say it: `jax.Device` itself is what counts."""

from typing import Any, Protocol, TypeGuard

import jax


class Device(Protocol):
    """A `jax.Device`."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def platform(self) -> str:
        """What kind it is of: ``cpu``, ``gpu``, ``tpu`` …"""


def is_device(given: Any) -> TypeGuard[Device]:
    """Whether it is a device."""
    return isinstance(given, jax.Device)
