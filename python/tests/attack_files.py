"""Files around the payload of attacks.py, and pickles that run nothing."""

from __future__ import annotations

import bz2
import collections
import datetime
import decimal
import fractions
import gzip
import io
import lzma
import pickle
import uuid
import warnings
import zipfile
import zlib
from typing import Any, NamedTuple

import numpy as np

from attacks import PAYLOAD, Payload


class File(NamedTuple):
    """A file, and the Python that loads it from `path`."""

    name: str
    data: bytes
    loader: str


PICKLE = "import pickle; pickle.load(open(path, 'rb'))"
NUMPY = "import numpy as np; np.load(path, allow_pickle=True)"
MEMBERS = "import numpy as np; z = np.load(path, allow_pickle=True); [z[k] for k in z.files]"
MEMBER = "import pickle, zipfile; pickle.loads(zipfile.ZipFile(path).open({!r}).read())"
FIRST_MEMBER = "import pickle, zipfile; z = zipfile.ZipFile(path); pickle.loads(z.read(z.infolist()[0]))"
NESTED = (
    "import pickle, zipfile; z = zipfile.ZipFile(zipfile.ZipFile(path).open('b.zip')); pickle.load(z.open('a.pkl'))"
)
UNCHECKED = "import pickle, zipfile; f = zipfile.ZipFile(path).open('a.pkl'); f._expected_crc = None; pickle.load(f)"
TWICE = "import numpy as np\nwith open(path, 'rb') as f:\n    np.load(f); np.load(f, allow_pickle=True)"


def zipped(members: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> bytes:
    """Make an archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name may be there twice
        for member, data in members:
            archive.writestr(zipfile.ZipInfo(member), data, compress_type=method)
    return out.getvalue()


def npy(array: Any) -> bytes:
    """Make an npy file."""
    out = io.BytesIO()
    np.save(out, array, allow_pickle=True)
    return out.getvalue()


def bad_crc(archive: bytes) -> bytes:
    """Break the first member's checksum in the directory and in its own header."""
    at = archive.rindex(b"PK\x01\x02")
    return archive[:14] + b"\0\0\0\0" + archive[18 : at + 16] + b"\0\0\0\0" + archive[at + 20 :]


def files() -> list[File]:
    """Files around a payload."""
    objects = npy(np.array([Payload()], object))
    numbers = npy(np.arange(3))
    inner = zipped([("a.pkl", PAYLOAD)])
    open_with = "import {0}, pickle; pickle.load({0}.open(path))"
    return [
        File("objects.npy", objects, NUMPY),
        File("objects-of-another-name.txt", objects, NUMPY),
        File("pickle-as-npy.npy", PAYLOAD, NUMPY),
        File("pickle-as-png.png", PAYLOAD, PICKLE),
        File("after-an-array.npy", numbers + PAYLOAD, TWICE),
        File(
            "after-two-arrays.npy", numbers + numbers + objects, TWICE.replace("np.load(f);", "np.load(f); np.load(f);")
        ),
        File("archive-after-an-array.npy", numbers + zipped([("o.npy", objects)]), TWICE + "['o']"),
        File("member.npz", zipped([("x.npy", numbers), ("o.npy", objects)]), MEMBERS),
        File("deflated.npz", zipped([("o.npy", objects)], zipfile.ZIP_DEFLATED), MEMBERS),
        File("bzip2.npz", zipped([("o.npy", objects)], zipfile.ZIP_BZIP2), MEMBERS),
        File("lzma.npz", zipped([("o.npy", objects)], zipfile.ZIP_LZMA), MEMBERS),
        File("bare-pickle-in-an-archive.npz", zipped([("x.npy", PAYLOAD)]), MEMBER.format("x.npy")),
        File("checkpoint.pt", zipped([("m/data.pkl", PAYLOAD), ("m/data/0", bytes(64))]), MEMBER.format("m/data.pkl")),
        File("one-name-twice.zip", zipped([("a.pkl", PAYLOAD), ("a.pkl", pickle.dumps(1))]), FIRST_MEMBER),
        File("after-another-file.zip", b"#!/bin/sh\n" + zipped([("a.pkl", PAYLOAD)]), MEMBER.format("a.pkl")),
        File("zip-in-zip.zip", zipped([("b.zip", inner)]), NESTED),
        File("bad-checksum.npz", bad_crc(zipped([("a.pkl", PAYLOAD)])), UNCHECKED),
        File("pickle.gz", gzip.compress(PAYLOAD), open_with.format("gzip")),
        File("pickle.bz2", bz2.compress(PAYLOAD), open_with.format("bz2")),
        File("pickle.xz", lzma.compress(PAYLOAD), open_with.format("lzma")),
        File("pickle.lzma", lzma.compress(PAYLOAD, lzma.FORMAT_ALONE), open_with.format("lzma")),
        File(
            "pickle.z",
            zlib.compress(PAYLOAD),
            "import pickle, zlib; pickle.loads(zlib.decompress(open(path, 'rb').read()))",
        ),
        File(
            "gzip-in-gzip.gz",
            gzip.compress(gzip.compress(PAYLOAD)),
            "import gzip, pickle; pickle.load(gzip.open(gzip.open(path)))",
        ),
        File(
            "behind-an-image.png",
            b"\x89PNG\r\n\x1a\n" + bytes(100) + PAYLOAD,
            "import pickle; f = open(path, 'rb'); f.seek(108); pickle.load(f)",
        ),
        File(
            "behind-text.txt",
            b"Permission is hereby granted\n" + PAYLOAD,
            "import pickle; f = open(path, 'rb'); f.readline(); pickle.load(f)",
        ),
    ]


FILES = files()


def harmless() -> list[tuple[str, bytes]]:
    """Pickles of values, by every protocol."""
    shared: list[Any] = [1, 2]
    values = {
        "plain": {"a": [1, 2.5, None, True], "b": ("x", b"y", 2**100, {1, 2}, frozenset([3]))},
        "shared": [shared, shared, {"s": shared}],
        "array": np.arange(12.0).reshape(3, 4),
        "arrays": {str(i): np.ones(i, "f4") for i in range(20)},
        "fortran": np.asfortranarray(np.arange(6).reshape(2, 3)),
        "struct": np.zeros(2, [("x", "f8"), ("y", "U3")]),
        "objects": np.array([{"a": 1}, None, "x"], object),
        "scalars": [np.float64(1), np.int8(2), np.datetime64("2020-01-01")],
        "dates": [datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)],
        "numbers": [decimal.Decimal("1.5"), fractions.Fraction(1, 3), complex(1, 2)],
        "collections": [
            collections.OrderedDict(a=1),
            collections.deque([1]),
            collections.Counter("aab"),
            collections.defaultdict(list),
        ],
        "uuid": uuid.UUID(int=5),
    }
    return [
        (f"{name}-{protocol}", pickle.dumps(value, protocol)) for name, value in values.items() for protocol in range(6)
    ]


HARMLESS = harmless()
