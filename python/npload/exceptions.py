"""
Exceptions for damage in archives, which are two things at once.

Each is a `zipfile.BadZipFile`, and what the decoder under `numpy.load` raises for the same damage, so
that a program may catch either.
"""

import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lzma import LZMAError as _LzmaError
    from zlib import error as _ZlibError
else:
    # A Python may be built without them, as far as zipfile is concerned.
    try:
        from zlib import error as _ZlibError
    except ImportError:

        class _ZlibError(Exception):
            pass

    try:
        from lzma import LZMAError as _LzmaError
    except ImportError:

        class _LzmaError(Exception):
            pass


__all__ = ["DamagedBzip2", "DamagedDeflate", "DamagedLzma", "MisplacedMember"]


class DamagedDeflate(zipfile.BadZipFile, _ZlibError):
    """A member's deflated bytes are damaged: also a `zlib.error`."""


class DamagedBzip2(zipfile.BadZipFile, OSError):
    """A member's bytes, compressed by bzip2, are damaged: also an `OSError`."""


class DamagedLzma(zipfile.BadZipFile, _LzmaError):
    """A member's bytes, compressed by LZMA, are damaged: also an `lzma.LZMAError`."""


class MisplacedMember(zipfile.BadZipFile, OSError):
    """A member lies, by the archive's directory, before the file begins: also an `OSError`."""
