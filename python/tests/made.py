"""Files made byte by byte: headers that NumPy would not write, archives that zipfile would not write."""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Any

import numpy as np


def npy(header: str | bytes, data: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    """An .npy file with just that header."""
    if isinstance(header, str):
        header = header.encode("utf-8" if version == (3, 0) else "latin1")
    length = struct.pack("<H" if version == (1, 0) else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + length + header + data


def header(descr: Any = "<i4", shape: Any = (3,), order: Any = False) -> str:
    """A header as NumPy writes it, of values it may not."""
    return f"{{'descr': {descr!r}, 'fortran_order': {order!r}, 'shape': {shape!r}, }}\n"


def saved(array: Any, **options: Any) -> bytes:
    """The array as np.save writes it."""
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


def archive(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive of these members."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in members.items():
            file.writestr(zipfile.ZipInfo(name), data, method)
    return out.getvalue()


def place_of(data: bytes, member: str) -> int:
    """Where a stored member's own bytes begin in the archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        at = file.getinfo(member).header_offset
    name, extra = struct.unpack("<HH", data[at + 26 : at + 30])
    return at + 30 + name + extra
