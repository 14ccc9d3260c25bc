"""That JAX is there, and new enough."""

import re

_OLDEST = (0, 8)


def require() -> None:
    """Raise an `ImportError` that says what is needed, where it is not there."""
    needed = "npload.jax needs JAX 0.8 or newer (pip install 'jax>=0.8')"
    try:
        import jax
    except ImportError as err:
        raise ImportError(f"{needed}, and there is none") from err
    found = tuple(int(number) for number in re.findall(r"\d+", jax.__version__)[:2])
    if found < _OLDEST:
        raise ImportError(f"{needed}, and this is JAX {jax.__version__}")


require()
