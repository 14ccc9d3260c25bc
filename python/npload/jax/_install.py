"""npload in the place of `jax.numpy.load`, for programs that are not changed."""

import functools
from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from npload._npload import load_exactly
from npload._substitute import Substitute
from npload.jax._values import is_held


@functools.wraps(jnp.load)
def _load(file: Any, *args: Any, **kwargs: Any) -> Any:
    loaded = load_exactly(file, *args, **kwargs)
    if not isinstance(loaded, np.ndarray):
        return loaded
    if loaded.dtype == "V2":
        loaded = loaded.view(ml_dtypes.bfloat16)
    # Without a second copy. Whether what is mapped is copied is JAX's to say: versions differ.
    if not isinstance(loaded, np.memmap) and _stays(loaded.dtype):
        return jax.device_put(loaded)
    try:
        return jnp.asarray(loaded)
    except (TypeError, AssertionError):
        return loaded


def _stays(dtype: np.dtype[Any]) -> bool:
    """Whether JAX takes elements as they are; of small types some are refused by `jnp.asarray` alone."""
    if dtype != ml_dtypes.bfloat16 and dtype.kind not in "biufc":
        return False
    return is_held(dtype) and bool(jax.dtypes.canonicalize_dtype(dtype) == dtype)


_substitute = Substitute(jnp, _load)


def install() -> None:
    """
    Put npload in the place of `jax.numpy.load`, for the whole process.

    Results are JAX's exactly; only speed and safety differ. Code that did ``from jax.numpy import
    load`` before keeps JAX's.

    See Also
    --------
    uninstall : The way back.
    installed : For a ``with`` block.
    """
    _substitute.install()


def uninstall() -> None:
    """Put back the `jax.numpy.load` that `install` has replaced."""
    _substitute.uninstall()


def installed() -> AbstractContextManager[None]:
    """
    Put npload in the place of `jax.numpy.load` for a ``with`` block.

    Examples
    --------
    >>> import jax.numpy as jnp, npload.jax
    >>> before = jnp.load
    >>> with npload.jax.installed():
    ...     jnp.load is before
    False
    >>> jnp.load is before
    True
    """
    return _substitute.installed()
