"""Bytes of .npy and .zip files, also of those that NumPy and zipfile would not write."""

import bz2
import io
import struct
import warnings
import zipfile
import zlib
from dataclasses import dataclass, field

import numpy as np

MAGIC = b"\x93NUMPY"
STORED, DEFLATED, BZIP2, LZMA, ZSTD = 0, 8, 12, 14, 93


@dataclass
class Case:
    """One file of the corpus, with what the manifest cannot find out by asking NumPy."""

    path: str
    data: bytes
    better: str = ""  # CONTRACT §7: how npload's answer differs from NumPy's
    equivalent: bytes = b""  # a file that NumPy reads, and that holds what npload reads from this one
    ml: object = ""  # the dtype that npload restores: Python source over ml_dtypes' names; {key: source} in .npz


def header(descr="<f4", shape=(3,), fortran=False):
    """The header text as np.save writes it, without padding."""
    return f"{{'descr': {descr!r}, 'fortran_order': {fortran}, 'shape': {shape!r}, }}"


def npy(head, data=b"", version=(1, 0), align=64, end=b"\n", length=None):
    """A .npy file with any header text; `align=1` writes no padding, `length` lies about the header."""
    if isinstance(head, str):
        head = head.encode("utf8" if version == (3, 0) else "latin1")
    wide = version != (1, 0)
    before = 12 if wide else 10
    head += b" " * (-(before + len(head) + len(end)) % align) + end
    size = struct.pack("<I" if wide else "<H", len(head) if length is None else length)
    return MAGIC + bytes(version) + size + head + data


def saved(array, version=None):
    """The bytes that np.save writes."""
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.lib.format.write_array(out, np.asanyarray(array), version)
    return out.getvalue()


def without_padding(array):
    """A 1-d array, the unused bytes of its long doubles set to zero: they come from uninitialised memory."""
    array = array.copy()
    array.view("u1").reshape(-1, 16)[:, 10:] = 0
    return array


def deflate(data, level=6):
    """Raw deflate, as it stands in a zip."""
    coder = zlib.compressobj(level, zlib.DEFLATED, -15)
    return coder.compress(data) + coder.flush()


def compress(data, method):
    """The member's bytes as they stand in the archive."""
    if method == DEFLATED:
        return deflate(data)
    if method == BZIP2:
        return bz2.compress(data)
    if method == ZSTD:
        import zstandard

        return zstandard.ZstdCompressor(level=3).compress(data)
    if method == LZMA:
        return member_bytes(zipped({"x": data}, zipfile.ZIP_LZMA), "x")
    return data


def member_bytes(archive, name):
    """A member's compressed bytes."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        info = opened.getinfo(name)
    start = info.header_offset + 30
    start += sum(struct.unpack_from("<HH", archive, info.header_offset + 26))
    return archive[start : start + info.compress_size]


def zipped(members, method=zipfile.ZIP_STORED, comment=b""):
    """An archive that Python's zipfile writes, without the time of day."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = method
            info.create_system = 3
            archive.writestr(info, data)
        archive.comment = comment
    return out.getvalue()


@dataclass
class Zip:
    """An archive built field by field, so that any field can lie."""

    out: bytearray = field(default_factory=bytearray)
    central: list = field(default_factory=list)

    def add(
        self,
        name,
        data=b"",
        method=STORED,
        *,
        packed=None,
        local_name=None,
        flags=0,
        crc=None,
        size=None,
        packed_size=None,
        local_size=None,
        local_packed_size=None,
        extra=b"",
        local_extra=b"",
        descriptor=False,
        zip64=False,
        offset=None,
        time=0,
        date=0x21,
    ):
        """Appends a member. Sizes, CRC and offset are the true ones unless given."""
        name = name if isinstance(name, bytes) else name.encode("utf8")
        local_name = name if local_name is None else local_name
        packed = compress(data, method) if packed is None else packed
        crc = zlib.crc32(data) if crc is None else crc
        size = len(data) if size is None else size
        packed_size = len(packed) if packed_size is None else packed_size
        local_size = size if local_size is None else local_size
        local_packed_size = packed_size if local_packed_size is None else local_packed_size
        version = {BZIP2: 46, LZMA: 63, ZSTD: 63}.get(method, 20)
        if zip64:
            version = max(version, 45)
        flags |= 8 if descriptor else 0
        flags |= 2 if method == LZMA else 0
        at = len(self.out) if offset is None else offset
        local = [0, 0, 0] if descriptor else [crc, local_packed_size, local_size]
        if zip64:
            local_extra = struct.pack("<HHQQ", 1, 16, local[2], local[1]) + local_extra
            local[1:] = [0xFFFFFFFF] * 2
        self.out += struct.pack("<4s5H3L2H", b"PK\3\4", version, flags, method, time, date, *local, len(local_name), len(local_extra))
        self.out += local_name + local_extra + packed
        if descriptor:
            self.out += struct.pack("<4sLQQ" if zip64 else "<4sLLL", b"PK\7\x08", crc, packed_size, size)
        if zip64:
            extra = struct.pack("<HHQQQ", 1, 24, size, packed_size, at) + extra
            size = packed_size = at = 0xFFFFFFFF
        self.central.append(
            struct.pack(
                "<4s6H3L5H2L", b"PK\1\2", 0x0314, version, flags, method, time, date, crc, packed_size, size,
                len(name), len(extra), 0, 0, 0, 0o600 << 16, at,
            )
            + name
            + extra
        )  # fmt: skip
        return self

    def finish(self, comment=b"", zip64=False, prefix=b"", count=None, directory_size=None, directory_offset=None):
        """The archive's bytes: members, directory, end record."""
        directory = b"".join(self.central)
        count = len(self.central) if count is None else count
        directory_size = len(directory) if directory_size is None else directory_size
        start = len(self.out) if directory_offset is None else directory_offset
        tail = b""
        if zip64:
            at = len(self.out) + len(directory)
            tail += struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, count, count, directory_size, start)
            tail += struct.pack("<4sLQL", b"PK\6\7", 0, at, 1)
            count, directory_size, start = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF
        tail += struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, directory_size, start, len(comment))
        return prefix + bytes(self.out) + directory + tail + comment
