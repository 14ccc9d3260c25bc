"""``progress=True``: a bar by `tqdm`."""

from collections.abc import Callable
from typing import Any


def bar() -> Callable[[int, int], None]:
    """Return a callback that shows a bar on standard error."""
    try:
        from tqdm.auto import tqdm
    except ImportError as err:
        raise ImportError(
            "progress=True shows a bar by the package tqdm (pip install tqdm); progress also takes "
            "a callable, which is called with the bytes done and the bytes in all"
        ) from err
    shown: Any = None

    def update(done: int, total: int) -> None:
        nonlocal shown
        if shown is None:
            shown = tqdm(total=total, unit="B", unit_scale=True, unit_divisor=1024, leave=False)
        shown.update(done - shown.n)
        if done == total:
            shown.close()
            shown = None

    return update
