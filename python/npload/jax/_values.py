"""What elements become in JAX: which dtype, and whether every value survives that."""

import functools
import math
import os
import sys
import warnings
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
from numpy.typing import DTypeLike, NDArray

from npload._npload import narrow

OnNarrow: TypeAlias = Literal["error", "warn", "allow"]

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_HALVES = {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}
"""What `narrow` makes of what."""

_REGISTERED = 2
"""What `numpy.dtype.isbuiltin` is for the types of ml_dtypes."""

_PIECE = 1 << 20
"""How many elements NumPy converts and checks at a time."""

_ZERO = np.int8(0)

_KINDS = (np.bool, np.integer, np.floating, np.complexfloating)
"""Each holds the numbers of those before it."""


@functools.lru_cache(256)
def is_held(dtype: np.dtype[Any]) -> bool:
    """Whether this JAX has arrays of a dtype: asked of JAX, since that changes with every version."""
    try:
        with jax.transfer_guard("allow"):
            jax.device_put(np.zeros((), dtype))
    except (TypeError, ValueError, NotImplementedError):
        return False
    except jax.errors.JaxRuntimeError as error:
        if "RESOURCE_EXHAUSTED" in str(error):
            raise
        return False
    return True


def read_as(found: np.dtype[Any], wanted: np.dtype[Any] | None) -> np.dtype[Any]:
    """
    Return what elements are: those without a name of the type of ml_dtypes that is `wanted`.

    Without one two bytes are bfloat16: what jnp.save and np.save write for it.
    """
    if found.type is not np.void or found.names is not None or found.subdtype is not None:
        return found
    if wanted is not None and wanted.isbuiltin == _REGISTERED and wanted.itemsize == found.itemsize:
        return wanted
    return _BFLOAT16 if found.itemsize == _BFLOAT16.itemsize else found


class Rule(NamedTuple):
    """How values become JAX's."""

    dtype: np.dtype[Any] | None
    """What they are to be; None: what the file says."""
    on_narrow: OnNarrow
    threads: int | None

    @classmethod
    def of(cls, dtype: DTypeLike | None, on_narrow: str, threads: int | None) -> "Rule":
        """Check the arguments of a load."""
        if on_narrow not in ("error", "warn", "allow"):
            raise ValueError(f"on_narrow must be 'error', 'warn' or 'allow', not {on_narrow!r}")
        wanted = None if dtype is None else np.dtype(dtype).newbyteorder("=")
        if wanted is not None and not is_held(wanted):
            raise TypeError(f"JAX {jax.__version__} has no arrays of {wanted}")
        return cls(wanted, on_narrow, threads)  # type: ignore[arg-type]

    def wanted(self, found: np.dtype[Any]) -> np.dtype[Any] | None:
        """What elements of a dtype are meant to be; None for what JAX has no arrays of."""
        wanted = self.dtype or read_as(found, None).newbyteorder("=")
        return wanted if is_held(wanted) else None

    def target(self, found: np.dtype[Any]) -> np.dtype[Any] | None:
        """What they become: 32-bit numbers unless JAX is told to keep 64 bits. None as `wanted`."""
        wanted = self.wanted(found)
        return None if wanted is None else np.dtype(jax.dtypes.canonicalize_dtype(wanted))

    def keeps(self, found: np.dtype[Any]) -> bool:
        """Whether elements of a dtype are left as they are."""
        return read_as(found, self.dtype) == self.target(found)

    def convert(self, array: NDArray[Any], name: str, start: tuple[int, ...] = ()) -> NDArray[Any]:
        """
        Return an array's elements as `target` says, the array itself where nothing changes.

        `start` is where it begins in the array of that name, for what is said of values that do not fit.
        """
        wanted, target = self.wanted(array.dtype), self.target(array.dtype)
        assert wanted is not None and target is not None
        array = array.view(read_as(array.dtype, self.dtype))
        if not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        if array.dtype == target:
            return array
        if array.size == 0:
            return array.astype(target)
        if _HALVES.get(array.dtype.name) == target.name:
            converted, first = narrow(np.require(array, requirements=["C", "A"]), self.threads)
            at: Any = None if first is None else np.unravel_index(first, array.shape)
        else:
            converted, at = _cast(array, target, name)
        if at is not None and self.on_narrow != "allow":
            place = tuple(int(i) for i in at)
            offset = start or (0,) * len(place)
            shown = tuple(i + j for i, j in zip(place, offset, strict=True))
            text = _refusal(name, array[place], shown, wanted, target)
            if self.on_narrow == "error":
                raise OverflowError(text)
            warnings.warn(text, stacklevel=_users_level())
        return converted


def _refusal(
    name: str,
    value: Any,
    place: tuple[int, ...],
    wanted: np.dtype[Any],
    target: np.dtype[Any],
) -> str:
    where = f"element {place}" if place else "its element"
    # Formatted, a long double would be a double.
    shown = str(value) if value.dtype.char in "gG" else f"{value}"
    text = f"{name}: {where} is {shown}, which {target} cannot hold"
    if wanted != target:
        text += (
            f". JAX makes {target} of {wanted} unless 64 bits are enabled: do that "
            "(jax.config.update('jax_enable_x64', True)), or name another dtype"
        )
    return text + ". on_narrow='warn' or 'allow' takes what the conversion makes of it"


def _cast(
    array: NDArray[Any], target: np.dtype[Any], name: str
) -> tuple[NDArray[Any], tuple[int, ...] | None]:
    """Convert by NumPy; also return the place of the first value that does not fit."""
    kinds = [_kind(array.dtype, name), _kind(target, name)]
    if kinds[0] > kinds[1]:
        raise TypeError(
            f"{name}: its elements are {array.dtype}, and dtype={target} would lose what makes them so: "
            "load them and convert them yourself"
        )
    converted = np.empty(array.shape, target)
    first: tuple[int, ...] | None = None
    with np.errstate(all="ignore"):
        for piece in _pieces(array.shape):
            source = array[piece]
            made = source.astype(target)
            converted[piece] = made
            if first is None:
                fits = _fits(source, made, is_integer=kinds[1] <= 1)
                if not fits.all():
                    inner = np.unravel_index(int(np.argmin(fits)), fits.shape)
                    outer = [part.start for part in piece]
                    first = tuple(int(i) + j for i, j in zip(inner, outer, strict=True))
    return converted, first


def _fits(source: NDArray[Any], made: NDArray[Any], *, is_integer: bool) -> Any:
    if is_integer:
        return (made.astype(source.dtype) == source) & ((made < _ZERO) == (source < _ZERO))
    if source.dtype.kind == "c":
        return _fits(source.real, made.real, is_integer=False) & _fits(
            source.imag, made.imag, is_integer=False
        )
    # Floats may lose digits. What is finite stays so, and what is not stays what it is.
    made = made.real
    wide = source if source.dtype.kind == "f" else source.astype(np.float64)
    back = made.astype(np.float64)
    same = (np.isfinite(back) == np.isfinite(wide)) & (np.isnan(back) == np.isnan(wide))
    if np.isfinite(np.array(np.inf).astype(made.dtype).astype(np.float64)):
        # A type without infinities, which takes all that is too large for its largest.
        largest: Any = ml_dtypes.finfo(made.dtype)  # type: ignore[no-untyped-call]
        same &= np.abs(wide) <= float(largest.max)
    return same


def _kind(dtype: np.dtype[Any], name: str) -> int:
    for number, kind in enumerate(_KINDS):
        if jnp.issubdtype(dtype, kind) and dtype.kind not in "mM":
            return number
    if dtype.type is np.void and dtype.names is None:
        raise TypeError(
            f"{name}: its elements are {dtype.itemsize} bytes without a name; "
            f"dtype= may name the type of ml_dtypes that they are, of as many bytes"
        )
    raise TypeError(f"{name}: its elements are {dtype}, and dtype= is for numbers")


def _pieces(shape: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Cut a shape into boxes of not much more than `_PIECE` elements, in C order."""
    if not shape:
        yield ()
        return
    inner = math.prod(shape[1:])
    if inner > _PIECE and len(shape) > 1:
        for at in range(shape[0]):
            for rest in _pieces(shape[1:]):
                yield (slice(at, at + 1), *rest)
        return
    step = max(1, _PIECE // max(1, inner))
    for start in range(0, shape[0], step):
        yield (
            slice(start, min(start + step, shape[0])),
            *(slice(0, length) for length in shape[1:]),
        )


def _users_level() -> int:
    """Return how far up the stack, seen from the caller, the code is that called npload."""
    package = os.path.dirname(os.path.dirname(__file__)) + os.sep
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        level, frame = level + 1, frame.f_back
    return level
