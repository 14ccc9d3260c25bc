"""One function of a module in the place of another, and the way back."""

import contextlib
from collections.abc import Iterator
from typing import Any


class Substitute:
    """
    A function that can be put in the place of a module's ``load``.

    Whoever has put another one there before finds it again afterwards.
    """

    def __init__(self, module: Any, load: Any) -> None:
        self._module = module
        self._load = load
        self._first: Any = module.load
        self._before: Any = self._first

    def install(self) -> None:
        """Put it there, once."""
        if self._module.load is not self._load:
            self._before = self._module.load
            self._module.load = self._load

    def uninstall(self) -> None:
        """Put back what it has replaced, if it is still there."""
        if self._module.load is self._load:
            self._module.load = self._before
            self._before = self._first

    @contextlib.contextmanager
    def installed(self) -> Iterator[None]:
        """Put it there for a ``with`` block, unless it is there already."""
        before = self._module.load
        self.install()
        try:
            yield
        finally:
            if before is not self._load:
                self.uninstall()
