"""Files that NumPy refuses, or should: bad headers, short data, other formats."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zlib

import numpy as np
from build import MAGIC, ZSTD, Case, compress, header, npy
from npz import A

FACTOR = next(odd for odd in range(5, 99, 2) if 3 * pow(odd, -1, 2**64) % 2**64 < 2**63)
NOT_PICKLE = "the message goes on to say what the bytes are"
DATA = np.array([1.5, -2.0, 3.25], "<f4").tobytes()


def case(name, *args, **kwargs):
    return Case(f"malformed/{name}", *args, **kwargs)


def cases():
    yield from beginnings()
    yield from truncations()
    yield from not_literals()
    yield from wrong_dictionaries()
    yield from shapes()
    yield from descrs()
    yield from better_read()
    yield from other_formats()


def beginnings():
    yield case("0-bytes.npy", b"")
    for size in range(1, 6):
        yield case(f"{size}-bytes.npy", MAGIC[:size], NOT_PICKLE)
    yield case("6-bytes.npy", MAGIC)
    yield case("7-bytes.npy", MAGIC + b"\1")
    good = npy(header(), DATA)
    for version in [(0, 0), (0, 1), (1, 1), (2, 1), (3, 1), (4, 0), (255, 255)]:
        yield case(f"version-{version[0]}-{version[1]}.npy", MAGIC + bytes(version) + good[8:])
    yield case("magic-lower-case.npy", b"\x93numpy" + good[6:], NOT_PICKLE)
    yield case("magic-without-93.npy", b"NUMPY\1\0" + good[8:], NOT_PICKLE)
    yield case("magic-as-text.npy", b"\xc2" + good, NOT_PICKLE)


def truncations():
    """A good file cut at each stage, and lengths that promise more than there is."""
    v1, v2 = npy(header(), DATA), npy(header(), DATA, (2, 0))
    for end in (8, 9, 10, 11, 60, 127, 128, 129, 131, 132, 139):
        yield case(f"v1-cut-to-{end}.npy", v1[:end])
    for end in (8, 11, 12, 13, 127, 128, 139):
        yield case(f"v2-cut-to-{end}.npy", v2[:end])
    yield case("header-length-0.npy", npy(header(), DATA, length=0))
    yield case("header-length-one-less.npy", npy(header(), DATA, align=1, end=b"", length=len(header()) - 1))
    yield case("header-length-into-the-data.npy", npy(header(), DATA, length=122))
    yield case("header-length-65535.npy", npy(header(), DATA, length=65535))
    yield case("header-length-4-gib.npy", npy(header(), DATA, (2, 0), length=2**32 - 1))
    yield case("header-length-1-gib-v3.npy", npy(header(), DATA, (3, 0), length=2**30))
    yield case("header-10001-characters.npy", npy(header() + " " * (10001 - len(header()) - 1), DATA, align=1))
    yield case("header-10001-characters-v3.npy", npy(header() + " " * (10001 - len(header()) - 1), DATA, (3, 0), align=1))
    yield case("header-12000-characters-not-a-literal.npy", npy("(" * 12000, b"", align=1))
    yield case("data-missing.npy", npy(header("<f8", (2, 3))))
    yield case("data-one-byte-short.npy", npy(header("<f8", (2, 3)), bytes(47)))
    yield case("data-one-item-short-f.npy", npy(header("<f8", (2, 3), True), bytes(40)))
    yield case("data-missing-0d.npy", npy(header("<f8", ())))
    yield case("data-short-struct.npy", npy(header([("a", "<i2"), ("b", "u1")], (4,)), bytes(11)))
    yield case("data-of-1-pib-missing.npy", npy(header("<f8", (2**47,)), bytes(8)))
    yield case("data-of-1-pib-items-missing.npy", npy(header("|V1099511627", (1_000_000,)), bytes(8)))


def not_literals():
    texts = {
        "empty": "",
        "blank": "   ",
        "words": "this is not a header",
        "json-false": '{"descr": "<f4", "fortran_order": false, "shape": [3]}',
        "bracket-missing": "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)",
        "bracket-wrong": "{'descr': '<f4', 'fortran_order': False, 'shape': (3,]}",
        "bracket-extra": "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}}",
        "quote-missing": "{'descr': '<f4, 'fortran_order': False, 'shape': (3,)}",
        "triple-quote-open": "{'descr': '''<f4",
        "indented-lines": "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}\n  x",
        "two-expressions": "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}; 1",
        "two-lines": "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}\n{}",
        "call": "dict(descr='<f4', fortran_order=False, shape=(3,))",
        "call-inside": "{'descr': '<f4', 'fortran_order': False, 'shape': tuple([3])}",
        "call-set": "{'descr': '<f4', 'fortran_order': False, 'shape': set()}",
        "import": "__import__('os').getpid()",
        "lambda": "{'descr': '<f4', 'fortran_order': False, 'shape': (lambda: 3)()}",
        "comprehension": "{k: 1 for k in ('descr', 'shape', 'fortran_order')}",
        "f-string": "{'descr': f'<f4', 'fortran_order': False, 'shape': (3,)}",
        "t-string": "{'descr': t'<f4', 'fortran_order': False, 'shape': (3,)}",
        "sum": "{'descr': '<f4', 'fortran_order': False, 'shape': (1+2,)}",
        "sum-of-strings": "{'descr': '<' + 'f4', 'fortran_order': False, 'shape': (3,)}",
        "power": "{'descr': '<f4', 'fortran_order': False, 'shape': (3**1,)}",
        "double-minus": "{'descr': '<f4', 'fortran_order': False, 'shape': (--3,)}",
        "invert": "{'descr': '<f4', 'fortran_order': False, 'shape': (~-4,)}",
        "not": "{'descr': '<f4', 'fortran_order': not True, 'shape': (3,)}",
        "name": "{'descr': float32, 'fortran_order': False, 'shape': (3,)}",
        "true-lower-case": "{'descr': '<f4', 'fortran_order': true, 'shape': (3,)}",
        "attribute": "{'descr': np.float32, 'fortran_order': False, 'shape': (3,)}",
        "star": "{'descr': '<f4', 'fortran_order': False, 'shape': (*(3,),)}",
        "double-star": "{**{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}}",
        "walrus": "{'descr': (d := '<f4'), 'fortran_order': False, 'shape': (3,)}",
        "conditional": "{'descr': '<f4' if 1 else 0, 'fortran_order': False, 'shape': (3,)}",
        "bytes-and-str-joined": "{'descr': b'<' 'f4', 'fortran_order': False, 'shape': (3,)}",
        "leading-zero": "{'descr': '<f4', 'fortran_order': False, 'shape': (03,)}",
        "bad-number": "{'descr': '<f4', 'fortran_order': False, 'shape': (3x,)}",
        "bad-escape": r"{'descr': '\x4', 'fortran_order': False, 'shape': (3,)}",
        "bad-unicode-escape": r"{'descr': '\U00110000', 'fortran_order': False, 'shape': (3,)}",
        "bad-unicode-name": r"{'descr': '\N{NO SUCH NAME}', 'fortran_order': False, 'shape': (3,)}",
        "nul-byte": "{'descr': '<f4',\0 'fortran_order': False, 'shape': (3,)}",
        "nul-after": "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}\0",
        "non-ascii-space": "{'descr':\xa0'<f4', 'fortran_order': False, 'shape': (3,)}",
        "backslash-at-end": "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}\\",
        "unhashable-key": "{[]: 1, 'descr': '<f4', 'fortran_order': False, 'shape': (3,)}",
        "unhashable-in-set": "{{1}, 2}",
        "digits-5000": "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 5000 + ",)}",
        "question-mark": "{'descr': '<f4', 'fortran_order': False, 'shape': ?}",
        "dollar": "{'descr': '<f4', 'fortran_order': False, 'shape': ($3,)}",
        "python2-in-string": "{'descr': '<f4', 'fortran_order': False, 'shape': (3l,)}",
    }
    for name, head in texts.items():
        yield case(f"literal-{name}.npy", npy(head, DATA))
    for opening, closing, word in [("(", ")", "parens"), ("[", "]", "lists"), ("{'a':", "}", "dicts"), ("-", "", "minuses")]:
        for depth in (60, 500):
            deep = opening * depth + "1" + closing * depth
            yield case(f"nested-{word}-{depth}.npy", npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': {deep}}}", DATA))
            if word != "minuses":
                yield case(f"nested-{word}-{depth}-open.npy", npy(opening * depth, DATA))
    nested = "[('a', " * 70 + "'u1'" + ")]" * 70
    yield case("nested-structs-70.npy", npy(f"{{'descr': {nested}, 'fortran_order': False, 'shape': (3,)}}", DATA))
    yield case("python2-long-in-v3.npy", npy(header().replace("(3,)", "(3L,)"), DATA, (3, 0)))
    yield case("python2-long-lower-case.npy", npy(header().replace("(3,)", "(3l,)"), DATA))
    yield case("utf8-bad-in-v3.npy", npy(header([("é", "<f4")]).encode("latin1"), DATA, (3, 0)))
    yield case("utf8-cut-in-v3.npy", npy(header([("é", "<f4")]).encode("utf8")[:13], DATA, (3, 0), align=1, end=b""))
    yield case("utf8-surrogate-in-v3.npy", npy(header([("x", "<f4")]).encode().replace(b"x", b"\xed\xa0\x80"), DATA, (3, 0)))
    yield case("utf8-byte-order-mark-in-v3.npy", npy(b"\xef\xbb\xbf" + header().encode(), DATA, (3, 0)))


def wrong_dictionaries():
    for name, head in {
        "list": "['<f4', False, (3,)]",
        "tuple": "('descr', '<f4')",
        "string": "'descr'",
        "number": "3",
        "none": "None",
        "set": "{'descr', 'fortran_order', 'shape'}",
        "ellipsis": "...",
    }.items():
        yield case(f"not-a-dict-{name}.npy", npy(head, DATA))
    for name, head in {
        "none": "{}",
        "one-missing": "{'descr': '<f4', 'shape': (3,)}",
        "one-extra": "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'extra': 1}",
        "one-misspelt": "{'descr': '<f4', 'fortran_order': False, 'shaper': (3,)}",
        "bytes": "{b'descr': '<f4', b'fortran_order': False, b'shape': (3,)}",
        "upper-case": "{'DESCR': '<f4', 'FORTRAN_ORDER': False, 'SHAPE': (3,)}",
        "integers": "{1: '<f4', 2: False, 3: (3,)}",
        "mixed": "{1: '<f4', 'fortran_order': False, 'shape': (3,)}",
        "trailing-space": "{'descr ': '<f4', 'fortran_order': False, 'shape': (3,)}",
    }.items():
        yield case(f"keys-{name}.npy", npy(head, DATA))
    for order in ("0", "1", "None", "'False'", "(False,)", "0.0"):
        name = order.strip("'(),")
        name = f"{'string-' if order[0] == chr(39) else 'tuple-' if order[0] == '(' else ''}{name}"
        yield case(f"fortran-order-{name}.npy", npy(header().replace("False", order), DATA))


def shapes():
    for name, shape in {
        "list": "[3]",
        "int": "3",
        "none": "None",
        "string": "'3'",
        "tuple-of-strings": "('3',)",
        "float": "(3.0,)",
        "float-inf": "(1e999,)",
        "complex": "(3j,)",
        "nested": "((3,),)",
        "none-inside": "(None,)",
        "bytes": "b'abc'",
        "set": "{3}",
        "dict": "{3: 3}",
    }.items():
        yield case(f"shape-{name}.npy", npy(header().replace("(3,)", shape), DATA))
    wraps = "shape products are exact: too short, not empty"
    for name, shape, better in [
        ("minus-1", (-1,), ""),
        ("minus-1-of-two", (-1, 3), ""),
        ("two-minuses", (-1, -3), ""),
        ("minus-3", (-3,), ""),
        ("minus-and-zero", (-1, 0), ""),
        ("least-int64", (-(2**63),), ""),
        ("false", (False,), ""),
        ("true-and-3", (True, 3), ""),
        ("2-63", (2**63,), ""),
        ("2-64", (2**64,), ""),
        ("2-64-and-0", (2**64, 0), ""),
        ("2-200", (2**200,), ""),
        ("2-63-less-1", (2**63 - 1,), ""),
        ("2-62", (2**62,), ""),
        ("2-32-squared", (2**32, 2**32), wraps),
        ("2-32-squared-and-3", (2**32, 2**32, 3), wraps),
        ("product-wraps-to-2-47", (2**33, 2**31 + 2**14), wraps),
        ("product-wraps-to-0", (3, 2**32, 2**32, 1), wraps),
        ("product-wraps-to-3", (3 * pow(FACTOR, -1, 2**64) % 2**64, FACTOR), wraps),
        ("65-dimensions", (1,) * 65, ""),
        ("65-dimensions-with-0", (1,) * 64 + (0,), ""),
        ("1000-dimensions", (1,) * 1000, ""),
    ]:
        yield case(f"shape-{name}.npy", npy(header("<f4", shape), DATA), better)
        if better == wraps:
            yield case(f"shape-{name}-f.npy", npy(header("<f4", shape, True), DATA), better)
    yield case("shape-2-62-of-zero-bytes.npy", npy(header("|V0", (2**62,))))
    yield case("shape-2-32-squared-of-zero-bytes.npy", npy(header("|V0", (2**32, 2**32))), wraps)


def descrs():
    for name, descr in {
        "empty": "''",
        "blank": "' '",
        "misspelt": "'<f5'",
        "unknown": "'nope'",
        "f1": "'<f1'",
        "f3": "'<f3'",
        "f32": "'<f32'",
        "i16": "'<i16'",
        "b2": "'|b2'",
        "c4": "'<c4'",
        "M4": "'<M4'",
        "M8-bad-unit": "'<M8[parsec]'",
        "M8-open": "'<M8[s'",
        "M8-zero": "'<M8[0s]'",
        "M8-minus": "'<M8[-1s]'",
        "M8-huge": "'<M8[99999999999s]'",
        "S-minus": "'|S-1'",
        "S-huge": "'|S99999999999'",
        "U-over-int-max": "'<U536870912'",
        "two-orders": "'<<f4'",
        "order-only": "'<'",
        "not-ascii": "'\xb5'",
        "nul": r"'<f4\0'",
        "W4": "'<W4'",
        "T16": "'|T16'",
        "T": "'T'",
        "none": "None",
        "int": "4",
        "float": "4.0",
        "bool": "True",
        "bytes": "b'<f4'",
        "dict": "{'names': ['a'], 'formats': ['<f4']}",
        "dict-fields": "{'a': ('<f4', 0)}",
        "set": "{'<f4'}",
        "ellipsis": "...",
        "field-not-a-tuple": "['<f4']",
        "field-of-chars": "['ab']",
        "field-one-item": "[('a',)]",
        "field-four-items": "[('a', '<f4', (2,), 1)]",
        "field-list": "[['a', '<f4']]",
        "field-name-int": "[(1, '<f4')]",
        "field-name-bytes": "[(b'a', '<f4')]",
        "field-name-none": "[(None, '<f4')]",
        "field-name-triple": "[(('t', 'a', 'b'), '<f4')]",
        "field-name-single": "[(('a',), '<f4')]",
        "field-name-list": "[(['t', 'a'], '<f4')]",
        "field-descr-none": "[('a', None)]",
        "field-descr-int": "[('a', 4)]",
        "fields-same-name": "[('a', '<f4'), ('a', '<f4')]",
        "fields-title-is-a-name": "[(('b', 'a'), '<f4'), ('b', '<f4')]",
        "fields-same-title": "[(('t', 'a'), '<f4'), (('t', 'b'), '<f4')]",
        "fields-both-unnamed": "[('', '<f4'), ('', '<f4')]",
        "field-shape-minus": "[('a', '<f4', (-1,))]",
        "field-shape-float": "[('a', '<f4', (1.5,))]",
        "field-shape-none": "[('a', '<f4', None)]",
        "field-shape-string": "[('a', '<f4', '2')]",
        "field-shape-huge": "[('a', '<f4', (2147483648,))]",
        "field-shape-overflow": "[('a', '<f4', (65536, 65536))]",
        "field-shape-65-dimensions": "[('a', '<f4', (1,)*65)]".replace("(1,)*65", repr((1,) * 65)),
        "fields-too-large": "[('a', '|V2147483647'), ('b', '|V2147483647')]",
        "padding-as-only-structure": "[('', '|V4'), 3]",
        "tuple-empty": "()",
        "tuple-one": "('<f4',)",
        "tuple-three": "('<f4', (2,), 3)",
        "tuple-dict": "('<f4', {'a': 1})",
        "tuple-shape-minus": "('<f4', (-2,))",
        "tuple-of-none": "(None, None)",
        "commas-only": "',,'",
        "comma-bad-part": "'f4,,f4'",
        "comma-bad-type": "'f4,nope'",
        "comma-shape-open": "'(2,f4,i4'",
        "comma-orders-differ": "'<(2,)>f4'",
        "object-in-comma-string": "'f4,O'",
    }.items():
        head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (3,), }}"
        yield case(f"descr-{name}.npy", npy(head, DATA))
    objects = {
        "O": "'O'",
        "bar-O": "'|O'",
        "O8": "'|O8'",
        "object": "'object'",
        "field": "[('a', '<i4'), ('o', '|O')]",
        "nested": "[('a', [('o', 'O')])]",
        "subarray": "('O', (2,))",
        "title": "[(('t', 'o'), 'O')]",
    }
    for name, descr in objects.items():
        yield case(f"object-{name}.npy", npy(f"{{'descr': {descr}, 'fortran_order': False, 'shape': (3,), }}", b"\x80\4N."))
    yield case("object-and-no-data.npy", npy(header("|O", (0,))))
    yield case("pickle.npy", b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00]\x94(K\x01K\x02K\x03e.", "", b"")
    yield case("pickle-protocol-0.npy", b"(lp0\nI1\na.", "", b"")


def better_read():
    """Headers that NumPy, or h5py through NumPy, wrote and NumPy cannot read (CONTRACT §7)."""
    wrote = "NumPy wrote it and cannot read it: read, with a warning"
    for name, shape in {"one": "(np.int64(3),)", "two": "(np.int64(1), np.int32(3))", "mixed": "(1, np.uint64(3))"}.items():
        same = npy(header("<f4", (3,) if name == "one" else (1, 3)), DATA)
        yield case(f"shape-np-int64-{name}.npy", npy(header().replace("(3,)", shape), DATA), wrote, same)
    strings = {"vlen-str": "('|O', {'vlen': str})", "enum": "('|i1', {'enum': {'FALSE': 0, 'TRUE': 1}})"}
    metadata = {"top": "('<f4', {'vlen': 1})", "string": "('|S4', {'h5py_encoding': 'ascii'})", **strings}
    for name, descr in metadata.items():
        plain = {"string": header("|S4", (3,)), "top": header()}.get(name)
        data = DATA if name != "enum" else b"\0\1\0"
        same = npy(header("|i1", (3,)), data) if name == "enum" else npy(plain, DATA) if plain else b""
        head = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (3,), }}"
        yield case(f"descr-metadata-{name}.npy", npy(head, data), wrote if same else "", same)
    head = "{'descr': [('a', ('<f4', {'x': 1}))], 'fortran_order': False, 'shape': (3,), }"
    yield case("descr-metadata-field.npy", npy(head, DATA), wrote, npy(header([("a", "<f4")]), DATA))


def other_formats():
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo("a.npy")
        info.size = len(A)
        archive.addfile(info, io.BytesIO(A))
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"4d7a214614ab2935c943f9e0ff69d22e" * 2 + b"\nsize 12345\n"
    tensors = b'{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}'
    formats = {
        "git-lfs.npy": pointer,
        "git-lfs.npz": pointer,
        "html.npy": b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head></html>\n",
        "html-bare.npz": b"<html>\n<body>Sign in</body></html>\n",
        "xml.npy": b'<?xml version="1.0"?>\n<Error><Code>AccessDenied</Code></Error>',
        "json.npy": b'{"message": "not found"}',
        "text.npy": b"1.0 2.0 3.0\n4.0 5.0 6.0\n",
        "csv.npy": b"a,b,c\n1,2,3\n",
        "gzip.npy": gzip.compress(A, mtime=0),
        "zstd.npy": compress(A, ZSTD),
        "xz.npy": lzma.compress(A),
        "bzip2.npy": bz2.compress(A),
        "zlib.npy": zlib.compress(A),
        "7z.npz": bytes.fromhex("377abcaf271c0004") + bytes(24),
        "rar.npz": b"Rar!\x1a\7\1\0" + bytes(8),
        "tar.npz": tar.getvalue()[:2048],
        "hdf5.npy": b"\x89HDF\r\n\x1a\n" + bytes(16),
        "safetensors.npy": struct.pack("<Q", len(tensors)) + tensors + bytes(12),
        "parquet.npy": b"PAR1" + bytes(8) + b"PAR1",
        "arrow.npy": b"ARROW1\0\0" + bytes(8),
        "mat5.npy": b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\1IM",
        "png.npy": b"\x89PNG\r\n\x1a\n" + bytes(8),
        "pdf.npy": b"%PDF-1.7\n",
        "fits.npy": b"SIMPLE  =                    T",
        "zeros.npy": bytes(64),
        "python.npy": b"#!/usr/bin/env python3\nprint(1)\n",
        "utf16.npy": "\ufeffnot an array".encode("utf-16-le"),
    }
    for name, data in formats.items():
        yield case(f"format-{name}", data, NOT_PICKLE)
