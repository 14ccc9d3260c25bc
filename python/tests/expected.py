"""differences.toml: where npload differs from NumPy on purpose, or one NumPy from another."""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import numpy as np

_TABLES: dict[str, list[dict[str, Any]]] = tomllib.loads(
    Path(__file__).with_name("differences.toml").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Entry:
    """One entry: what it is about, why, and what is to be seen instead."""

    patterns: tuple[str, ...]
    reason: str
    becomes: str = ""
    members: dict[str, str] = field(default_factory=dict)
    but: tuple[str, ...] = ()

    def names(self, name: str) -> bool:
        """Whether this entry is about the file or the test of that name."""
        named = any(fnmatchcase(name, pattern) for pattern in self.patterns)
        return named and not any(fnmatchcase(name, pattern) for pattern in self.but)


def entries_for(table: str) -> list[Entry]:
    """The entries of a table that hold for this Python and this NumPy."""
    return [
        Entry(
            tuple(entry["of"]),
            entry.get("row", entry.get("reason", "")),
            entry.get("becomes", ""),
            entry.get("members", {}),
            tuple(entry.get("but", [])),
        )
        for entry in _TABLES.get(table, [])
        if _holds(entry)
    ]


def _holds(entry: dict[str, Any]) -> bool:
    python = entry.get("python_before")
    numpy = entry.get("numpy_before")
    return (python is None or sys.version_info[:2] < _version(python)) and (
        numpy is None or _version(np.__version__) < _version(numpy)
    )


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".")[:2])
