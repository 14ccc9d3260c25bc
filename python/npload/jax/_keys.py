"""
Random keys in files.

A file has no dtype for JAX's keys, so they are written as structs of one field, whose name tells the
implementation: ``[('key<threefry2x32>', '<u4', (2,))]``. NumPy reads that as it is.
"""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

_NAME = re.compile(r"key<(\w+)>")


def is_key(dtype: Any) -> bool:
    """Return whether a dtype of JAX's is that of random keys."""
    return bool(jnp.issubdtype(dtype, jax.dtypes.prng_key))


def as_struct(keys: jax.Array) -> NDArray[Any]:
    """Return keys as a file has them."""
    data = np.asarray(jax.random.key_data(keys))
    dtype = np.dtype([(f"key<{jax.random.key_impl(keys)}>", data.dtype, data.shape[keys.ndim :])])
    return np.ascontiguousarray(data).view(dtype).reshape(keys.shape)


def struct_of(dtype: Any) -> np.dtype[Any]:
    """Return the dtype that a file has for keys of this one."""
    return as_struct(jnp.empty((0,), dtype)).dtype


def implementation(dtype: np.dtype[Any]) -> str | None:
    """Return the implementation that the elements of a file are keys of, if they are keys."""
    if dtype.names is None or len(dtype.names) != 1:
        return None
    named = _NAME.fullmatch(dtype.names[0])
    return named.group(1) if named and dtype[0].base == np.uint32 else None


def are_keys(found: np.dtype[Any], wanted: np.dtype[Any] | None) -> bool:
    """Return whether elements of a file are keys, and are wanted as such."""
    return implementation(found) is not None and wanted in (None, found)


def from_struct(array: NDArray[Any], sharding: Any, name: str) -> jax.Array:
    """Return the keys that elements of a file are."""
    made_by = implementation(array.dtype)
    assert made_by is not None and array.dtype.names is not None
    data: Any = np.ascontiguousarray(array[array.dtype.names[0]].astype(np.uint32))
    try:
        keys = jax.random.wrap_key_data(data, impl=made_by)
    except (ValueError, TypeError) as err:
        raise TypeError(
            f"{name}: it holds random keys of {made_by!r}, which this JAX does not have: {err}"
        ) from err
    return keys if sharding is None else jax.device_put(keys, sharding)
