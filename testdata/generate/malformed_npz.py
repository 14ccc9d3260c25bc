"""Broken archives: members that do not read, directories that do not, and sizes that lie."""

import struct
import zlib

import numpy as np
from build import DEFLATED, LZMA, ZSTD, Zip, compress, deflate, header, npy, saved, zipped
from malformed import DATA, NOT_PICKLE, case
from npz import A, B


def cases():
    yield from members()
    yield from archives()
    yield from lies()


def flipped(data, at):
    """The data with one bit changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def members():
    """Archives that open, with a member that does not read."""
    good = zlib.crc32(A)
    yield case("crc-stored.npz", Zip().add("a.npy", A, crc=good ^ 1).add("b.npy", B).finish())
    yield case("crc-deflated.npz", Zip().add("a.npy", A, DEFLATED, crc=good ^ 1).add("b.npy", B).finish())
    unchecked = "the checksum is checked on every read of a whole member"
    yield case("crc-stored-data-flipped.npz", Zip().add("a.npy", A, packed=flipped(A, 140)).finish())
    after = A + b"more"
    yield case("crc-bytes-after-the-array.npz", Zip().add("a.npy", after, crc=1).finish())
    yield case("crc-bytes-after-the-array-deflated.npz", Zip().add("a.npy", after, DEFLATED, crc=1).finish())
    far = A + bytes(range(256)) * 40
    yield case("crc-bytes-far-after-the-array.npz", Zip().add("a.npy", far, crc=1).finish(), unchecked)
    empty = saved(np.zeros((0,)))
    yield case("crc-empty-array.npz", Zip().add("a.npy", empty, crc=1).finish())
    yield case("crc-empty-member.npz", Zip().add("a", b"", crc=1).finish())
    yield case("crc-raw-member.npz", Zip().add("a.txt", b"words", crc=1).finish())
    yield case("name-differs.npz", Zip().add("a.npy", A, local_name=b"b.npy").add("b.npy", B).finish())
    yield case("name-differs-in-length.npz", Zip().add("a.npy", A, local_name=b"longer-name.npy").finish())
    for flag, word in {1: "encrypted", 1 | 64: "encrypted-strongly", 0x20: "patched"}.items():
        yield case(f"member-{word}.npz", Zip().add("a.npy", A, flags=flag).add("b.npy", B).finish())
    for method in (1, 6, 9, 19, 95, 97, 98, 99, 255):
        yield case(f"method-{method}.npz", Zip().add("a.npy", A, method).add("b.npy", B).finish())
    packed = deflate(A)
    yield case("deflate-bad-block.npz", Zip().add("a.npy", A, DEFLATED, packed=b"\x07" + packed[1:]).finish())
    yield case("deflate-flipped.npz", Zip().add("a.npy", A, DEFLATED, packed=flipped(packed, 20)).finish())
    yield case("deflate-cut.npz", Zip().add("a.npy", A, DEFLATED, packed=packed[:-8]).finish())
    yield case("deflate-empty.npz", Zip().add("a.npy", A, DEFLATED, packed=b"").finish())
    yield case("deflate-with-zlib-header.npz", Zip().add("a.npy", A, DEFLATED, packed=zlib.compress(A)).finish())
    for method, word in {12: "bzip2", LZMA: "lzma", ZSTD: "zstd"}.items():
        packed = compress(A, method)
        yield case(f"{word}-flipped.npz", Zip().add("a.npy", A, method, packed=flipped(packed, 30)).finish())
        yield case(f"{word}-cut.npz", Zip().add("a.npy", A, method, packed=packed[:-12]).finish())
    yield case("method-differs-in-local-header.npz", patched(Zip().add("a.npy", A).finish(), 8, struct.pack("<H", 8)))
    yield case("local-signature.npz", patched(Zip().add("x.npy", B).add("a.npy", A).finish(), 35 + len(B), b"PK\3\5"))


def patched(data, at, new):
    return data[:at] + new + data[at + len(new) :]


def archives():
    """Archives whose directory does not read."""
    good = zipped({"a.npy": A, "b.npy": B})
    end = good.rindex(b"PK\5\6")
    directory = good.index(b"PK\1\2")
    yield case("zip-junk.npz", b"PK\3\4" + b"this is not a zip file at all")
    yield case("zip-junk-4-bytes.npz", b"PK\3\4")
    yield case("zip-junk-end-record.npz", b"PK\5\6" + b"short")
    yield case("zip-end-record-cut.npz", good[:-1])
    yield case("zip-directory-cut.npz", good[:end])
    yield case("zip-cut-in-the-data.npz", good[: directory - 20])
    yield case("zip-cut-in-the-first-header.npz", good[:20])
    yield case("zip-prefixed.npz", b"#!/bin/sh\nexit 0\n" + good, NOT_PICKLE)
    yield case("zip-prefixed-by-pk34.npz", b"PK\3\4" + bytes(60) + good)
    yield case("zip-starts-pk78.npz", b"PK\7\x08" + good, NOT_PICKLE)
    yield case("zip-starts-pk12.npz", good[directory:], NOT_PICKLE)
    yield case("zip-starts-pk66.npz", b"PK\6\6" + good, NOT_PICKLE)
    yield case("zip-two-archives.npz", good + zipped({"c.npy": A}))
    yield case("zip-middle-missing.npz", good[:40] + good[80:])
    yield case("zip-directory-signature.npz", patched(good, directory, b"PK\1\1"))
    yield case("zip-directory-second-signature.npz", patched(good, good.rindex(b"PK\1\2"), b"XXXX"))
    yield case("zip-disks.npz", patched(good, end + 4, struct.pack("<HH", 1, 1)))
    yield case("zip-version-99.npz", patched(good, directory + 6, struct.pack("<H", 99)))
    yield case("zip-name-not-utf8.npz", Zip().add(b"\xff\xfe.npy", A, flags=0x800).finish())
    yield case("zip-extra-cut.npz", Zip().add("a.npy", A, extra=b"\1\0\x20\0\0").finish())
    yield case("zip64-extra-too-short.npz", Zip().add("a.npy", A, size=0xFFFFFFFF, extra=struct.pack("<HHL", 1, 4, 9)).finish())
    yield case("zip64-locator-lies.npz", patched(Zip().add("a.npy", A).finish(zip64=True), -34, struct.pack("<Q", 5)))


def lies():
    """Sizes, counts and offsets that are not true."""
    sizes = "the member's true size is checked"
    yield case("lie-count-too-small.npz", Zip().add("a.npy", A).add("b.npy", B).finish(count=1))
    yield case("lie-count-too-large.npz", Zip().add("a.npy", A).finish(count=2))
    yield case("lie-count-65535.npz", Zip().add("a.npy", A).finish(count=65535))
    yield case("lie-directory-size-too-large.npz", Zip().add("a.npy", A).finish(directory_size=4000))
    yield case("lie-directory-size-4-gib.npz", Zip().add("a.npy", A).finish(directory_size=0xFFFFFFF0))
    yield case("lie-directory-size-too-small.npz", Zip().add("a.npy", A).finish(directory_size=40))
    yield case("lie-directory-offset.npz", Zip().add("a.npy", A).finish(directory_offset=10))
    yield case("lie-directory-offset-behind.npz", Zip().add("a.npy", A).finish(directory_offset=10_000))
    yield case("lie-member-offset.npz", Zip().add("a.npy", A, offset=4).finish())
    yield case("lie-member-offset-behind.npz", Zip().add("a.npy", A, offset=100_000).finish())
    yield case("lie-stored-size-larger.npz", Zip().add("a.npy", A, size=len(A) + 500).finish(), sizes)
    yield case("lie-stored-size-smaller.npz", Zip().add("a.npy", A, size=len(A) - 4).finish())
    yield case("lie-stored-both-larger.npz", Zip().add("a.npy", A, size=9000, packed_size=9000).finish())
    yield case("lie-stored-both-smaller.npz", Zip().add("a.npy", A, size=len(A) - 4, packed_size=len(A) - 4).finish())
    yield case("lie-deflated-size-larger.npz", Zip().add("a.npy", A, DEFLATED, size=len(A) + 4).finish(), sizes)
    yield case("lie-deflated-size-smaller.npz", Zip().add("a.npy", A, DEFLATED, size=len(A) - 4).finish())
    yield case("lie-deflated-size-smaller-right-crc.npz", Zip().add("a.npy", A + bytes(9), DEFLATED, size=len(A), crc=zlib.crc32(A)).finish(), sizes)
    yield case("lie-deflated-packed-smaller.npz", Zip().add("a.npy", A, DEFLATED, packed_size=20).finish())
    yield case("lie-ratio-over-1032.npz", Zip().add("a.npy", A, DEFLATED, size=len(deflate(A)) * 1033 + 1).finish(), sizes)
    yield case("lie-ratio-4-gib.npz", Zip().add("a.npy", A, DEFLATED, size=0xFFFFFFF0).finish(), sizes)
    peta = npy(header("<f8", (2**47,)), bytes(8))
    yield case("lie-array-of-1-pib-stored.npz", Zip().add("a.npy", peta).finish())
    long_header = npy(header(), DATA, (2, 0), length=2**31)
    yield case("lie-header-of-2-gib.npz", Zip().add("a.npy", long_header).finish())
    bomb = npy(header() + " " * 300_000, bytes(12), (2, 0))
    yield case("header-bomb-deflated.npz", Zip().add("a.npy", bomb, DEFLATED).finish(), "the limit is checked before the header is read")
    overlap = Zip().add("a.npy", A)
    overlap.add("b.npy", B)
    overlap.central[1] = overlap.central[1][:42] + struct.pack("<L", 0) + overlap.central[1][46:]
    yield case("overlap-same-header.npz", overlap.finish())
    inner = Zip().add("b.npy", B)
    outer = Zip().add("a.npy", bytes(inner.out))
    outer.central.append(inner.central[0][:42] + struct.pack("<L", 35) + inner.central[0][46:])
    yield case("overlap-one-inside-another.npz", outer.finish())
    twice = Zip().add("a.npy", A)
    twice.central.append(twice.central[0])
    yield case("overlap-listed-twice.npz", twice.finish())
    tail = Zip().add("a.npy", A, packed_size=len(A) + 10, size=len(A) + 10)
    yield case("overlap-with-the-directory.npz", tail.finish())
